"""Death at every line: the engine is killed at the n-th line it executes, and whoever comes next recovers.

A kill is a BaseException raised by the tracer inside our own code: open transactions roll back as they do
when a process dies, and nothing that was only in memory survives. Afterwards the sweeper and workers go
on, and the invariants must hold: one provider job a submission, every reservation ended once, no gap in
the trail, a legal end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any

import pytest
from django.db import connection, connections

from hybridops.approvals.queries import by_subject
from hybridops.audit.models import AuditEvent
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Conflict, HybridopsError, Refused
from hybridops.domain.states import ENDINGS, RequestState, StageState
from hybridops.engine import poll, sending, sweep
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import conduct, services, stops, transitions
from hybridops.experiments.models import Run, Stage
from hybridops.quotas.models import Budget, LedgerEntry, Reservation
from tests.engine import fake
from tests.long import LONG
from tests.presence import here
from tests.realdb import RealDatabase
from tests.world import World, submit

pytestmark = pytest.mark.slow  # real commits, many deaths

ROOMS = tuple(f"{os.sep}{room}{os.sep}" for room in ("engine", "experiments", "approvals", "quotas"))
STEP = 1 if LONG else 331


class Killed(BaseException):
    """The process is gone."""


def killing_at(line: int, rooms: tuple[str, ...] = ROOMS) -> tuple[Callable[..., Any], list[int]]:
    """A tracer that kills at the n-th line of our rooms, and counts the lines it saw."""
    seen = [0]

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        name = frame.f_code.co_filename
        if "hybridops" not in name or "tests" in name or not any(room in name for room in rooms):
            return None
        if event == "line":
            seen[0] += 1
            if seen[0] == line:
                raise Killed
        return trace

    return trace, seen


def go_on(world: World, run: Run) -> None:
    """What a fresh process does: workers give back what they held, everything is called again."""
    for stage in Stage.objects.filter(run=run, state=StageState.RUNNING):
        transitions.return_stages([stage], why="its worker was restarted", actor=SYSTEM)
    drive(run.pk)
    request = by_subject(conduct.subject(run.pk))
    if request is not None and request.state == RequestState.PENDING:
        services.decide(
            user=world.mikkel,
            presence=here(),
            request_id=request.pk,
            verdict="approve",
            digest_shown=request.digest,
            reason="as planned",
        )
    drive(run.pk)
    ask_providers(run.pk)
    sweep.wake_forgotten()


def go_on_until_over(world: World, run: Run, *, rounds_max: int) -> None:
    """Until the run has ended and every bill is booked, and once more: what is over stays as it is."""
    for _ in range(rounds_max):
        over = is_over(run)
        go_on(world, run)
        if over:
            return


def is_over(run: Run) -> bool:
    fresh = Run.objects.get(pk=run.pk)
    return bool(fresh.outcome) and not fresh.submissions.filter(settled=False).exists()


def invariants(run: Run, *, ended: bool = True) -> None:
    """What holds of every run at every moment, and what holds of one that has ended."""
    fresh = Run.objects.get(pk=run.pk)
    seqs = list(
        AuditEvent.objects.filter(stream=f"run:{run.pk}").order_by("seq").values_list("seq", flat=True)
    )
    assert seqs == list(range(1, len(seqs) + 1)), "a gap in the trail"
    keys = [row.key for row in fresh.submissions.all()]
    assert set(fake.CLOUD.jobs) <= set(keys), "a provider job that nobody knows"
    for entry in ("RESERVE", "SETTLE", "RELEASE"):
        ids = LedgerEntry.objects.filter(kind=entry).values_list("entry_id", flat=True)
        assert len(ids) == len(set(ids))
    budget = Budget.objects.get()
    held = sum(r.amount_micro for r in Reservation.objects.filter(state="held"))
    spent = sum(r.settled_micro or 0 for r in Reservation.objects.filter(state="settled"))
    assert (budget.pending_micro, budget.posted_micro) == (held, spent)
    assert budget.overrun_micro == 0
    if ended:
        assert fresh.outcome in ENDINGS, (fresh.state, [(s.key, s.state, s.why) for s in fresh.stages.all()])
        assert held == 0, "money was left behind"
        assert all(row.settled for row in fresh.submissions.all())


def forget_connection() -> None:
    """A process that died takes its connection along, wherever its transaction stood."""
    if connection.connection is not None:
        connection.connection.close()
    del connections["default"]


def one(world: World, *deaths: int) -> int:
    """One run with a death at each of these lines, the second counted from the first, that recovers and ends;
    answers how many lines came before the last.
    """
    fake.CLOUD.__init__()  # type: ignore[misc]
    run, lines = submit(world), 0
    for line in deaths:
        trace, seen = killing_at(line)
        sys.settrace(trace)
        try:
            go_on_until_over(world, run, rounds_max=6)
        except Killed:
            sys.settrace(None)
            forget_connection()
        finally:
            sys.settrace(None)
        invariants(run, ended=False)
        lines = seen[0]
    go_on_until_over(world, run, rounds_max=14)
    invariants(run)
    return lines


def test_death_at_any_line_leaves_one_job_one_bill_and_a_legal_end(real: RealDatabase) -> None:
    total = one(real.world, -1)
    assert total > 1500
    for line in range(1, total, STEP):
        real.fresh()
        one(real.world, line)


def test_who_mends_a_death_may_die_as_well(real: RealDatabase) -> None:
    rng = Random(20261130)
    for _ in range(200 if LONG else 6):
        real.fresh()
        one(real.world, rng.randrange(1, 4000), rng.randrange(1, 3000))


def resent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug of sending again with a fresh key after a lost answer."""
    real = sending.send

    def again(row: Any, provider: Any) -> Any:
        move = real(row, provider)
        provider.submit(sending.program_for(row), shots=row.shots, seed=row.seed, key=row.key + "-again")
        return move

    monkeypatch.setattr("hybridops.engine.quantum.send", again)


def fences_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    real = transitions._move_stage
    monkeypatch.setattr(
        transitions,
        "_move_stage",
        lambda book, move: real(
            book, transitions.StageMove(move.key, move.target, move.why, None, move.values)
        ),
    )


def nobody_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "return_stages", lambda *_, **__: 0)


@pytest.mark.parametrize("bug", [resent_at_once, nobody_sweeps])
def test_the_trial_finds_seeded_bugs(real: RealDatabase, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)

    def trials() -> None:
        for line in range(400, 4000, 150):
            real.fresh()
            one(real.world, line)

    with pytest.raises((AssertionError, HybridopsError)):
        trials()


def test_a_zombie_s_result_is_refused_after_its_stage_went_to_another(real: RealDatabase) -> None:
    """The step is paused; meanwhile its lease is given to another worker, who finishes the stage."""
    run = submit(real.world)
    first = True

    def steal(given: object) -> None:
        nonlocal first
        if first:
            first = False
            stage = Stage.objects.get(run=run, key="narrow", state=StageState.RUNNING)
            transitions.return_stages([stage], why="its worker was lost", actor=SYSTEM)
            drive(run.pk)

    fake.HOOKS["encode"] = steal
    drive(run.pk)
    assert not first
    done = AuditEvent.objects.filter(body__contains='"stage":"narrow","to":"done"')
    assert done.count() == 1
    invariants(run, ended=False)


def test_the_zombie_test_finds_a_missing_fence(real: RealDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    fences_ignored(monkeypatch)
    with pytest.raises((AssertionError, HybridopsError)):
        test_a_zombie_s_result_is_refused_after_its_stage_went_to_another(real)


def ended(world: World, run: Run, rounds: int = 14) -> Run:
    for _ in range(rounds):
        go_on(world, run)
    invariants(run)
    return Run.objects.get(pk=run.pk)


def test_a_lost_answer_is_found_by_its_key_and_not_sent_again(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.script = ["lost"]
    run = ended(world, submit(world))
    assert run.outcome == "accepted"
    first = run.submissions.get(ordinal=1)
    assert fake.CLOUD.calls.count(f"submit {first.key}") == 1
    assert f"find {first.key}" in fake.CLOUD.calls


def test_a_refusal_is_rerouted_inside_the_envelope(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.script = ["refused"]
    run = ended(world, submit(world, parameters={"rounds": 1}))
    assert [(row.backend, row.state) for row in run.submissions.order_by("ordinal")] == [
        ("aster", "refused"),
        ("kelvin", "retrieved"),
    ]
    assert run.submissions.get(ordinal=1).cost_micro == 0
    assert run.outcome == "accepted"


def test_three_refusals_take_the_fallback_and_cost_nothing(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.script = ["refused"] * 3
    run = ended(world, submit(world))
    assert run.outcome == "degraded"
    assert run.submissions.count() == 3


def test_three_failures_without_a_fallback_end_the_run(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.finishes = fake.RemoteState.FAILED
    run = ended(world, submit(world, fallback="stop"), rounds=24)
    assert run.outcome == "failed"


def test_a_partial_result_is_scored_and_said(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.script = ["", "partial"]
    run = ended(world, submit(world, parameters={"rounds": 1}))
    assert run.outcome == "degraded"
    assert "50 of 100 shots" in run.why


def test_a_late_bill_is_booked_after_the_end_once(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.late_bills = 40
    run = submit(world, parameters={"rounds": 1})
    for _ in range(6):
        go_on(world, run)
    fresh = Run.objects.get(pk=run.pk)
    assert fresh.outcome == "accepted"
    assert Reservation.objects.filter(state="held").count() == 1
    for _ in range(40):
        ask_providers(run.pk)
    invariants(run)
    assert fresh.submissions.get().cost_micro == 1_300_000


def test_a_cancel_in_flight_waits_for_the_provider_s_word(real: RealDatabase) -> None:
    world = real.world
    run = submit(world)
    go_on(world, run)
    assert Run.objects.get(pk=run.pk).state in ("submitted", "running")
    services.cancel(user=world.ines, run_id=run.pk)
    assert not Run.objects.get(pk=run.pk).outcome
    assert ended(world, run).outcome == "cancelled"
    assert any(call.startswith("cancel") for call in fake.CLOUD.calls)
    assert len(fake.CLOUD.jobs) == 1


def test_a_cancel_that_comes_too_late_ends_the_run_and_still_books_the_bill(real: RealDatabase) -> None:
    world = real.world
    fake.CLOUD.cancel = fake.CancelOutcome.TOO_LATE
    run = submit(world)
    go_on(world, run)
    services.cancel(user=world.ines, run_id=run.pk)
    drive(run.pk)
    assert Run.objects.get(pk=run.pk).outcome == "cancelled"
    ended(world, run)
    row = run.submissions.get()
    assert (row.state, row.cost_micro) == ("retrieved", 1_300_000)


@pytest.mark.parametrize("rounds", range(4))
def test_a_cancel_at_any_time_leaves_nothing_behind(real: RealDatabase, rounds: int) -> None:
    world = real.world
    run = submit(world)
    for _ in range(rounds):
        go_on(world, run)
    try:
        services.cancel(user=world.ines, run_id=run.pk)
    except Conflict:
        assert rounds == 3
    ended(world, run)


def test_a_new_calibration_sends_the_run_back_to_the_gate(real: RealDatabase) -> None:
    world = real.world
    run = submit(world, parameters={"rounds": 1})
    drive(run.pk)
    fake.CLOUD.calibration = "b"
    poll.observe("scripted")
    go_on(world, run)
    requests = conduct.approvals.ApprovalRequest.objects.filter(subject=conduct.subject(run.pk)).order_by(
        "id"
    )  # type: ignore[attr-defined]
    assert requests[0].state == "stale"
    assert not fake.CLOUD.jobs


def test_a_stop_holds_and_a_resume_lets_go(real: RealDatabase) -> None:
    world = real.world
    stops.stop_spending(user=world.omar, why="a strange bill")
    run = submit(world, parameters={"rounds": 1})
    for _ in range(3):
        go_on(world, run)
    held = Stage.objects.get(run=run, key="quantum")
    assert held.state == StageState.HELD
    assert held.why == "QPU spending is stopped"
    assert not fake.CLOUD.jobs
    stops.resume_spending(user=world.omar)
    assert ended(world, run).outcome == "accepted"


def test_only_an_operator_stops_spending(real: RealDatabase) -> None:
    world = real.world
    for user in (world.ines, world.mikkel, world.farah, world.zoe):
        with pytest.raises(HybridopsError):
            stops.stop_spending(user=user, why="because")
    with pytest.raises(HybridopsError, match="why"):
        stops.stop_spending(user=world.omar, why=" ")


def test_an_approval_is_consumed_once(real: RealDatabase) -> None:
    world = real.world
    run = ended(world, submit(world, parameters={"rounds": 1}))
    request = by_subject(conduct.subject(run.pk))
    assert request is not None
    with pytest.raises(HybridopsError):
        conduct.approvals.consume(request_id=request.pk, digest=request.digest, actor=SYSTEM)
    with pytest.raises(Refused):
        conduct.approvals.consume(request_id=request.pk, digest="0" * 64, actor=SYSTEM)


def test_an_unanswered_question_lapses_into_its_fallback(real: RealDatabase) -> None:
    world = real.world
    from datetime import timedelta

    from hybridops.domain import clock

    run = submit(world, fallback="stop")
    drive(run.pk)
    with clock.at(clock.now() + timedelta(hours=7)):
        sweep.lapse()
        drive(run.pk)
    fresh = Run.objects.get(pk=run.pk)
    assert (fresh.outcome, fresh.why) == (
        "expired",
        "Nobody decided in time. Nothing was charged for the QPU.",
    )
    invariants(run)


def test_money_for_two_lets_one_of_three_slots_fail_as_a_whole(real: RealDatabase) -> None:
    world = real.world
    Budget.objects.update(limit_micro=3_000_000)
    run = ended(world, submit(world))
    assert run.outcome == "degraded"
    assert "left" in Stage.objects.get(run=run, key="quantum").why
    assert not fake.CLOUD.jobs
