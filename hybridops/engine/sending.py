"""The one place that calls a provider's submit."""

from __future__ import annotations

from typing import Any

from hybridops.artifacts.services import fetch
from hybridops.backends import breakers
from hybridops.definitions.queries import policy
from hybridops.domain.actors import Actor
from hybridops.domain.errors import ProviderRefused, ProviderUnclear, Refused
from hybridops.domain.ports import Capability, Program, Provider
from hybridops.domain.states import StageState, SubmissionState
from hybridops.engine.reach import reach_of, snapshot_of
from hybridops.experiments import conduct, turns
from hybridops.experiments.models import Stage, Submission
from hybridops.experiments.transitions import StageMove, SubmissionMove, apply
from hybridops.quotas.queries import spending_stop

_S = SubmissionState


def send(row: Submission, provider: Provider) -> SubmissionMove:
    """Sends the approved program under the submission's key; the answer as a move.

    The last look at where the data may go: what may not leave is refused here and never sent. Whatever is read from
    the storage is read before the call: raises StorageAway only where nothing was sent.
    """
    if outside := _outside(row):
        return SubmissionMove(row.ordinal, _S.REFUSED, outside, {"error": outside[:500]})
    program, shots = program_for(row), row.shots // max(1, len(row.bindings))
    try:
        job = provider.submit(program, shots=shots, seed=row.seed, key=row.key)
    except ProviderRefused as problem:
        told = {"error": str(problem)[:500]}
        return SubmissionMove(row.ordinal, _S.REFUSED, str(problem), told, fault=problem.kind)
    except ProviderUnclear as problem:
        told = {"error": str(problem)[:500]}
        return SubmissionMove(row.ordinal, _S.UNKNOWN, str(problem), told, fault=problem.kind)
    return SubmissionMove(row.ordinal, _S.SUBMITTED, f"{row.provider} took it as {job}", {"job_id": job})


def _outside(row: Submission) -> str:
    """Why the data of its run may not go to where it is sent, or nothing."""
    (snapshot_id,) = Submission.objects.filter(pk=row.pk).values_list("run__experiment__snapshot", flat=True)
    return reach_of(snapshot_of(snapshot_id), policy()[0]).why_not(row.region)


def program_for(row: Submission) -> Program:
    """The compiled program of a submission, text and all, by its digest."""
    for body in compiled(row.run_id):
        if (body["provider"], body["backend"], body["digest"]) == (row.provider, row.backend, row.program):
            known = {name: body[name] for name in Program.__slots__ if name in body}
            own = {"text": fetch(row.program).decode(), "bindings": tuple(row.bindings)}
            return Program(**{**known, **own})
    raise Refused(f"The program of {row} was not compiled for this run.")


def compiled(run_id: int) -> list[dict[str, Any]]:
    """What the compile stage of a run described."""
    for summary in Stage.objects.filter(run_id=run_id).values_list("summary", flat=True):
        if "programs" in summary:
            return list(summary["programs"])
    return []


def resend(row: Submission, provider: Provider, actor: Actor) -> None:
    """After the provider's consistency window: send again under the same key where that cannot make a
    second job and the run still wants it; otherwise settle the doubt, or leave it to a person.
    """
    if row.run.outcome or row.run.cancel_requested:
        if Capability.FIND_BY_KEY in provider.capabilities:
            _conclude(row, SubmissionMove(row.ordinal, _S.REFUSED, "it never arrived"), actor)
        return
    if spending_stop() is not None:
        return  # nothing starts while it stands; it is asked about again
    if Capability.IDEMPOTENT_SUBMIT in provider.capabilities and not _outside(row):
        if breakers.admit(provider=row.provider, backend=row.backend, job=row.key):
            return  # it is asked about again, and sent when its breaker lets something through
        move = send(row, provider)
        if move.target != _S.UNKNOWN:
            _conclude(row, move, actor)
    elif not row.error.startswith(conduct.PERSON):
        conduct.leave_to_a_person(row)


def _conclude(row: Submission, move: SubmissionMove, actor: Actor) -> None:
    """Ends the doubt; the stage that waits looks again where the answer was no."""
    waiting = [] if row.run.outcome or move.target == _S.SUBMITTED else _held(row.run_id)
    apply(run_id=row.run_id, actor=actor, submissions=[move], stages=waiting)
    turns.step()


def _held(run_id: int) -> list[StageMove]:
    rows = Stage.objects.filter(run_id=run_id, state=StageState.HELD, why=conduct.PROVIDER)
    return [StageMove(stage.key, StageState.READY, "the doubt has ended") for stage in rows]
