"""What is approved is used once, exactly as approved, by votes that still stand, or not at all.

Some of these write to the database as its owner could. Whatever they do, nothing reaches the provider.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from hybridops.approvals import services as approvals
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.definitions.queries import workflow_named
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, HybridopsError, IllegalMove, Refused
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.models import Run, Stage
from hybridops.quotas.models import Budget
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from tests.approvals.asking import ask, decide, rules, state, unguarded
from tests.engine.fake import CLOUD
from tests.world import FAKE, World, publish, submit


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


def another_plan(world: World, request: ApprovalRequest) -> None:
    run = Run.objects.get(pk=request.envelope["run"])
    Run.objects.filter(pk=run.pk).update(
        plan={**run.plan, "parameters": {**run.plan["parameters"], "shots": 900}}
    )


def another_workflow(world: World, request: ApprovalRequest) -> None:
    publish({**FAKE, "version": 2}, "workflow")
    run = Run.objects.get(pk=request.envelope["run"])
    Run.objects.filter(pk=run.pk).update(plan={**run.plan, "definition": workflow_named("fake")[1]})


def other_data(world: World, request: ApprovalRequest) -> None:
    run = Run.objects.get(pk=request.envelope["run"])
    Run.objects.filter(pk=run.pk).update(plan={**run.plan, "data": "0" * 64})


def another_program(world: World, request: ApprovalRequest) -> None:
    stage = Stage.objects.get(run=request.envelope["run"], key="compile")
    programs = [{**body, "digest": "0" * 64} for body in stage.summary["programs"]]
    Stage.objects.filter(pk=stage.pk).update(summary={**stage.summary, "programs": programs})


def another_backend(world: World, request: ApprovalRequest) -> None:
    stage = Stage.objects.get(run=request.envelope["run"], key="compile")
    programs = [{**body, "backend": "kelvin"} for body in stage.summary["programs"]]
    Stage.objects.filter(pk=stage.pk).update(summary={**stage.summary, "programs": programs})


def a_kinder_score(world: World, request: ApprovalRequest) -> None:
    ApprovalRequest.objects.update(assessment={**request.assessment, "score": 0})


TAMPERINGS: list[Callable[[World, ApprovalRequest], None]] = [
    altered, unsigned, emptied, of_another_request, without_any_vote, as_if_by_policy,
    under_another_name, a_larger_envelope, a_larger_envelope_with_its_digest, a_reviewer_who_was_deactivated,
    a_reviewer_who_lost_the_role, another_plan, another_workflow, other_data, another_program, another_backend,
    a_kinder_score,
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


def test_what_is_hashed_names_everything_by_its_digest(world: World) -> None:
    """A name, a tag or a branch could mean something else tomorrow."""
    request = ask(world)
    body = request.envelope
    named = [
        body[name]
        for name in ("definition", "plan", "data", "template", "price_book", "policy", "assessment")
    ]
    named += [listed[name] for listed in body["programs"] for name in ("program", "snapshot")]
    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in named)


def strict(**changed: Any) -> Callable[[], object]:
    return lambda: rules(version=4, **changed)


def hard() -> None:
    rules(
        version=4,
        rules=[{"name": "no", "strength": "hard", "when": [{"fact": "backend", "one_of": ["aster"]}]}],
    )


def with_a_rule_to_override() -> None:
    rule = {"name": "r", "strength": "overridable", "when": [{"fact": "real_hardware", "is": True}]}
    rules(version=4, rules=[rule])


STRICTER: list[tuple[str, Callable[[], object], str]] = [
    ("two reviewers", strict(reviewers=2), "pending"),
    ("finance as well", strict(finance_above="1.00"), "pending"),
    ("a hard rule", hard, "rejected"),
    ("a rule to override", with_a_rule_to_override, "pending"),
]


@pytest.mark.parametrize(("what", "change", "then"), STRICTER, ids=[case[0] for case in STRICTER])
def test_a_stricter_policy_asks_again(
    world: World, what: str, change: Callable[[], object], then: str
) -> None:
    rules()
    request = ask(world, fallback="stop")
    decide(world.mikkel, request)
    change()
    for _ in range(6):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    assert state(request) == "stale"
    again = ApprovalRequest.objects.exclude(pk=request.pk).get()
    assert again.state == then
    assert not CLOUD.jobs


def test_a_looser_policy_does_not(world: World) -> None:
    rules(reviewers=2)
    request = ask(world, fallback="stop")
    for user in (world.mikkel, world.ada):
        decide(user, request)
    rules(version=4, reviewers=1)
    for _ in range(12):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    assert Run.objects.get().outcome == "accepted"


def test_who_answers_for_a_service_does_not_decide_on_what_it_asks(world: World) -> None:
    rules()
    service = User.objects.create(username="s", name="Pipeline", kind=User.SERVICE, sponsor=world.mikkel)
    teams.join(user=service, team=world.team, role=Role.ANALYST, actor=SYSTEM)
    request = ask(world, user=service)
    with pytest.raises(Refused, match="somebody else decides"):
        decide(world.mikkel, request)
    decide(world.ada, request)
    assert state(request) == "approved"


def test_a_generated_circuit_meets_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from hybridops.domain.ports import StepInput, StepOutput
    from tests.engine import fake

    def encode(given: StepInput) -> StepOutput:
        made = fake._encode(given)
        made.summary["circuit"]["generated"] = True
        return made

    rules(passes_up_to="1000")
    assert ask(world).state == "consumed"
    monkeypatch.setitem(fake.Fake.steps, "encode", encode)
    request = ask(world)
    assert request.state == "pending"
    assert [f["name"] for f in request.assessment["factors"] if f["fired"] and f["points"] == 100] == [
        "generated"
    ]


def test_a_submit_that_nobody_could_approve_is_refused_with_who_is_missing(world: World) -> None:
    from hybridops.engine import intake
    from tests.experiments.test_submit import wanted

    rules(reviewers=4)
    with pytest.raises(BadInput, match="one more reviewer than this team has"):
        intake.submit(user=world.ines, workflow_name="fake", wanted=wanted(world), submit_key="k")
    assert not Run.objects.exists()
    request_less = submit(world, fallback="stop")
    drive(request_less.pk)
    ended = Run.objects.get()
    assert (ended.outcome, ApprovalRequest.objects.count()) == ("refused", 0)
    assert "one more reviewer" in ended.why


def test_a_reviewer_keeps_the_cheaper_of_the_listed_backends(world: World) -> None:
    from hybridops.domain.envelope import narrow, read

    request = ask(world)
    with pytest.raises(BadInput, match="Keep at least one of the listed"):
        decide(world.mikkel, request, "narrow", limits={"backends": ["elsewhere"]})
    with pytest.raises(BadInput, match="No limit is tighter"):
        decide(
            world.mikkel,
            request,
            "narrow",
            limits={"backends": [p["backend"] for p in request.envelope["programs"]]},
        )
    envelope = read(request.envelope)
    two = replace(envelope, programs=(envelope.programs[0], replace(envelope.programs[0], backend="cheap")))
    assert [one.backend for one in narrow(two, backends=["cheap"]).programs] == ["cheap"]
