"""The only writer of a state. A move is data; `apply` makes moves, all or none.

In one transaction: lock the run, check each move against the tables and its fence, write it, let what
follows follow, project the run's state, and leave one event. Workers are called and pages are nudged
on commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict, Unpack

from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Conflict, Fenced
from hybridops.domain.placement import Placement
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
from hybridops.experiments import heard
from hybridops.experiments.announce import announce, emit_changed
from hybridops.experiments.books import LEASE_SECONDS, Book, open_book
from hybridops.experiments.dbtime import DbNow
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.teams import stage_tokens


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
    """`fault`: the kind of the vendor's error that it comes from, or empty."""

    ordinal: int
    target: SubmissionState
    why: str
    values: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: RunState
    why: str


def apply(*, run_id: int, known: Book | None = None, **moves: Unpack[Moves]) -> Book:
    """Makes the moves of one call, all or none. Its keywords are those of `Moves`.

    With `known`, the book of this process's last move, nothing is read again as long as nobody else has
    moved the run since: its version guards that. Raises IllegalMove, Fenced where a lease was lost or the
    run has ended (submissions may still move then: bills and results arrive late), Conflict where
    somebody else moved first.
    """
    if known is not None and not known.submissions:
        with suppress(Conflict), transaction.atomic():
            return _apply(known.again(), moves)
    with transaction.atomic(savepoint=False):
        return _apply(open_book(pk=run_id), moves)


class Moves(TypedDict, total=False):
    """`claim` is (worker, queue): it takes the next ready stage of that queue along."""

    actor: Required[Actor]
    stages: Sequence[StageMove]
    submissions: Sequence[SubmissionMove]
    ending: Ending | None
    cancel: bool
    claim: tuple[str, str]
    placement: Placement | None
    facts: Mapping[str, Any]
    personal: Mapping[str, str]


def _apply(book: Book, moves: Moves) -> Book:
    ending, stages = moves.get("ending"), moves.get("stages", ())
    if book.run.outcome and (stages or ending or moves.get("cancel")):
        raise Fenced(f"{book.run} has ended: {book.run.outcome}.")
    for move in moves.get("submissions", ()):
        _move_submission(book, move)
    for step in stages:
        _move_stage(book, step)
    if ending is None:
        _follow(book)
    else:
        _end(book, ending)
    book.run.cancel_requested |= moves.get("cancel", False)
    if "claim" in moves:
        _claim(book, *moves["claim"])
    if placement := moves.get("placement"):
        book.place(stages[0].key, placement)
    _close(book, moves["actor"], moves.get("facts", {}), moves.get("personal", {}))
    return book


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
    book.change(stage, values)
    book.told.append({"stage": move.key, "from": source, "to": move.target, "why": move.why})


def _stamps(target: StageState) -> dict[str, Any]:
    """What every move to a state writes beside it; leases and waiting times the database stamps itself."""
    if target == StageState.RUNNING:
        return {"started_at": clock.now()}
    ended = {} if target in OPEN_STAGES else {"ended_at": clock.now()}
    return {"worker": "", **ended}


def _move_submission(book: Book, move: SubmissionMove) -> None:
    row = book.submissions[move.ordinal]
    source = SubmissionState(row.state)
    check_move(SUBMISSION_MOVES, source, move.target)
    values = {"state": move.target, **_submission_stamps(move.target), **move.values}
    if Submission.objects.filter(pk=row.pk, state=source).update(**values) != 1:
        raise Conflict(f"Submission {row} was moved by somebody else.")
    for name, value in values.items():
        setattr(row, name, value)
    heard.hear(row, move.target, move.fault)
    book.told.append({"submission": move.ordinal, "from": source, "to": move.target, "why": move.why})


def _submission_stamps(target: SubmissionState) -> dict[str, Any]:
    if target == SubmissionState.RUNNING:
        return {"started_at": clock.now()}
    return {} if SUBMISSION_MOVES[target] else {"ended_at": clock.now()}


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
        "progress": 0,
        "progress_text": "",
    }
    _move_stage(book, StageMove(stage.key, StageState.RUNNING, f"taken by {worker}", values=values))
    book.claimed = stage
    book.token, jti = stage_tokens.mint(run=book.run.pk, stage=stage.key, fence=stage.fence)
    book.told[-1]["token"] = jti


def _close(book: Book, actor: Actor, facts: Mapping[str, Any], personal: Mapping[str, str]) -> None:
    """Writes, projects, raises the version, leaves the event, and calls and nudges on commit."""
    run = book.run
    before, run.state = run.state, _milestone(book)
    book.write()
    told = {"state": run.state, "was": before, "version": run.version, "moves": book.told, **facts}
    verb = run.state if run.state != before else "moved"
    record(stream=f"run:{run.pk}", action=f"run.{verb}", actor=actor, facts=told, personal=personal)
    if verb != "moved" or run.version == 1:
        emit_changed(run, before)
    announce(run, book.ready())


def _milestone(book: Book) -> RunState:
    shown = [StageFact(s.key, s.spec["kind"], StageState(s.state)) for s in book.stages.values()]
    sent = [SubmissionState(row.state) for row in book.submissions.values()]
    return milestone(shown, sent, RunState(book.run.outcome) if book.run.outcome else None)


@transaction.atomic(savepoint=False)
def claim(*, stage_id: int, worker: str, actor: Actor) -> Book | None:
    """Leases one ready stage to a worker; None where it is not ready (any more): a late or repeated call."""
    try:
        book = open_book(stages=stage_id)
    except Run.DoesNotExist:  # a call that outlived its database: the broker was kept, the house restored
        return None
    stage = next(stage for stage in book.stages.values() if stage.pk == stage_id)
    if stage.state != StageState.READY or book.run.outcome:
        return None
    _lease(book, stage, worker)
    _close(book, actor, {}, {})
    return book


def renew(worker: str) -> int:
    """Prolongs every lease this worker holds; called while it lives. Returns how many."""
    held = Stage.objects.filter(worker=worker, state=StageState.RUNNING)
    return held.update(lease_until=DbNow() + LEASE_SECONDS)


def token_again(stage: Stage) -> str:
    """Another token for a lease that is still held; raises Fenced where it is not. The id stays out of the
    trail: the lease it stands for is there.
    """
    held = Stage.objects.filter(pk=stage.pk, fence=stage.fence, state=StageState.RUNNING)
    if not held.filter(lease_until__gt=DbNow()).exists():
        raise Fenced(f"The lease on {stage} went to another worker.")
    return stage_tokens.mint(run=stage.run_id, stage=stage.key, fence=stage.fence)[0]


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
