"""A vote is on exactly what was shown, counts once, and a narrowing voids what was agreed to before it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from hybridops.approvals import moves
from hybridops.approvals import services as approvals
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.approvals.votes import assessment_of
from hybridops.audit import keyring
from hybridops.audit.models import AuditEvent, Payload
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict, IllegalMove, Refused
from hybridops.domain.states import REQUEST_MOVES, RequestState
from hybridops.engine import sweep
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.models import Run
from hybridops.trust import dsse
from tests.approvals.asking import ask, decide, rules, state, told, votes
from tests.engine.fake import CLOUD
from tests.world import World, submit


def finish(request: ApprovalRequest) -> Run:
    for _ in range(12):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    return Run.objects.get(pk=request.envelope["run"])


NOTHING: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("a stale page", {"digest_shown": "0" * 64}, Conflict, "changed while you read"),
    ("no digest", {"digest_shown": ""}, Conflict, "changed while you read"),
    ("an unknown verdict", {"verdict": "yes"}, BadInput, "Choose one of"),
    ("an empty verdict", {"verdict": ""}, BadInput, "Choose one of"),
    ("another case", {"verdict": "Approve"}, BadInput, "Choose one of"),
    ("a refusal without a reason", {"verdict": "reject", "reason": " "}, BadInput, "reason"),
    ("changes without a reason", {"verdict": "changes", "reason": ""}, BadInput, "reason"),
    ("limits without a reason", {"verdict": "narrow", "reason": "", "limits": {"shots_max": 20}}, BadInput, "reason"),
    ("an approval with limits", {"verdict": "approve", "limits": {"shots_max": 20}}, BadInput, "Limits belong"),
    ("more shots", {"verdict": "narrow", "limits": {"shots_max": 301}}, BadInput, "only be lowered"),
    ("more money", {"verdict": "narrow", "limits": {"cost_usd_max": Decimal("3.91")}}, BadInput, "only be lowered"),
    ("more submissions", {"verdict": "narrow", "limits": {"submissions_max": 4}}, BadInput, "only be lowered"),
    ("more time", {"verdict": "narrow", "limits": {"not_after": datetime(9999, 1, 1, tzinfo=UTC)}}, BadInput, "only be lowered"),
    ("one less, one more", {"verdict": "narrow", "limits": {"shots_max": 20, "cost_usd_max": Decimal(9)}}, BadInput, "only be lowered"),
    ("nothing tighter", {"verdict": "narrow", "limits": {"shots_max": 300}}, BadInput, "No limit is tighter"),
    ("no limit", {"verdict": "narrow", "limits": {}}, BadInput, "No limit is tighter"),
    ("no shot", {"verdict": "narrow", "limits": {"shots_max": 0}}, BadInput, "more than zero"),
]  # fmt: skip


@pytest.fixture
def request_(world: World) -> ApprovalRequest:
    return ask(world)


@pytest.mark.parametrize(("what", "sent", "error", "says"), NOTHING, ids=[case[0] for case in NOTHING])
def test_what_is_wrong_is_no_vote(
    world: World,
    request_: ApprovalRequest,
    what: str,
    sent: dict[str, Any],
    error: type[Exception],
    says: str,
) -> None:
    before = ApprovalRequest.objects.values().get(pk=request_.pk)
    with pytest.raises(error, match=says):
        decide(world.mikkel, request_, **{"verdict": "approve", **sent})
    assert ApprovalRequest.objects.values().get(pk=request_.pk) == before
    assert (votes(request_), told(request_)) == ([], ["asked"])


def test_a_vote_is_signed_about_what_was_shown(world: World, request_: ApprovalRequest) -> None:
    decide(world.mikkel, request_, reason="looks right")
    vote = Decision.objects.get()
    statement, signer = dsse.verify(vote.envelope, kind="decision", trusted=keyring.trusted("decision"))
    assert signer == "decision"
    assert (statement["subject"], statement["request"], statement["revision"]) == (
        request_.digest,
        request_.pk,
        1,
    )
    assert statement["verdict"] == "approve"
    assert statement["by"] == {"kind": "person", "id": str(world.mikkel.pk)}


def test_words_are_signed_by_the_digest_under_which_they_lie_beside_the_log(
    world: World, request_: ApprovalRequest
) -> None:
    decide(world.mikkel, request_, reason="looks right")
    statement, _ = dsse.verify(
        Decision.objects.get().envelope, kind="decision", trusted=keyring.trusted("decision")
    )
    kept = Payload.objects.get(digest=statement["personal"]["reason"])
    assert (kept.text, kept.about, kept.field) == ("looks right", f"person:{world.mikkel.pk}", "reason")
    logged = json.loads(AuditEvent.objects.get(action="approval.voted").body)
    assert logged["personal"] == statement["personal"]


def test_one_person_votes_once_on_a_revision(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    decide(world.mikkel, request)
    for verdict in ("approve", "reject", "narrow"):
        with pytest.raises(Refused, match="already"):
            decide(world.mikkel, request, verdict, limits={"shots_max": 20} if verdict == "narrow" else None)
    assert (state(request), votes(request)) == ("pending", [("Mikkel", "approve", 1)])


def test_a_narrowing_voids_the_others_votes_and_is_its_reviewer_s_own(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    decide(world.mikkel, request)
    seen_by_noor = ApprovalRequest.objects.get(pk=request.pk).digest
    decide(world.ada, request, "narrow", limits={"shots_max": 60, "cost_usd_max": Decimal("2.00")})
    narrowed = ApprovalRequest.objects.get(pk=request.pk)
    assert (narrowed.state, narrowed.revision) == ("pending", 2)
    assert narrowed.digest != seen_by_noor
    assert (narrowed.envelope["shots_max"], narrowed.envelope["cost_usd_max"]) == (60, "2.00")
    with pytest.raises(Conflict):
        decide(world.noor, request, digest_shown=seen_by_noor)
    with pytest.raises(Refused, match="already"):
        decide(world.ada, request)
    decide(world.mikkel, request)
    assert state(request) == "approved"
    assert votes(request) == [("Mikkel", "approve", 1), ("Ada", "narrow", 2), ("Mikkel", "approve", 2)]
    assert told(request) == ["asked", "voted", "narrowed", "voted", "voted", "approved"]


def test_a_narrowed_run_stays_inside(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request, "narrow", limits={"shots_max": 60, "cost_usd_max": Decimal("1.20")})
    run = finish(request)
    rows = list(run.submissions.all())
    assert run.outcome == "accepted", run.why
    assert len(rows) == 3
    assert sum(row.shots for row in rows) <= 60
    assert sum(row.cost_micro or 0 for row in rows) <= 1_200_000
    assert all(row.shots == 10 for row in rows)  # (1.20 / 3 - 0.30) / 0.01


def test_the_finance_slot_opens_above_its_sum(world: World) -> None:
    rules(finance_above="3.89")
    request = ask(world)
    decide(world.mikkel, request)
    assert state(request) == "pending"
    decide(world.noor, request)
    assert state(request) == "pending"
    decide(world.farah, request)
    assert state(request) == "approved"


def test_finance_alone_is_no_reviewer(world: World) -> None:
    rules(finance_above="3.90")
    request = ask(world)
    assert request.assessment["need"] == [{"of": "reviewer", "count": 1}]
    decide(world.farah, request)
    assert state(request) == "pending"
    decide(world.noor, request)
    assert state(request) == "approved"


@pytest.mark.parametrize(("verdict", "ends"), [("reject", "rejected"), ("changes", "changes_requested")])
def test_one_no_ends_the_question(world: World, verdict: str, ends: str) -> None:
    rules(reviewers=2)
    request = ask(world, fallback="stop")
    decide(world.mikkel, request)
    decide(world.ada, request, verdict, reason="too dear")
    assert state(request) == ends
    with pytest.raises(Conflict, match="already"):
        decide(world.noor, request)
    run = finish(request)
    assert (run.outcome, CLOUD.jobs) == ("refused", {})
    assert "Ada: too dear" in run.why


def test_a_request_that_ended_takes_no_vote(world: World, request_: ApprovalRequest) -> None:
    decide(world.mikkel, request_)
    with pytest.raises(Conflict, match="approved already"):
        decide(world.ada, request_, "reject")
    assert finish(request_).outcome == "accepted"
    with pytest.raises(Conflict, match="consumed already"):
        decide(world.ada, request_, "reject")


def test_silence_and_a_jump_of_the_clock_never_approve(world: World) -> None:
    rules(reviewers=2)
    request = ask(world, fallback="stop")
    decide(world.mikkel, request)
    with clock.at(request.lapses_at - timedelta(seconds=1)):
        sweep.lapse()
        assert state(request) == "pending"
    with clock.at(request.lapses_at):
        with pytest.raises(Conflict, match="lapsed"):
            decide(world.ada, request)
        sweep.lapse()
    with clock.at(request.asked_at - timedelta(days=400)):  # and back
        sweep.lapse()
        with pytest.raises(Conflict, match="expired already"):
            decide(world.ada, request)
    assert state(request) == "expired"
    assert told(request)[-1] == "expired"
    assert (finish(request).outcome, CLOUD.jobs) == ("expired", {})


def test_an_approval_lapses_as_well(world: World, request_: ApprovalRequest) -> None:
    decide(world.mikkel, request_)
    with clock.at(request_.lapses_at + timedelta(days=3650)):
        with pytest.raises(Refused, match="lapsed"), transaction.atomic():
            approvals.consume(
                request_id=request_.pk, digest=request_.digest, actor=approvals.Actor("worker", "w", "w")
            )
        sweep.lapse()
    assert state(request_) == "expired"
    assert finish(request_).submissions.count() == 0


def test_the_policy_signs_on_the_same_edge(world: World) -> None:
    rules(passes_up_to="1000")
    run = submit(world)
    drive(run.pk)
    request = ApprovalRequest.objects.get()
    vote = Decision.objects.get()
    assert (vote.person, vote.verdict, vote.by) == (None, "approve", "standard v3")
    statement, _ = dsse.verify(vote.envelope, kind="decision", trusted=keyring.trusted("decision"))
    assert (statement["by"]["kind"], statement["presence"]) == ("policy", {"method": "policy"})
    assert statement["subject"] == request.digest
    assert told(request) == ["asked", "voted", "approved", "consumed"]
    assert finish(request).outcome == "accepted"


def test_without_that_edge_neither_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(world)
    without = {**REQUEST_MOVES, RequestState.PENDING: frozenset({RequestState.EXPIRED})}
    monkeypatch.setattr(moves, "REQUEST_MOVES", without)
    with pytest.raises(IllegalMove):
        decide(world.mikkel, request)
    rules(passes_up_to="1000")
    run = submit(world)
    with pytest.raises(IllegalMove), transaction.atomic():
        drive(run.pk)
    assert not CLOUD.jobs


def test_asking_twice_is_one_question_and_other_content_is_refused(
    world: World, request_: ApprovalRequest
) -> None:
    from dataclasses import replace

    from hybridops.domain.envelope import read

    told_once: dict[str, Any] = {
        "team_id": request_.team_id, "requester_id": request_.requester_id, "subject": request_.subject,
        "title": "again", "assessment": assessment_of(request_), "evidence": {}, "involved": frozenset(),
        "lapses_at": request_.lapses_at, "policy_name": "standard", "actor": approvals.Actor("worker", "w", "w"),
    }  # fmt: skip
    envelope = read(request_.envelope)
    assert approvals.ask(envelope=envelope, **told_once) == request_
    with pytest.raises(Conflict, match="other content"), transaction.atomic():
        approvals.ask(envelope=replace(envelope, shots_max=9), **told_once)
    assert ApprovalRequest.objects.get().involved == [world.ines.pk]
