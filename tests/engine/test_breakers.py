"""Breakers in the engine: what opens one, where runs go meanwhile, one trial, and nothing lost or sent twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from hybridops.audit.models import AuditEvent
from hybridops.backends import breakers
from hybridops.backends.models import Breaker, BreakerMove, Outcome
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.breaker import Verdict
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.ports import RemoteState
from hybridops.domain.states import BreakerState, StageState, SubmissionState
from hybridops.engine import ladder
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services, turns
from hybridops.experiments.models import Placement, Run, Submission, Turn
from hybridops.outbox.models import Message
from tests.engine import fake
from tests.engine.test_ladder import whys
from tests.engine.turning import approved, stage_of
from tests.world import World

S = BreakerState


def fault(times: int = 3, *, backend: str = "aster", kind: str = "backend_down") -> None:
    """So many jobs of somebody else's went wrong there."""
    for number in range(times):
        breakers.hear(
            provider="scripted", backend=backend, job=f"{backend} {number}", verdict=Verdict.FAULT, kind=kind,
            whole=kind == "timeout",
        )  # fmt: skip


def by_hand(
    target: BreakerState, *, backend: str = "aster", seen: int = 0, why: str = "as announced"
) -> None:
    with transaction.atomic():
        breakers.set_by_hand(
            provider="scripted", backend=backend, target=target, seen=seen, why=why, actor=SYSTEM
        )


def state(backend: str = "aster") -> str:
    return Breaker.objects.get(provider="scripted", backend=backend).state


def finish(run: Run) -> Run:
    for _ in range(4):
        ask_providers(run.pk)
        drive(run.pk)
    return Run.objects.get(pk=run.pk)


def sweep(seconds: float = 0.0) -> None:
    """The sweeper's part after so many seconds."""
    with clock.at(clock.now() + timedelta(seconds=seconds)):
        ladder.climb()
        turns.step()


def test_refusals_of_the_vendor_open_it_and_the_page_of_events_says_why(world: World) -> None:
    fake.CLOUD.script = ["refused"] * 9
    for _ in range(3):
        approved(world, backend="aster")
    assert state() == S.OPEN
    assert BreakerMove.objects.get(breaker__backend="aster").why == "3 of the last 3 jobs failed there"
    event = AuditEvent.objects.filter(action="breaker.open", body__contains='"backend":"aster"').get()
    assert '"why":"3 of the last 3 jobs failed there"' in event.body
    told = Message.objects.filter(kind="breaker.opened", to=world.omar, subject__contains="aster").get()
    assert told.subject == "Nothing is sent to aster for now"


@pytest.mark.parametrize("kind", ["invalid_program", "too_large", "rate_limit", "budget"])
def test_a_fault_that_is_not_the_vendors_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from hybridops.domain.errors import ProviderRefused

    def refuse(*_: Any, **__: Any) -> str:
        raise ProviderRefused("no", kind=kind)

    monkeypatch.setattr(fake.Scripted, "submit", refuse)
    for _ in range(4):
        approved(world)
    assert not Breaker.objects.exists()
    assert not Outcome.objects.exists()


def test_jobs_that_fail_there_open_it_and_sound_ones_are_kept(world: World) -> None:
    finish(approved(world))
    assert Outcome.objects.get().sound
    fake.CLOUD.finishes = RemoteState.FAILED
    for _ in range(3):
        run = approved(world)
        ask_providers(run.pk)
        ask_providers(run.pk)
    assert Counter(Outcome.objects.values_list("sound", flat=True)) == {True: 1, False: 3}
    assert state() == S.OPEN


def test_a_provider_that_does_not_answer_is_left_alone_as_a_whole(world: World) -> None:
    fake.CLOUD.script = ["lost"] * 3
    runs = [approved(world) for _ in range(3)]
    assert {row.state for row in Submission.objects.all()} == {SubmissionState.UNKNOWN}
    assert state("") == S.OPEN
    other = approved(world, backend="kelvin")
    assert stage_of(other).why.startswith(
        "waiting for its turn: scripted is left alone for now, 3 of the last 3"
    )
    for run in runs:  # what was perhaps taken is looked up and comes home meanwhile
        assert finish(run).outcome == "accepted"
    assert state("") == S.OPEN
    assert not other.submissions.exists()


def test_who_meets_an_open_one_goes_elsewhere_at_once_inside_the_approval(world: World) -> None:
    run = approved(world, backend="aster", parameters={"rounds": 2})
    finish_first = Submission.objects.get(run=run)
    assert finish_first.backend == "aster"
    fault()
    ask_providers(run.pk)
    ask_providers(run.pk)
    drive(run.pk)
    assert stage_of(run).state == StageState.HELD
    assert "aster is left alone for now" in stage_of(run).why
    sweep()
    assert "as nothing goes to aster for now, it may go to kelvin too" in whys(run)[-1]
    assert finish(run).outcome == "accepted"
    assert [row.backend for row in run.submissions.order_by("ordinal")] == ["aster", "kelvin"]


def test_placement_leaves_it_out_as_long_as_another_remains(world: World) -> None:
    fault()
    run = approved(world)
    decision = Placement.objects.get(run=run, stage="compile").document
    assert decision["chosen"] == "kelvin"
    assert (
        dict(decision["rejected"])["aster"]
        == "aster is left alone for now, 3 of the last 3 jobs failed there"
    )
    assert Submission.objects.get().backend == "kelvin"


def test_where_all_are_open_it_waits_with_the_reason_and_one_trial_goes_first(world: World) -> None:
    fault()
    fault(backend="kelvin")
    first, second = approved(world), approved(world)
    assert {stage_of(run).state for run in (first, second)} == {StageState.HELD}
    assert not Submission.objects.exists()
    (_, denial), *_ = turns.line()
    assert denial is not None and denial.until is not None and denial.until > clock.now().timestamp()
    Breaker.objects.filter(backend="kelvin").update(until=9e12)
    with clock.at(clock.now() + timedelta(seconds=61)):
        ladder.climb()
        turns.step()
        for run in (first, second):
            drive(run.pk)
        (row,) = Submission.objects.all()
        assert (row.backend, state()) == ("aster", S.HALF_OPEN)
        assert Breaker.objects.get(backend="aster").trial == row.key
        waiting = second if row.run_id == first.pk else first
        assert "on trial with one job" in stage_of(waiting).why or stage_of(waiting).state == StageState.HELD
        for _ in range(4):
            ask_providers(row.run_id)
        assert state() == S.CLOSED
        turns.step()
        drive(waiting.pk)
        assert Submission.objects.filter(run=waiting).get().backend == "aster"
    for run in (first, second):
        assert finish(run).outcome == "accepted"
    assert not Turn.objects.exists()


def test_a_trial_that_fails_opens_it_for_longer(world: World) -> None:
    fault()
    fault(backend="kelvin")
    Breaker.objects.filter(backend="kelvin").update(until=9e12)
    run = approved(world)
    fake.CLOUD.script = ["refused"]
    with clock.at(clock.now() + timedelta(seconds=61)):
        turns.step()
        drive(run.pk)
        row = Breaker.objects.get(backend="aster")
        assert (row.state, row.openings) == (S.OPEN, 2)
        assert row.until is not None and row.until - row.since == 120.0
    assert Submission.objects.get().state == SubmissionState.REFUSED
    assert stage_of(run).state == StageState.HELD, "it waits with what is left of its approval"


def test_a_cancelled_trial_lets_another_try(world: World) -> None:
    fault()
    fault(backend="kelvin")
    with clock.at(clock.now() + timedelta(seconds=61)):
        run = approved(world)
        assert "half_open" in Breaker.objects.values_list("state", flat=True)
        services.cancel(user=world.ines, run_id=run.pk)
        finish(run)
        assert set(Breaker.objects.values_list("state", flat=True)) == {"open"}
        other = approved(world)
        assert Submission.objects.filter(run=other).exists()


def test_an_operator_holds_it_and_closes_it_again(world: World) -> None:
    by_hand(S.HELD)
    by_hand(S.HELD, backend="kelvin")
    run = approved(world)
    assert stage_of(run).why == "waiting for its turn: an operator holds back what would go to aster"
    sweep(3000)
    assert not Submission.objects.exists()
    with pytest.raises(Conflict, match="moved meanwhile"):
        by_hand(S.CLOSED, seen=0)
    with pytest.raises(Conflict, match="already"):
        by_hand(S.HELD, seen=1)
    by_hand(S.CLOSED, seen=1, why="the maintenance is over")
    turns.step()
    assert finish(run).outcome == "accepted"
    event = AuditEvent.objects.filter(action="breaker.closed").get()
    assert "maintenance" not in event.body, "a person's words are beside the log"


@pytest.mark.parametrize(("backend", "why"), [("aster", " "), ("nothing", "because")])
def test_holding_needs_a_reason_and_a_backend(world: World, backend: str, why: str) -> None:
    with pytest.raises(BadInput):
        by_hand(S.HELD, backend=backend, why=why)
    assert not Breaker.objects.exists()


def test_what_may_not_be_sent_again_yet_waits_for_the_breaker(world: World) -> None:
    """An answer that was lost and a job that never arrived: the same key goes again once something may pass."""
    fake.CLOUD.script = ["silent"]
    run = approved(world)
    row = Submission.objects.get()
    assert row.state == SubmissionState.UNKNOWN
    fault(kind="timeout")
    for _ in range(3):
        ask_providers(run.pk)
    assert sum(call.startswith("submit") for call in fake.CLOUD.calls) == 1
    with clock.at(clock.now() + timedelta(seconds=61)):
        ask_providers(run.pk)
    assert [call for call in fake.CLOUD.calls if call.startswith("submit")] == [f"submit {row.key}"] * 2
    assert len(fake.CLOUD.jobs) == 1
    assert finish(run).outcome == "accepted"
    assert state("") == S.CLOSED


def test_the_rules_are_those_of_the_installation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SCHEDULING", {"breaker": {"faults": 1, "open_seconds": 5.0}})
    fault(1)
    row = Breaker.objects.get()
    assert row.until is not None and row.until - row.since == 5.0
