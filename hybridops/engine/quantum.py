"""The QPU stage, one small step at a time: each call looks at what is on disk and proposes what is next.

A crash between any two steps is met by looking again. A provider is called for a submission only by the
execution that wrote the attempt down; every other one looks the key up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import by_subject
from hybridops.domain import clock
from hybridops.domain.envelope import Envelope, Listed, read
from hybridops.domain.errors import Refused
from hybridops.domain.ladder import ASK, SIMULATION
from hybridops.domain.ledger import Amounts
from hybridops.domain.money import to_micro
from hybridops.domain.ports import CancelOutcome
from hybridops.domain.states import RequestState, RunState, SubmissionState
from hybridops.engine import wiring
from hybridops.engine.context import Context
from hybridops.engine.drift import check_same, drift
from hybridops.engine.programs import program_of
from hybridops.engine.proposals import Attempt, Done, Fall, Hold, Proposal, Reopen, Reserve, Sent
from hybridops.engine.sending import send
from hybridops.engine.slots import affordable_shots, slot_cost, slot_ms, submission_key
from hybridops.experiments import conduct, turns
from hybridops.experiments.models import Submission, Turn
from hybridops.experiments.transitions import Ending, SubmissionMove
from hybridops.quotas.queries import spending_stop

_S = SubmissionState


def quantum(ctx: Context) -> Proposal:
    """What the stage does next."""
    last = ctx.submissions[-1] if ctx.submissions else None
    if ctx.run.cancel_requested:
        return _cancel(ctx, last)
    if last is None:
        return _first(ctx)
    match last.state:
        case _S.RESERVED:
            return _send(ctx, last)
        case _S.SUBMITTED | _S.RUNNING | _S.UNKNOWN:
            return Hold(conduct.PROVIDER)
        case _S.RETRIEVED:
            return _after_result(ctx)
        case _:
            return _again(ctx, last)


def _request(ctx: Context) -> ApprovalRequest:
    request = by_subject(conduct.subject(ctx.run.pk))
    if request is None:
        raise Refused("There is no approval for this run.")
    return request


def _first(ctx: Context) -> Proposal:
    """Checks that nothing moved since the approval, then proposes to consume it with the reservation."""
    if spending_stop() is not None:
        return Hold(conduct.STOPPED)
    request = _request(ctx)
    if request.state == RequestState.STALE:
        return Reopen("the approval is stale: the data is held tighter now")
    if request.state in (RequestState.EXPIRED, RequestState.WITHDRAWN) or clock.now() >= request.lapses_at:
        return Fall(
            "the approval lapsed before it was used", Ending(RunState.EXPIRED, "The approval lapsed.")
        )
    ctx.definition()
    envelope = read(request.envelope)
    check_same(ctx.run, envelope)
    if moved := drift(request, envelope):
        return Reopen(moved)
    if frozen := conduct.frozen(request):
        return Hold(frozen)
    return _reserve(ctx, envelope, envelope.programs[0], consume=request.digest)


def _reserve(ctx: Context, envelope: Envelope, listed: Listed, *, consume: str) -> Proposal:
    """The next submission. What it promises is a whole one's worth, so that every one costs the same at most."""
    ordinal = len(ctx.submissions) + 1
    turn = turns.of(ctx.stage.pk) if ctx.stage.summary.get(turns.WAITED) else None
    if turn is not None and SIMULATION in turn.rungs:
        return _without(ctx)
    if turn is not None and ASK in turn.rungs and not ctx.submissions:
        return Reopen("no approved backend takes it for now, and others may")
    listed, kept = _turn(turn, envelope, listed)
    program = program_of(ctx, listed)
    bodies = [program_of(ctx, item) for item in envelope.programs]
    shots = min(affordable_shots(envelope, bodies), int(ctx.run.parameters["shots"]), kept)
    circuits = envelope.bindings_max
    slot = Amounts(
        to_micro(slot_cost(envelope.price_book, bodies, shots=shots * circuits, circuits=circuits)),
        shots * circuits,
        slot_ms(envelope.price_book, bodies, shots=shots * circuits, circuits=circuits),
    )
    bindings = _asked(ctx, envelope).get("bindings", []) if envelope.inputs else []
    row = Submission(
        run=ctx.run,
        ordinal=ordinal,
        key=submission_key(ctx.run, ordinal),
        reservation=conduct.slot_key(ctx.run.pk, ordinal),
        fence=ctx.stage.fence,
        state=_S.RESERVED,
        provider=listed.provider,
        backend=listed.backend,
        region=listed.region,
        snapshot=listed.snapshot,
        program=listed.program,
        template=envelope.template,
        parameters=dict(ctx.summary_with("angles").get("angles") or {}),
        bindings=bindings,
        versions=program.get("versions", {}),
        shots=shots * max(1, len(bindings)),
        seed=ctx.run.plan["seed"] + ordinal - 1,
        made_at=clock.now(),
    )
    pairs = tuple((item.provider, item.backend) for item in envelope.programs)
    return Reserve(row, slot, consume, envelope.price_book, pairs, envelope.not_after)


def _without(ctx: Context) -> Proposal:
    """Its time would be over before its turn: what came back already, or the fallback."""
    if ctx.retrieved():
        return _done(ctx, ctx.submissions)
    why = "no approved backend would have taken it in time"
    return Fall(why, Ending(RunState.EXPIRED, "No approved backend would have taken it in time."))


def _turn(turn: Turn | None, envelope: Envelope, wanted: Listed) -> tuple[Listed, int]:
    """The approved pair whose turn it is and the most shots it goes with; what is wanted where it never had to wait."""
    if turn is None or turn.until is None:
        return wanted, (turn.shots if turn else 0) or envelope.shots_max
    pairs = {(item.provider, item.backend): item for item in envelope.programs}
    return pairs.get((turn.provider, turn.backend), wanted), turn.shots or envelope.shots_max


def _send(ctx: Context, row: Submission) -> Proposal:
    """Sends what this execution wrote down; what an earlier one may have sent is looked up instead."""
    if row.sent_at is None:
        return Attempt(row)
    if ctx.sending != row.ordinal:
        return Sent(SubmissionMove(row.ordinal, _S.UNKNOWN, "the worker died while it was being sent"))
    ctx.act_for(row.run_id)
    return Sent(send(row, wiring.provider(row.provider)))


def _after_result(ctx: Context) -> Proposal:
    """Another submission of the same envelope where the workflow asks for one; otherwise the stage is done."""
    envelope = read(_request(ctx).envelope)
    if (
        ctx.spec.step
        and len(ctx.submissions) < envelope.submissions_max
        and _asked(ctx, envelope).get("more")
    ):
        return _next(ctx, envelope, envelope.programs[0])
    return _done(ctx, ctx.retrieved())


def _done(ctx: Context, asked: Sequence[Submission]) -> Done:
    """What came back, of all shots that were asked in these submissions."""
    rows = ctx.retrieved()
    shots, wanted = sum(row.shots_done or 0 for row in rows), sum(row.shots for row in asked)
    return Done(
        {
            "submissions": len(ctx.submissions),
            "shots": shots,
            "asked": wanted,
            "partial": shots < wanted or any((row.shots_done or 0) < row.shots for row in rows),
            "backends": sorted({row.backend for row in rows}),
        }
    )


def _asked(ctx: Context, envelope: Envelope) -> Mapping[str, Any]:
    """What the workflow wants to know next, from what came back so far: "more", and the "bindings" to run."""
    from hybridops.engine.compute import step_input  # compute imports the stage kinds

    given = replace(step_input(ctx), submissions_left=envelope.submissions_max - len(ctx.submissions))
    return wiring.workflow(ctx.family()).steps[ctx.spec.step](given).summary


def _next(ctx: Context, envelope: Envelope, listed: Listed) -> Proposal:
    if spending_stop() is not None:
        return Hold(conduct.STOPPED)
    return _reserve(ctx, envelope, listed, consume="")


def _again(ctx: Context, last: Submission) -> Proposal:
    """After a refusal or a failure: another approved pair, or the same after a refusal, or the fallback."""
    envelope = read(_request(ctx).envelope)
    if len(ctx.submissions) < envelope.submissions_max:
        tried = {(row.provider, row.backend) for row in ctx.submissions}
        fresh = [item for item in envelope.programs if (item.provider, item.backend) not in tried]
        if fresh:
            return _next(ctx, envelope, fresh[0])
        if last.state == _S.REFUSED:
            return _next(ctx, envelope, envelope.programs[0])
    if ctx.retrieved():
        return _done(ctx, ctx.submissions)
    said = (last.error or last.raw_status or "no reason reported").rstrip(".")
    why = f"{last.backend} {last.state}: {said}"
    return Fall(why, Ending(RunState.FAILED, f"The QPU stage failed, {why}. Nothing usable came back."))


def _cancel(ctx: Context, last: Submission | None) -> Proposal:
    """Cancels at the provider and waits for its word; final at once where it cannot stop the job."""
    ended = Fall("cancelled", Ending(RunState.CANCELLED, "Cancelled on request."))
    if last is None or last.state in (_S.RETRIEVED, _S.REFUSED, _S.FAILED, _S.CANCELLED):
        return ended
    if last.state == _S.RESERVED:
        if last.sent_at is None:
            return ended
        return Sent(SubmissionMove(last.ordinal, _S.UNKNOWN, "cancelled while it was being sent"))
    if last.state == _S.UNKNOWN:
        return Hold(conduct.PROVIDER)
    answer = wiring.provider(last.provider).cancel(last.job_id)
    if answer == CancelOutcome.ACCEPTED:
        return Hold(conduct.PROVIDER)
    why = f"Cancelled; {last.backend} could not stop the job any more, so it may still be charged."
    return Fall("cancelled", Ending(RunState.CANCELLED, why))
