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
from django.db.models import QuerySet

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


@dataclass(slots=True)
class Book:
    """One run, locked, with its machines as they stand after the moves, and the stage claimed along with them."""

    run: Run
    stages: dict[str, Stage]
    submissions: dict[int, Submission]
    claimed: Stage | None = None
    told: list[dict[str, Any]] = field(default_factory=list)
    _stages: dict[str, tuple[StageState, int, dict[str, Any]]] = field(default_factory=dict)

    def ready(self) -> list[Stage]:
        """The stages that became ready with these moves and that nobody has taken."""
        return [self.stages[key] for key in self._stages if self.stages[key].state == StageState.READY]


@transaction.atomic(savepoint=False)
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
) -> Book:
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
    if claim is not None:
        _claim(book, *claim)
    _close(book, actor, facts or {})
    return book


def _open(run_id: int) -> Book:
    return _read(Run.objects.select_for_update(), run_id)


def _read(runs: QuerySet[Run], run_id: int) -> Book:
    run = runs.get(pk=run_id)
    stages = {stage.key: stage for stage in Stage.objects.filter(run_id=run_id).order_by("id")}
    began = any(s.spec["kind"] == "quantum" and s.state != StageState.WAITING for s in stages.values())
    rows = Submission.objects.filter(run_id=run_id).order_by("ordinal") if began else ()
    return Book(run, stages, {row.ordinal: row for row in rows})


def _move_stage(book: Book, move: StageMove) -> None:
    """Makes the move in the book; `_close` writes each stage once, guarded by how it was read."""
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
    book._stages.setdefault(move.key, (source, stage.fence, {}))[2].update(values)
    for name, value in values.items():
        setattr(stage, name, value)
    book.told.append({"stage": move.key, "from": source, "to": move.target, "why": move.why})


def _stamps(target: StageState) -> dict[str, Any]:
    """What every move to a state writes beside it."""
    if target == StageState.READY:
        return {"ready_since": DbNow(), "lease_until": None, "worker": ""}
    if target == StageState.RUNNING:
        return {"started_at": clock.now(), "ready_since": None}
    ended = {} if target in OPEN_STAGES else {"ended_at": clock.now()}
    return {"lease_until": None, "worker": "", **ended}


def _move_submission(book: Book, move: SubmissionMove) -> None:
    row = book.submissions[move.ordinal]
    source = SubmissionState(row.state)
    check_move(SUBMISSION_MOVES, source, move.target)
    ended = {} if SUBMISSION_MOVES[move.target] else {"ended_at": clock.now()}
    values = {"state": move.target, **ended, **move.values}
    if Submission.objects.filter(pk=row.pk, state=source).update(**values) != 1:
        raise Conflict(f"Submission {row} was moved by somebody else.")
    for name, value in values.items():
        setattr(row, name, value)
    book.told.append({"submission": move.ordinal, "from": source, "to": move.target, "why": move.why})


def _follow(book: Book) -> None:
    """Stages become ready or are skipped until nothing more follows."""
    specs = [stage.described() for stage in book.stages.values()]
    while moves := follow(specs, {key: StageState(stage.state) for key, stage in book.stages.items()}):
        for key, target, why in moves:
            _move_stage(book, StageMove(key, target, why))


def _end(book: Book, ending: Ending) -> None:
    """The run's outcome; what is still open is skipped, and whoever works on it is fenced off."""
    for stage in book.stages.values():
        if stage.state in OPEN_STAGES:
            _move_stage(book, StageMove(stage.key, StageState.SKIPPED, "the run has ended"))
    book.run.outcome, book.run.why, book.run.ended_at = ending.outcome, ending.why[:500], clock.now()


def _claim(book: Book, worker: str, queue: str) -> None:
    """Leases the first ready stage of this queue, if there is one."""
    mine = [stage for stage in book.ready() if stage.queue == queue]
    if mine:
        _lease(book, mine[0], worker)


def _lease(book: Book, stage: Stage, worker: str) -> None:
    values = {
        "fence": stage.fence + 1,
        "worker": worker,
        "lease_until": DbNow() + LEASE_SECONDS,
        "progress": 0,
        "progress_text": "",
    }
    _move_stage(book, StageMove(stage.key, StageState.RUNNING, f"taken by {worker}", values=values))
    book.claimed = stage


def _close(book: Book, actor: Actor, facts: Mapping[str, Any]) -> None:
    """Writes, projects, raises the version, leaves the event, and calls and nudges on commit."""
    for key, (source, fence, values) in book._stages.items():
        mine = Stage.objects.filter(pk=book.stages[key].pk, state=source, fence=fence)
        if mine.update(**values) != 1:
            raise Conflict(f"{book.stages[key]} was moved by somebody else.")
    run = book.run
    seen, before, run.state = run.version, run.state, _milestone(book)
    run.version += 1
    names = ("state", "outcome", "why", "ended_at", "cancel_requested", "version")
    values = {name: getattr(run, name) for name in names}
    if Run.objects.filter(pk=run.pk, version=seen).update(**values) != 1:
        raise Conflict(f"R-{run.pk} was moved by somebody else.")
    told = {"state": run.state, "was": before, "version": run.version, "moves": book.told, **facts}
    verb = run.state if run.state != before else "moved"
    record(stream=f"run:{run.pk}", action=f"run.{verb}", actor=actor, facts=told)
    announce(run, book.ready())


def _milestone(book: Book) -> RunState:
    shown = [StageFact(s.key, s.spec["kind"], StageState(s.state)) for s in book.stages.values()]
    sent = [SubmissionState(row.state) for row in book.submissions.values()]
    return milestone(shown, sent, RunState(book.run.outcome) if book.run.outcome else None)


@transaction.atomic(savepoint=False)
def claim(*, stage_id: int, worker: str, actor: Actor) -> Book | None:
    """Leases one ready stage to a worker; None where it is not ready (any more): a late or repeated call."""
    found = Stage.objects.filter(pk=stage_id, state=StageState.READY).values_list("run_id", "key").first()
    if found is None:
        return None
    book = _open(found[0])
    stage = book.stages[found[1]]
    if stage.state != StageState.READY or book.run.outcome:
        return None
    _lease(book, stage, worker)
    _close(book, actor, {})
    return book


def read(run_id: int, key: str) -> Book:
    """A run with its machines as they stand now, looked at from one of its stages; for reading only."""
    book = _read(Run.objects.all(), run_id)
    book.claimed = book.stages[key]
    return book


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
