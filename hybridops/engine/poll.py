"""Brings results and bills home: one batched question a provider, and a move only where something changed.

Also after a run has ended: late results are kept as evidence, and every bill is booked once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db import transaction

from hybridops.artifacts.services import check_there, store
from hybridops.backends import services as backends
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import HybridopsError, ProviderError, StorageAway
from hybridops.domain.ports import Capability, Provider, RemoteJob, RemoteState
from hybridops.domain.states import LIVE_SUBMISSION, SUBMISSION_MOVES, StageState, SubmissionState
from hybridops.engine import wiring
from hybridops.engine.bills import settle_submission
from hybridops.engine.sending import resend
from hybridops.experiments import conduct, turns
from hybridops.experiments.announce import queues_changed
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.transitions import StageMove, SubmissionMove, apply
from hybridops.trust.canonical import canonical

POLL_SECONDS = (0.5, 30.0)
CLOSED = ("auth", "unavailable")  # no credential, or no package to ask with
_S, _R = SubmissionState, RemoteState
_MEANS = {
    _R.RUNNING: _S.RUNNING,
    _R.COMPLETED: _S.RETRIEVED,
    _R.FAILED: _S.FAILED,
    _R.CANCELLED: _S.CANCELLED,
}
_log = logging.getLogger(__name__)


def observe(key: str) -> None:
    """Keeps what the provider says of its backends. One that cannot be asked at all is closed, and the log says
    why; one that only did not answer stays as it was last seen.
    """
    try:
        backends.observe(wiring.provider(key).backends())
        queues_changed()
    except ProviderError as problem:
        _log.warning("%s could not be looked at: %s", key, problem)
        if problem.kind in CLOSED:
            backends.close(key)


def ask_storage(key: str) -> None:
    """Wakes what waits for the storage of artifacts once it answers; `key` names which, and there is one."""
    try:
        check_there()
    except StorageAway as problem:
        _log.warning("the storage of %s is still away: %s", key, problem)
        return
    with transaction.atomic():
        conduct.wake_held(conduct.STORAGE, "the storage answers again", Actor("service", key, key))


def due(key: str = "") -> Iterable[Submission]:
    """Submissions that somebody has to ask about: sent and not final, or final and not settled."""
    rows = Submission.objects.filter(settled=False, poll_after__lte=db_now()).exclude(state=_S.RESERVED)
    return (rows.filter(provider=key) if key else rows).select_related("run").order_by("id")


def poll(key: str) -> None:
    """One round for one provider. What it does not answer is asked again later; nothing is concluded."""
    actor = Actor("service", key, f"poller of {key}")
    rows = list(due(key))
    try:
        provider = wiring.provider(key)
    except ProviderError as problem:
        _log.warning("%s: %s", key, problem)
        return
    try:
        _ask_about([row for row in rows if row.state in (_S.SUBMITTED, _S.RUNNING)], provider, actor)
        for row in rows:
            if row.state == _S.UNKNOWN:
                _look_up(row, provider, actor)
    except ProviderError as problem:
        _log.warning("%s: %s", key, problem)
    except StorageAway as problem:
        _log.warning("results of %s wait for the storage: %s", key, problem)
    for row in Submission.objects.filter(pk__in=[row.pk for row in rows]):
        if row.state not in LIVE_SUBMISSION and not row.settled:
            _settle(row, provider, actor)
        _later(row)


def _ask_about(rows: list[Submission], provider: Provider, actor: Actor) -> None:
    if not rows:
        return
    answers = {job.job_id: job for job in provider.poll([row.job_id for row in rows])}
    for row in rows:
        unwanted = row.run.outcome or row.run.cancel_requested
        if unwanted and not row.raw_status.lower().startswith("cancel"):
            provider.cancel(row.job_id)
        if row.job_id in answers:
            _move(row, answers[row.job_id], provider, actor)


def _move(row: Submission, job: RemoteJob, provider: Provider, actor: Actor) -> None:
    """Makes the move that a remote state means, if the table has it: polls out of order do no harm."""
    target = _MEANS.get(job.state)
    if target is None or target not in SUBMISSION_MOVES[_S(row.state)]:
        Submission.objects.filter(pk=row.pk).update(raw_status=job.raw_status[:120])
        return
    values: dict[str, Any] = {"raw_status": job.raw_status[:120], "error": (job.error or "")[:500]}
    if target == _S.RETRIEVED:
        values |= _result(job.job_id, provider)
    why = f"{row.backend}: {job.error or job.raw_status}"
    fault = (job.error_kind or "unknown") if target == _S.FAILED else ""
    move = SubmissionMove(row.ordinal, target, why, values, fault)
    apply(run_id=row.run_id, actor=actor, submissions=[move], stages=_wake(row, target))
    if target not in LIVE_SUBMISSION:
        turns.step()


def _result(job_id: str, provider: Provider) -> dict[str, Any]:
    """The sample set as an artifact, under its digest."""
    found = provider.result(job_id)
    body = {**asdict(found), "counts": dict(found.counts), "metadata": dict(found.metadata)}
    return {"result": store(canonical(body), media_type="application/json"), "shots_done": found.shots_done}


def _wake(row: Submission, target: SubmissionState) -> list[StageMove]:
    """The stage that waits for this submission looks again once it is final."""
    if target in LIVE_SUBMISSION or Run.objects.get(pk=row.run_id).outcome:
        return []
    held = Stage.objects.filter(run_id=row.run_id, state=StageState.HELD, why=conduct.PROVIDER)
    return [StageMove(stage.key, StageState.READY, f"submission {row.ordinal} is {target}") for stage in held]


def _look_up(row: Submission, provider: Provider, actor: Actor) -> None:
    """Finds out whether an unclear submission was taken. One "not found" never permits sending again."""
    found = provider.find(row.key) if Capability.FIND_BY_KEY in provider.capabilities else None
    if found is not None:
        values = {"job_id": found.job_id, "raw_status": found.raw_status[:120]}
        move = SubmissionMove(row.ordinal, _S.SUBMITTED, f"found by its key as {found.job_id}", values)
        apply(run_id=row.run_id, actor=actor, submissions=[move])
        return
    Submission.objects.filter(pk=row.pk).update(looked_up=row.looked_up + 1)
    waited = (clock.now() - (row.sent_at or row.made_at)).total_seconds()
    if waited > provider.consistency_seconds and row.looked_up >= 1:
        resend(row, provider, actor)


def _settle(row: Submission, provider: Provider, actor: Actor) -> None:
    if not row.job_id:
        conduct.settle(submission=row, billed_micro=0, actor=actor)
        return
    try:
        usage = provider.usage(row.job_id)
    except ProviderError as problem:
        _log.warning("no bill for %s yet: %s", row, problem)
        return
    if usage is not None and usage.final:
        try:
            settle_submission(row, usage, actor)
        except HybridopsError:
            _log.exception("the bill of %s could not be booked", row)


def _later(row: Submission) -> None:
    """Young submissions are asked about often, old ones rarely."""
    age = (clock.now() - (row.sent_at or row.made_at)).total_seconds()
    wait = min(POLL_SECONDS[1], POLL_SECONDS[0] + max(0.0, age) / 20)
    Submission.objects.filter(pk=row.pk).update(poll_after=db_now() + wait)
