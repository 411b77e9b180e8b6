"""While a request waits: who has taken it, what is said, who is away, what is frozen, who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from hybridops.approvals import claims, comments, delegations, freezes
from hybridops.approvals.models import ApprovalRequest, Decision, Freeze
from hybridops.approvals.queries import missing_people
from hybridops.audit.models import AuditEvent
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.engine import sweep
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import conduct, services
from hybridops.experiments.models import Run
from hybridops.quotas.models import Budget
from hybridops.quotas.stops import stop_spending
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.trust.canonical import read as read_json
from tests.approvals.asking import ask, decide, rules, state, told, votes
from tests.engine.fake import CLOUD
from tests.world import World, submit


def later(hours: float) -> datetime:
    return clock.now() + timedelta(hours=hours)


def finish(request: ApprovalRequest) -> Run:
    for _ in range(12):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    return Run.objects.get(pk=request.envelope["run"])


def test_a_claim_keeps_others_off_until_it_lapses_or_is_given_back(world: World) -> None:
    request = ask(world)
    claims.claim(user=world.ada, request_id=request.pk)
    for verdict in ("approve", "reject"):
        with pytest.raises(Refused, match="Ada is deciding on this until"):
            decide(world.mikkel, request, verdict)
    with pytest.raises(Refused, match="Ada is deciding"), transaction.atomic():
        claims.claim(user=world.mikkel, request_id=request.pk)
    claims.release(user=world.mikkel, request_id=request.pk)
    with pytest.raises(Refused, match="Ada is deciding"):
        decide(world.mikkel, request)
    with clock.at(later(0.25)):
        decide(world.mikkel, request)
    assert state(request) == "approved"
    assert told(request) == ["asked", "claimed", "voted", "approved"]


def test_who_claimed_decides_and_who_releases_frees(world: World) -> None:
    first, second = ask(world), ask(world)
    for request in (first, second):
        claims.claim(user=world.ada, request_id=request.pk)
    decide(world.ada, first)
    claims.release(user=world.ada, request_id=second.pk)
    decide(world.mikkel, second)
    assert (state(first), state(second)) == ("approved", "approved")


def test_only_who_may_decide_claims(world: World) -> None:
    request = ask(world)
    for name in ("ines", "omar", "zoe"):
        with pytest.raises(NotYours), transaction.atomic():
            claims.claim(user=world.people[name], request_id=request.pk)
    assert told(request) == ["asked"]


@pytest.mark.parametrize("text", ["approve", "yes", "/ok to test", "LGTM, approved"])
def test_a_comment_never_decides(world: World, text: str) -> None:
    request = ask(world)
    comments.comment(user=world.mikkel, request_id=request.pk, text=text)
    drive(request.envelope["run"])
    assert (state(request), votes(request)) == ("pending", [])
    assert [one.text for one in comments.thread(request)] == [text]
    event = AuditEvent.objects.get(action="approval.commented")
    assert text not in event.body
    for wrong in ("", "  ", "x" * 2001):
        with pytest.raises(BadInput), transaction.atomic():
            comments.comment(user=world.mikkel, request_id=request.pk, text=wrong)
    with pytest.raises(NotYours), transaction.atomic():
        comments.comment(user=world.zoe, request_id=request.pk, text="hello")


def delegation(giver: User, taker: User, world: World, **changed: Any) -> delegations.Delegation:
    span = {"starts_at": clock.now(), "ends_at": later(48), "why": "on holiday", **changed}
    with transaction.atomic():
        return delegations.delegate(user=giver, team_id=world.team.pk, taker_id=taker.pk, **span)


def test_who_decides_in_somebody_s_place_is_shown_as_both_and_counts_once(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    delegation(world.mikkel, world.ada, world)
    decide(world.ada, request, on_behalf_id=world.mikkel.pk)
    assert votes(request) == [("Ada for Mikkel", "approve", 1)]
    with pytest.raises(Refused, match="already"):
        decide(world.ada, request)
    with pytest.raises(Refused, match="already"):
        decide(world.mikkel, request)
    assert state(request) == "pending"
    decide(world.noor, request)
    assert finish(request).outcome == "accepted"


def test_a_delegation_is_for_somebody_who_may_decide_anyway_and_ends(world: World) -> None:
    for taker in (world.ines, world.omar, world.zoe, world.mikkel):
        with pytest.raises(BadInput):
            delegation(world.mikkel, taker, world)
    for span in ({"ends_at": later(-1)}, {"ends_at": later(24 * 32)}, {"why": " "}):
        with pytest.raises(BadInput):
            delegation(world.mikkel, world.ada, world, **span)
    with pytest.raises(NotYours):
        delegation(world.ines, world.ada, world)


def test_nobody_decides_in_a_place_that_was_not_given_to_them(world: World) -> None:
    request = ask(world)
    delegation(world.mikkel, world.ada, world)
    delegation(world.ada, world.noor, world)  # Noor may stand in for Ada, which is not for Mikkel through Ada
    for user, giver in ((world.noor, world.mikkel), (world.ada, world.noor), (world.ada, world.ines)):
        with pytest.raises(Refused, match="not delegated"):
            decide(user, request, on_behalf_id=giver.pk)
    with clock.at(later(49)):
        second = ask(world)
        with pytest.raises(Refused, match="it has ended"):
            decide(world.ada, second, on_behalf_id=world.mikkel.pk)
    assert not Decision.objects.exists()


def test_nobody_stands_in_for_who_is_involved(world: World) -> None:
    teams.join(user=world.ines, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    request = ask(world)
    delegation(world.ines, world.ada, world)
    with pytest.raises(Refused, match="may not decide"):
        decide(world.ada, request, on_behalf_id=world.ines.pk)


def revoked(world: World, row: delegations.Delegation) -> None:
    delegations.revoke(user=world.mikkel, delegation_id=row.pk)


def giver_gone(world: World, row: delegations.Delegation) -> None:
    User.objects.filter(pk=world.mikkel.pk).update(is_active=False)


def giver_without_the_role(world: World, row: delegations.Delegation) -> None:
    teams.leave(user=world.mikkel, team=world.team, role=Role.REVIEWER, actor=SYSTEM)


@pytest.mark.parametrize("change", [revoked, giver_gone, giver_without_the_role])
def test_a_vote_in_a_place_that_is_gone_is_not_used(
    world: World, change: Callable[[World, delegations.Delegation], None]
) -> None:
    request = ask(world, fallback="stop")
    row = delegation(world.mikkel, world.ada, world)
    decide(world.ada, request, on_behalf_id=world.mikkel.pk)
    change(world, row)
    assert finish(request).outcome == "refused"
    assert not CLOUD.jobs


def freeze(world: World, *approvers: User, hours: float = 2) -> Freeze:
    with transaction.atomic():
        return freezes.freeze(
            user=world.omar, team_id=world.team.pk, starts_at=clock.now(), ends_at=later(hours),
            why="end of quarter", approvers=[user.pk for user in approvers],
        )  # fmt: skip


def test_during_a_freeze_only_the_listed_approve(world: World) -> None:
    request, other = ask(world), ask(world)
    freeze(world, world.noor)
    for verdict, limits in (("approve", None), ("narrow", {"shots_max": 20})):
        with pytest.raises(Refused, match="Only Noor can approve until"):
            decide(world.mikkel, request, verdict, limits=limits)
    decide(world.mikkel, other, "reject")
    decide(world.noor, request)
    assert (state(request), state(other)) == ("approved", "rejected")
    assert finish(request).outcome == "accepted"


def test_an_approval_from_before_a_freeze_waits_and_still_lapses(world: World) -> None:
    waits, lapses = ask(world, fallback="stop"), ask(world, fallback="stop")
    for request in (waits, lapses):
        decide(world.mikkel, request)
    freeze(world)
    for request in (waits, lapses):
        run = finish(request)
        assert (run.outcome, run.stages.get(key="quantum").state) == ("", "held")
    ApprovalRequest.objects.filter(pk=lapses.pk).update(lapses_at=later(1))
    with clock.at(later(1.5)):
        sweep.lapse()
        sweep.wake_forgotten()
        assert finish(lapses).outcome == "expired"
        assert finish(waits).outcome == ""
    assert not CLOUD.jobs
    with clock.at(later(2.5)):
        sweep.wake_forgotten()
        assert finish(waits).outcome == "accepted"


def test_a_freeze_that_comes_between_look_and_use_is_noticed(world: World) -> None:
    from hybridops.approvals import services as approvals

    request = ask(world)
    decide(world.mikkel, request)
    freeze(world, world.noor)
    with pytest.raises(Refused, match="frozen"), transaction.atomic():
        approvals.consume(request_id=request.pk, digest=request.digest, actor=SYSTEM)


def test_what_passes_by_policy_waits_too(world: World) -> None:
    rules(passes_up_to="1000")
    row = freeze(world)
    run = submit(world)
    drive(run.pk)
    assert Run.objects.get(pk=run.pk).submissions.count() == 0
    freezes.lift(user=world.omar, freeze_id=row.pk)
    sweep.wake_forgotten()
    assert finish(ApprovalRequest.objects.get()).outcome == "accepted"


def test_who_may_freeze(world: World) -> None:
    with pytest.raises(NotYours), transaction.atomic():
        freezes.freeze(
            user=world.mikkel,
            team_id=world.team.pk,
            starts_at=clock.now(),
            ends_at=later(1),
            why="x",
            approvers=[],
        )
    with pytest.raises(BadInput, match="people who decide"):
        freeze(world, world.ines)
    row = freeze(world)
    with pytest.raises(NotYours), transaction.atomic():
        freezes.lift(user=world.zoe, freeze_id=row.pk)


def notices(request: ApprovalRequest) -> list[tuple[str, list[int]]]:
    rows = AuditEvent.objects.filter(stream=f"request:{request.pk}", action__startswith="notice.").order_by(
        "seq"
    )
    return [(row.action.removeprefix("notice."), read_json(row.body.encode())["facts"]["to"]) for row in rows]


def test_reminders_at_each_quarter_then_the_group_and_never_a_yes(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    decide(world.mikkel, request)
    waited_for = sorted(user.pk for user in (world.ada, world.noor, world.farah))
    whole = request.lapses_at - request.asked_at
    for share, kinds in ((0.24, 0), (0.251, 1), (0.49, 1), (0.501, 2), (0.751, 4), (0.99, 4)):
        with clock.at(request.asked_at + whole * share):
            conduct.remind()
            conduct.remind()
        assert len(notices(request)) == kinds, share
    assert [to for kind, to in notices(request) if kind == "reminder"] == [waited_for] * 3
    assert notices(request)[-1] == ("escalation", [world.omar.pk])
    assert state(request) == "pending"


def test_the_clock_starts_when_the_request_is_pending_and_telling_people_does_not_stop_it(
    world: World,
) -> None:
    request = ask(world)
    with clock.at(request.lapses_at):
        conduct.remind()
        sweep.lapse()
    assert (state(request), notices(request)) == ("expired", [])
    assert request.lapses_at - request.asked_at <= timedelta(hours=6)


def test_what_nobody_can_satisfy_any_more_is_escalated_and_never_weaker(world: World) -> None:
    rules(reviewers=3)
    request = ask(world)
    decide(world.mikkel, request)
    decide(world.ada, request)
    assert not missing_people(request)
    teams.leave(user=world.noor, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    assert missing_people(request) == {"reviewer": 1}
    conduct.remind()
    assert notices(request) == [("escalation", [world.omar.pk])]
    with pytest.raises(Conflict):
        decide(world.farah, request, digest_shown="0" * 64)
    decide(world.farah, request)
    assert state(request) == "pending"


CANCELLED = ["pending", "claimed", "frozen", "approved and stopped", "approved and frozen"]


@pytest.mark.parametrize("how", CANCELLED)
def test_a_cancel_works_from_every_waiting_state_and_gives_the_money_back(world: World, how: str) -> None:
    request = ask(world)
    if how == "claimed":
        claims.claim(user=world.ada, request_id=request.pk)
    if how.startswith("approved"):
        decide(world.mikkel, request)
    if how.endswith("stopped"):
        with transaction.atomic():
            stop_spending(why="test", actor=SYSTEM)
    if how.endswith("frozen"):
        freeze(world)
    drive(request.envelope["run"])
    services.cancel(user=world.ines, run_id=request.envelope["run"])
    run = Run.objects.get()
    assert (run.outcome, state(request)) == ("cancelled", "withdrawn")
    assert (Budget.objects.get().pending_micro, CLOUD.jobs) == (0, {})
