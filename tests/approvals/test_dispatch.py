"""What is approved is used once, exactly as approved, by votes that still stand, or not at all.

Some of these write to the database as its owner could. Whatever they do, nothing reaches the provider.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from django.db import transaction

from hybridops.approvals import services as approvals
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError, IllegalMove, Refused
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.models import Run
from hybridops.quotas.models import Budget
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from tests.approvals.asking import ask, decide, rules, state, unguarded
from tests.engine.fake import CLOUD
from tests.world import World


def consume(request: ApprovalRequest, digest: str = "") -> None:
    with transaction.atomic():
        approvals.consume(request_id=request.pk, digest=digest or request.digest, actor=SYSTEM)


def test_once(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    with pytest.raises(Refused, match="not what was approved"):
        consume(request, "0" * 64)
    consume(request)
    with pytest.raises(IllegalMove):
        consume(request)
    assert state(request) == "consumed"


@pytest.mark.parametrize("verdict", ["", "reject", "changes"])
def test_not_without_a_yes(world: World, verdict: str) -> None:
    request = ask(world)
    if verdict:
        decide(world.mikkel, request, verdict)
    with pytest.raises(HybridopsError):
        consume(request)


def altered(world: World, request: ApprovalRequest) -> None:
    vote = Decision.objects.get()
    body = copy.deepcopy(vote.envelope)
    body["payload"] = (
        body["payload"][:40] + ("A" if body["payload"][40] != "A" else "B") + body["payload"][41:]
    )
    Decision.objects.update(envelope=body)


def unsigned(world: World, request: ApprovalRequest) -> None:
    body = copy.deepcopy(Decision.objects.get().envelope)
    body["signatures"] = body["signatures"][:1]
    Decision.objects.update(envelope=body)


def emptied(world: World, request: ApprovalRequest) -> None:
    Decision.objects.update(envelope={})


def of_another_request(world: World, request: ApprovalRequest) -> None:
    other = ask(world)
    decide(world.mikkel, other)
    theirs = Decision.objects.get(request=other)
    Decision.objects.filter(request=request).update(envelope=theirs.envelope)


def without_any_vote(world: World, request: ApprovalRequest) -> None:
    Decision.objects.all().delete()


def as_if_by_policy(world: World, request: ApprovalRequest) -> None:
    Decision.objects.all().delete()
    body = {**request.assessment, "by_policy": True, "need": []}
    ApprovalRequest.objects.update(assessment=body)


def under_another_name(world: World, request: ApprovalRequest) -> None:
    Decision.objects.update(person=world.ada, by="Ada")


def a_larger_envelope(world: World, request: ApprovalRequest) -> None:
    ApprovalRequest.objects.update(envelope={**request.envelope, "shots_max": 10**6})


def a_larger_envelope_with_its_digest(world: World, request: ApprovalRequest) -> None:
    from hybridops.trust.canonical import digest_of

    larger = {**request.envelope, "shots_max": 10**6}
    ApprovalRequest.objects.update(envelope=larger, digest=digest_of(larger))


def a_reviewer_who_was_deactivated(world: World, request: ApprovalRequest) -> None:
    User.objects.filter(pk=world.mikkel.pk).update(is_active=False)


def a_reviewer_who_lost_the_role(world: World, request: ApprovalRequest) -> None:
    teams.leave(user=world.mikkel, team=world.team, role=Role.REVIEWER, actor=SYSTEM)


TAMPERINGS: list[Callable[[World, ApprovalRequest], None]] = [
    altered, unsigned, emptied, of_another_request, without_any_vote, as_if_by_policy,
    under_another_name, a_larger_envelope, a_larger_envelope_with_its_digest, a_reviewer_who_was_deactivated,
    a_reviewer_who_lost_the_role,
]  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=[one.__name__ for one in TAMPERINGS])
def test_nothing_is_sent_on_an_approval_that_does_not_stand(
    world: World, tamper: Callable[[World, ApprovalRequest], None]
) -> None:
    request = ask(world, fallback="stop")
    decide(world.mikkel, request)
    unguarded()
    tamper(world, request)
    for run in Run.objects.all():
        for _ in range(4):
            drive(run.pk)
            ask_providers(run.pk)
    assert not [call for call in CLOUD.calls if call.startswith("submit") and _is_of(call, request)]
    ended = Run.objects.get(pk=request.envelope["run"])
    assert (ended.outcome, ended.submissions.count()) == ("refused", 0), ended.why
    assert state(request) != "consumed"
    if Run.objects.count() == 1:
        assert Budget.objects.get().pending_micro == 0


def _is_of(call: str, request: ApprovalRequest) -> bool:
    keys = Run.objects.get(pk=request.envelope["run"]).submissions.values_list("key", flat=True)
    return call.removeprefix("submit ") in set(keys)


def test_the_same_without_tampering_is_sent(world: World) -> None:
    request = ask(world, fallback="stop")
    decide(world.mikkel, request)
    unguarded()
    for _ in range(12):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    assert Run.objects.get().outcome == "accepted"


def test_a_yes_made_from_a_changes_is_refused_for_its_own_run(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request, "changes")
    unguarded()
    Decision.objects.update(verdict="approve")
    ApprovalRequest.objects.update(state="approved", ended_at=None)
    with pytest.raises(Refused):
        consume(request)


def test_one_signature_under_two_names_is_one_vote(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    decide(world.mikkel, request)
    vote = Decision.objects.get()
    vote.pk, vote.person, vote.by = None, world.ada, "Ada"
    vote.save(force_insert=True)
    ApprovalRequest.objects.update(state="approved")
    with pytest.raises(Refused):
        consume(request)


def test_a_lowered_bar_is_noticed(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    decide(world.mikkel, request)
    ApprovalRequest.objects.update(
        state="approved", assessment={**request.assessment, "need": [{"of": "reviewer", "count": 1}]}
    )
    with pytest.raises(Refused):
        consume(request)
