"""Takes one stage one step further: claim, look, propose, dispose, until it is done, held or gone.

After a stage the same worker goes straight on with the next ready one of its queue: no call in between.
"""

from __future__ import annotations

import errno
import logging
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from hybridops.approvals import services as approvals
from hybridops.approvals.queries import by_subject
from hybridops.backends import breakers
from hybridops.domain import clock, envelope
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, Fenced, Refused, StorageAway
from hybridops.domain.placement import Placement
from hybridops.domain.states import RequestState, RunState, StageState, SubmissionState
from hybridops.domain.workflow import Fallback
from hybridops.engine import context
from hybridops.engine.context import Context
from hybridops.engine.deadline import deadline
from hybridops.engine.proposals import Ask, Attempt, Done, Fall, Hold, Proposal, Reopen, Reserve, Sent
from hybridops.engine.stages import STAGES
from hybridops.experiments import conduct, turns
from hybridops.experiments.books import Book, hold, read_book
from hybridops.experiments.models import Submission
from hybridops.experiments.transitions import Ending, StageMove, SubmissionMove, apply, claim

LOSSES_MAX = 3
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_log = logging.getLogger(__name__)


def worker_actor(worker: str) -> Actor:
    return Actor("worker", worker, worker)


def take(stage_id: int, worker: str) -> int | None:
    """Works on a stage and on what follows in the same queue; the run's id, or None without work."""
    actor = worker_actor(worker)
    book = claim(stage_id=stage_id, worker=worker, actor=actor)
    run_id = book.run.pk if book else None
    while book is not None and book.claimed is not None:
        book = work(book, actor)
    return run_id


def work(book: Book, actor: Actor) -> Book | None:
    """One claimed stage to its end, hold or loss; what was applied at the end, with the next stage claimed."""
    ctx = context.of(book, actor, book.token)
    try:
        while True:
            applied, sending = dispose(ctx, propose(ctx))
            if applied is not None:
                return applied
            ctx = context.of(read_book(ctx.run.pk, ctx.stage.key), actor, ctx.token)
            ctx.sending = sending
    except Fenced as problem:
        _log.info("fenced: %s", problem)
        return None


def propose(ctx: Context) -> Proposal:
    """What the stage's function says; refusals and faults become endings or another attempt."""
    if ctx.stage.losses >= LOSSES_MAX:
        why = f"{ctx.spec.label} was given up after {LOSSES_MAX} workers died on it."
        return Fall(why, Ending(RunState.FAILED, why))
    try:
        with deadline(ctx.spec.seconds_max):
            return STAGES[ctx.spec.kind](ctx)
    except (Refused, BadInput) as problem:
        outcome = RunState.REFUSED if ctx.spec.kind in ("validate", "gate", "quantum") else RunState.FAILED
        return Fall(str(problem), Ending(outcome, f"{ctx.spec.label}: {problem}"))
    except (Fenced, Conflict, OperationalError, InterfaceError):
        raise  # the database's own trouble: the stage goes back, and who takes it next looks again
    except StorageAway as problem:
        return _await_storage(ctx, problem)
    except Exception as problem:  # a defect of a step must end its run with a reason, not hang it
        _log.exception("stage %s of R-%s failed", ctx.spec.key, ctx.run.pk)
        if isinstance(problem, OSError) and problem.errno in NO_ROOM:  # no defect of the step's
            return Hold(conduct.ROOM)
        why = f"{ctx.spec.label} failed: {type(problem).__name__}: {problem}"
        return Fall(why, Ending(RunState.FAILED, why))


def _await_storage(ctx: Context, problem: StorageAway) -> Hold:
    """An outage ends no run. A submission whose program could not be read was surely not sent (see `sending.send`)."""
    _log.warning("R-%s waits for the storage: %s", ctx.run.pk, problem)
    if ctx.sending is not None:
        unsent = Submission.objects.filter(run=ctx.run, ordinal=ctx.sending, state=SubmissionState.RESERVED)
        unsent.update(sent_at=None)
    return Hold(f"{conduct.STORAGE}{problem}")


def dispose(ctx: Context, proposal: Proposal) -> tuple[Book | None, int | None]:
    """Carries a proposal out. Answers what was applied once the stage is left, or None to look again,
    with the ordinal of an attempt just written down.
    """
    match proposal:
        case Done():
            return _done(ctx, proposal), None
        case Hold():
            return _leave(ctx, StageState.HELD, proposal.why), None
        case Fall():
            return _fall(ctx, proposal), None
        case Ask():
            return _ask(ctx, proposal), None
        case Reserve():
            return _reserve(ctx, proposal), None
        case Attempt():
            Submission.objects.filter(pk=proposal.submission.pk).update(sent_at=clock.now())
            return None, proposal.submission.ordinal
        case Sent():
            _sent(ctx, proposal.move)
            return None, None
        case Reopen():
            return _reopen(ctx, proposal.why), None


def _leave(
    ctx: Context,
    target: StageState,
    why: str,
    values: dict[str, Any] | None = None,
    placement: Placement | None = None,
) -> Book:
    """Leaves the stage in a state, under its fence, and takes the next ready one of this queue along."""
    move = StageMove(ctx.stage.key, target, why, fence=ctx.stage.fence, values=values or {})
    next_one = (ctx.actor.id, ctx.stage.queue)
    return apply(
        run_id=ctx.run.pk, known=ctx.book, actor=ctx.actor, stages=[move], claim=next_one, placement=placement
    )


def _done(ctx: Context, done: Done) -> Book:
    values: dict[str, Any] = {"summary": dict(done.summary), "device": done.device, "progress": 1.0}
    values |= {"seconds": done.seconds, "peak_bytes": done.peak_bytes, "made_from": done.made_from}
    why = f"taken from {done.taken_from}, computed from the same input" if done.taken_from else "done"
    if done.ending is not None:
        move = StageMove(ctx.stage.key, StageState.DONE, "done", fence=ctx.stage.fence, values=values)
        return conduct.finish(
            run_id=ctx.run.pk,
            known=ctx.book,
            ending=done.ending,
            actor=ctx.actor,
            stage=move,
            placement=done.placement,
        )
    if ctx.spec.kind != "quantum":
        return _leave(ctx, StageState.DONE, why, values, done.placement)
    with transaction.atomic():
        conduct.release_unused(run_id=ctx.run.pk, why="no further submission is needed", actor=ctx.actor)
        return _leave(ctx, StageState.DONE, "done", values)


@transaction.atomic(savepoint=False)
def _fall(ctx: Context, fall: Fall) -> Book:
    """The definition's fallback, chosen at submit: go on classically, or end."""
    classical = ctx.run.plan["fallback"] == Fallback.CLASSICAL and ctx.spec.kind in ("gate", "quantum")
    if classical and not ctx.run.cancel_requested:
        applied = _leave(ctx, StageState.FELL_BACK, fall.why)
        conduct.release_unused(run_id=ctx.run.pk, why=fall.why, actor=ctx.actor)
        return applied
    move = StageMove(ctx.stage.key, StageState.FAILED, fall.why, fence=ctx.stage.fence)
    return conduct.finish(run_id=ctx.run.pk, known=ctx.book, ending=fall.ending, actor=ctx.actor, stage=move)


@transaction.atomic(savepoint=False)
def _ask(ctx: Context, ask: Ask) -> Book | None:
    """Opens the question; what the policy denied at once is looked at again as any other no."""
    hold(ctx.run.pk)
    experiment = ctx.run.experiment
    owner = Actor(ctx.actor.kind, ctx.actor.id, ctx.actor.name, on_behalf=str(ctx.run.requested_by))
    request = approvals.ask(
        team_id=experiment.project.team_id,
        requester_id=ctx.run.requested_by_id,
        subject=conduct.subject(ctx.run.pk),
        title=experiment.title,
        envelope=ask.envelope,
        assessment=ask.assessment,
        evidence=ask.evidence,
        involved=ask.involved,
        lapses_at=ask.lapses_at,
        policy_name=ask.policy_name,
        actor=owner,
    )
    summary = {**ask.summary, "request": request.pk}
    if request.state == RequestState.PENDING:
        conduct.inbox_changed(request.pk)
        return _leave(ctx, StageState.HELD, conduct.APPROVAL, {"summary": summary})
    if request.state == RequestState.REJECTED:
        return None
    return _leave(ctx, StageState.DONE, f"approved by {ask.policy_name}", {"summary": summary})


def _reserve(ctx: Context, wanted: Reserve) -> Book | None:
    """Turn, approval, money and intent in one transaction; without room for it, the fallback."""
    sent = wanted.submission
    wish = turns.Wish((sent.provider, sent.backend), wanted.listed, wanted.slot.micro, wanted.not_after)
    try:
        with transaction.atomic():
            turn = turns.enter(run=ctx.run, stage=ctx.stage, wish=wish)
            if turn.again:
                return None
            if turn.why:
                return _wait(ctx, turn, wish)
            if turn.guarded:
                _let_through(ctx, sent)
            if wanted.consume:
                conduct.consume_and_reserve(
                    run=ctx.run,
                    envelope_digest=wanted.consume,
                    backend=wanted.submission.backend,
                    slot=wanted.slot,
                    price_book=wanted.price_book,
                    actor=ctx.actor,
                )
            request = by_subject(conduct.subject(ctx.run.pk))
            if request is None:
                raise Refused("There is no approval for this run.")
            conduct.intend(
                run=ctx.run,
                envelope=envelope.read(request.envelope),
                submission=wanted.submission,
                slot_micro=wanted.slot.micro,
                actor=ctx.actor,
            )
    except _ShutMeanwhile:
        return None
    except Refused as problem:  # no room, outside the envelope, or no longer what was approved
        return _fall(ctx, Fall(str(problem), Ending(RunState.REFUSED, str(problem))))
    return None


class _ShutMeanwhile(Exception):
    """Somebody else became the trial, or a breaker opened at this moment: the stage looks again."""


def _let_through(ctx: Context, sent: Submission) -> None:
    hold(ctx.run.pk)
    if breakers.admit(provider=sent.provider, backend=sent.backend, job=sent.key):
        raise _ShutMeanwhile


def _wait(ctx: Context, turn: turns.Answer, wish: turns.Wish) -> Book:
    """Stands in line; that it began to wait is on record."""
    noted = {"summary": {**ctx.stage.summary, turns.WAITED: True}}
    placement = turns.waits(wish, turn.why) if turn.first else None
    return _leave(ctx, StageState.HELD, f"{conduct.TURN}{turn.why}", noted, placement)


def _sent(ctx: Context, move: SubmissionMove) -> None:
    apply(run_id=ctx.run.pk, actor=ctx.actor, submissions=[move])
    if move.target == SubmissionState.REFUSED:
        row = Submission.objects.get(run=ctx.run, ordinal=move.ordinal)
        conduct.settle(submission=row, billed_micro=0, actor=ctx.actor)
        turns.step()


@transaction.atomic(savepoint=False)
def _reopen(ctx: Context, why: str) -> Book:
    """Back to compile and gate: the old approval is stale, what would be sent now is made and asked about."""
    turns.leave(ctx.stage.pk)  # before the run: who gives turns takes them in this order
    hold(ctx.run.pk)
    approvals.close_for(conduct.subject(ctx.run.pk), RequestState.STALE, why=why, actor=ctx.actor)
    gate = ctx.by_kind("gate")
    compiled = next((stage for stage in ctx.stages.values() if "programs" in stage.summary), None)
    if gate is None or compiled is None:
        raise Refused(why)
    moves = [
        StageMove(ctx.stage.key, StageState.WAITING, why, fence=ctx.stage.fence),
        StageMove(compiled.key, StageState.READY, why),
    ]
    if gate.key != ctx.stage.key:  # the gate itself sends back what may not leave any more
        moves.append(StageMove(gate.key, StageState.WAITING, why))
    return apply(run_id=ctx.run.pk, actor=ctx.actor, stages=moves)
