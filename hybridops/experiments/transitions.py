"""The only writer of a state. A move is data; `apply` makes moves, all or none.

In one transaction: lock the run, check each move against the tables and its fence, write it, let what
follows follow, project the run's state, and leave one event. Workers are called and pages are nudged
on commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Conflict, Fenced
from hybridops.domain.states import (
    OPEN_STAGES,
    STAGE_MOVES,
    SUBMISSION_MOVES,
    RunState,
    StageFact,
    StageState,
    SubmissionState,
    check_move,
    milestone,
)
from hybridops.domain.workflow import follow
from hybridops.experiments.announce import announce
from hybridops.experiments.dbtime import DbNow
from hybridops.experiments.models import Run, Stage, Submission

LEASE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class StageMove:
    """`fence`: the fence under which it was worked out; None for moves that need no lease."""

    key: str
    target: StageState
    why: str
    fence: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubmissionMove:
    ordinal: int
    target: SubmissionState
    why: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: RunState
    why: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands after the moves: the run, and the stage that was claimed along with them, if any."""

    run: Run
    claimed: Stage | None


@dataclass(slots=True)
class _Book:
    """One run, locked, with its machines, while moves are made."""

    run: Run
    stages: dict[str, Stage]
    submissions: dict[int, Submission]
    told: list[dict[str, Any]] = field(default_factory=list)
    ready: list[Stage] = field(default_factory=list)


@transaction.atomic
def apply(
    *,
    run_id: int,
    actor: Actor,
    stages: Sequence[StageMove] = (),
    submissions: Sequence[SubmissionMove] = (),
    ending: Ending | None = None,
    cancel: bool = False,
    claim: tuple[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Applied:
    """Makes the moves. `claim` is (worker, queue): it takes the next ready stage of that queue along.

    Raises IllegalMove, Fenced where a lease was lost or the run has ended (submissions may still move
    then: bills and results arrive late), Conflict where somebody else moved first.
    """
    book = _open(run_id)
    if book.run.outcome and (stages or ending or cancel):
        raise Fenced(f"R-{run_id} has ended: {book.run.outcome}.")
    for move in submissions:
        _move_submission(book, move)
    for step in stages:
        _move_stage(book, step)
    if ending is None:
        _follow(book)
    else:
        _end(book, ending)
    book.run.cancel_requested |= cancel
    claimed = _claim(book, *claim) if claim else None
    _close(book, actor, facts or {})
    return Applied(book.run, claimed)


def _open(run_id: int) -> _Book:
    run = Run.objects.select_for_update().get(pk=run_id)
    stages = {stage.key: stage for stage in Stage.objects.filter(run_id=run_id).order_by("id")}
    return _Book(run, stages, {row.ordinal: row for row in Submission.objects.filter(run_id=run_id)})


def _move_stage(book: _Book, move: StageMove) -> None:
    stage = book.stages[move.key]
    if move.fence is not None and (stage.fence != move.fence or stage.state != StageState.RUNNING):
        raise Fenced(f"The lease on {stage} went to another worker.")
    source = StageState(stage.state)
    check_move(STAGE_MOVES, source, move.target)
    values: dict[str, Any] = {
        "state": move.target,
        "why": move.why[:500],
        **_stamps(move.target),
        **move.values,
    }
    if Stage.objects.filter(pk=stage.pk, state=source, fence=stage.fence).update(**values) != 1:
        raise Conflict(f"{stage} was moved by somebody else.")
    stage.state, stage.why, stage.fence = move.target, move.why, values.get("fence", stage.fence)
    book.told.append({"stage": move.key, "from": source, "to": move.target, "why": move.why})
    if move.target == StageState.READY:
        book.ready.append(stage)


def _stamps(target: StageState) -> dict[str, Any]:
    """What every move to a state writes beside it."""
    if target == StageState.READY:
        return {"ready_since": DbNow(), "lease_until": None, "worker": ""}
    if target == StageState.RUNNING:
        return {"started_at": clock.now(), "ready_since": None}
    ended = {} if target in OPEN_STAGES else {"ended_at": clock.now()}
    return {"lease_until": None, "worker": "", **ended}


def _move_submission(book: _Book, move: SubmissionMove) -> None:
    row = book.submissions[move.ordinal]
    source = SubmissionState(row.state)
    check_move(SUBMISSION_MOVES, source, move.target)
    ended = {} if SUBMISSION_MOVES[move.target] else {"ended_at": clock.now()}
    values = {"state": move.target, **ended, **move.values}
    if Submission.objects.filter(pk=row.pk, state=source).update(**values) != 1:
        raise Conflict(f"Submission {row} was moved by somebody else.")
    row.state = move.target
    book.told.append({"submission": move.ordinal, "from": source, "to": move.target, "why": move.why})


def _follow(book: _Book) -> None:
    """Stages become ready or are skipped until nothing more follows."""
    specs = [stage.described() for stage in book.stages.values()]
    while moves := follow(specs, {key: StageState(stage.state) for key, stage in book.stages.items()}):
        for key, target, why in moves:
            _move_stage(book, StageMove(key, target, why))


def _end(book: _Book, ending: Ending) -> None:
    """The run's outcome; what is still open is skipped, and whoever works on it is fenced off."""
    for stage in book.stages.values():
        if stage.state in OPEN_STAGES:
            _move_stage(book, StageMove(stage.key, StageState.SKIPPED, "the run has ended"))
    book.run.outcome, book.run.why, book.run.ended_at = ending.outcome, ending.why[:500], clock.now()
    book.ready.clear()


def _claim(book: _Book, worker: str, queue: str) -> Stage | None:
    """The first ready stage of this queue, leased to the worker with a new fence."""
    mine = [stage for stage in book.ready if stage.queue == queue]
    stage = mine[0] if mine else None
    if stage is not None:
        lease(book, stage, worker)
        book.ready.remove(stage)
    return stage


def lease(book: _Book, stage: Stage, worker: str) -> None:
    values = {
        "fence": stage.fence + 1,
        "worker": worker,
        "lease_until": DbNow() + LEASE_SECONDS,
        "progress": 0,
        "progress_text": "",
    }
    _move_stage(book, StageMove(stage.key, StageState.RUNNING, f"taken by {worker}", values=values))
    stage.worker = worker


def _close(book: _Book, actor: Actor, facts: Mapping[str, Any]) -> None:
    """Projects, raises the version, leaves the event, and calls and nudges on commit."""
    run = book.run
    seen = run.version
    shown = [StageFact(s.key, s.spec["kind"], StageState(s.state)) for s in book.stages.values()]
    sent = [SubmissionState(row.state) for row in book.submissions.values()]
    before, run.state = run.state, milestone(shown, sent, RunState(run.outcome) if run.outcome else None)
    run.version += 1
    values = {
        name: getattr(run, name)
        for name in ("state", "outcome", "why", "ended_at", "cancel_requested", "version")
    }
    if Run.objects.filter(pk=run.pk, version=seen).update(**values) != 1:
        raise Conflict(f"R-{run.pk} was moved by somebody else.")
    told = {"state": run.state, "was": before, "version": run.version, "moves": book.told, **facts}
    record(stream=f"run:{run.pk}", action=f"run.{_verb(run, before)}", actor=actor, facts=told)
    announce(run, book.ready)


def _verb(run: Run, before: str) -> str:
    return run.state if run.state != before else "moved"


@transaction.atomic
def claim(*, stage_id: int, worker: str, actor: Actor) -> Stage | None:
    """Leases one ready stage to a worker; None where it is not ready (any more): a late or repeated call."""
    found = Stage.objects.filter(pk=stage_id, state=StageState.READY).values_list("run_id", "key").first()
    if found is None:
        return None
    book = _open(found[0])
    stage = book.stages[found[1]]
    if stage.state != StageState.READY or book.run.outcome:
        return None
    lease(book, stage, worker)
    _close(book, actor, {})
    return stage


def renew(worker: str) -> int:
    """Prolongs every lease this worker holds; called while it lives. Returns how many."""
    held = Stage.objects.filter(worker=worker, state=StageState.RUNNING)
    return held.update(lease_until=DbNow() + LEASE_SECONDS)


def return_stages(stages: Iterable[Stage], *, why: str, actor: Actor) -> int:
    """Gives running stages back to the queue: their worker is gone. Returns how many were still its own."""
    returned = 0
    for stage in stages:
        lost = {"losses": stage.losses + 1}
        back = StageMove(stage.key, StageState.READY, why, fence=stage.fence, values=lost)
        try:
            apply(run_id=stage.run_id, actor=actor, stages=[back])
        except Fenced:
            continue
        returned += 1
    return returned
