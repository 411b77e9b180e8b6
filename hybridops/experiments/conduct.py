"""What the engine does with the rooms of record in one transaction: a move together with its money,
its approval, its end. The people's verbs are in services.py.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from hybridops.approvals import freezes, reminders, votes
from hybridops.approvals import services as approvals
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import by_subject
from hybridops.definitions.queries import price_book_by_digest
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.envelope import Envelope, Planned, check_within
from hybridops.domain.errors import Refused
from hybridops.domain.ledger import Amounts
from hybridops.domain.money import from_micro, to_micro
from hybridops.domain.placement import Placement, is_gpu
from hybridops.domain.quotes import compute_lines
from hybridops.domain.states import RequestState, StageState, SubmissionState
from hybridops.experiments import outcomes
from hybridops.experiments.announce import nudge
from hybridops.experiments.books import Book, hold
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.transitions import Ending, StageMove, SubmissionMove, apply
from hybridops.outbox.services import tell
from hybridops.quotas import services as quotas
from hybridops.quotas.queries import spending_stop
from hybridops.teams.access import people_with
from hybridops.teams.permissions import Permission

STOPPED = "QPU spending is stopped"
APPROVAL = "waiting for approval"
FROZEN = "approvals are frozen"
PROVIDER = "at the provider"
STORAGE = "the storage is away: "
TURN = "waiting for its turn: "
ROOM = "there was no room left on the disk, it is tried again"
PERSON = "a person has to look: "


def recalibrated(backend: str) -> str:
    """Why an approval is asked for again where a backend is not as it was any more."""
    return f"{backend} was calibrated again since the approval"


def subject(run_id: int) -> str:
    """How an approval request names the run it is about."""
    return f"run:{run_id}"


def classical_key(run_id: int) -> str:
    return f"run-{run_id}-classical"


def slot_key(run_id: int, ordinal: int) -> str:
    """The reservation of one possible submission: each is settled or released on its own, exactly once."""
    return f"run-{run_id}-qpu-{ordinal}"


@transaction.atomic(savepoint=False)
def consume_and_reserve(
    *, run: Run, envelope_digest: str, backend: str, slot: Amounts, price_book: str, actor: Actor
) -> Envelope:
    """Uses the approval up and promises the money for every submission it allows: both or neither."""
    hold(run.pk)
    request = by_subject(subject(run.pk))
    if request is None:
        raise Refused("There is no approval for this run.")
    envelope = approvals.consume(request_id=request.pk, digest=envelope_digest, actor=actor)
    for ordinal in range(1, envelope.submissions_max + 1):
        quotas.reserve(
            key=slot_key(run.pk, ordinal),
            run_id=run.pk,
            what=f"QPU submission {ordinal}",
            amount_micro=slot.micro,
            shots=slot.shots,
            qpu_ms=slot.qpu_ms,
            team_id=run.experiment.project.team_id,
            project_id=run.experiment.project_id,
            experiment_id=run.experiment_id,
            backend=backend,
            price_book=price_book,
            actor=actor,
        )
    return envelope


@transaction.atomic(savepoint=False)
def intend(
    *, run: Run, envelope: Envelope, submission: Submission, slot_micro: int, actor: Actor
) -> Submission:
    """Puts the intent on disk before any call: within the envelope, not while spending is stopped."""
    hold(run.pk)
    if spending_stop() is not None:
        raise Refused(f"{STOPPED}.")
    earlier = list(Submission.objects.filter(run=run))
    check_within(
        envelope,
        Planned(
            run=run.pk,
            ordinal=submission.ordinal,
            provider=submission.provider,
            backend=submission.backend,
            program=submission.program,
            shots_total=submission.shots + sum(_shots(row) for row in earlier),
            cost_usd_total=from_micro(slot_micro * (len(earlier) + 1)),
            at=clock.now(),
            bindings=submission.bindings,
        ),
    )
    submission.save()
    apply(run_id=run.pk, actor=actor, facts={"reserved": _told(submission)})
    return submission


def _shots(row: Submission) -> int:
    """Shots that count against the envelope: what a refused job never ran does not."""
    return 0 if row.state == SubmissionState.REFUSED else row.shots


def _told(row: Submission) -> dict[str, Any]:
    names = (
        "ordinal",
        "key",
        "provider",
        "backend",
        "snapshot",
        "program",
        "template",
        "shots",
        "seed",
        "region",
    )
    bound = {"bindings": row.bindings} if row.bindings else {}
    return {name: getattr(row, name) for name in names} | bound


@transaction.atomic(savepoint=False)
def settle(
    *, submission: Submission, billed_micro: int, actor: Actor, shots: int = 0, qpu_ms: int = 0
) -> None:
    """Books what one submission cost; also after the run has ended, exactly once."""
    hold(submission.run_id)
    fresh = Submission.objects.select_for_update().get(pk=submission.pk)
    if fresh.settled:
        return
    Submission.objects.filter(pk=fresh.pk).update(settled=True, cost_micro=billed_micro)
    outcomes.add_bill(fresh.run_id, billed_micro)
    quotas.settle(key=fresh.reservation, billed_micro=billed_micro, shots=shots, qpu_ms=qpu_ms, actor=actor)


@transaction.atomic(savepoint=False)
def finish(
    *,
    run_id: int,
    ending: Ending,
    actor: Actor,
    stage: StageMove | None = None,
    placement: Placement | None = None,
    known: Book | None = None,
) -> Book:
    """Ends a run: its outcome, the open question, the promises nobody needs any more."""
    moves = [stage] if stage else []
    book = apply(run_id=run_id, known=known, actor=actor, stages=moves, ending=ending, placement=placement)
    approvals.close_for(subject(run_id), RequestState.WITHDRAWN, why=ending.why, actor=actor)
    for row in book.submissions.values():
        if row.state == SubmissionState.RESERVED:
            _leave(row, actor)
    _tell_ended(book.run, ending)
    classical_micro = _classical_micro(book)
    outcomes.note(book, classical_micro=classical_micro)
    release_unused(run_id=run_id, why=f"the run is {ending.outcome}", actor=actor)
    quotas.settle(key=classical_key(run_id), billed_micro=classical_micro, actor=actor)
    return book


def _tell_ended(run: Run, ending: Ending) -> None:
    word = str(ending.outcome).replace("_", " ")
    tell(
        kind="run.ended",
        occasion=f"run:{run.pk}:ended",
        to=[run.requested_by_id],
        team_id=run.experiment.project.team_id,
        subject=f"{run} ended: {word}",
        text=f"{run.experiment.title}: {ending.why}",
        path=f"/runs/{run.pk}/",
        data={"run": run.pk, "outcome": ending.outcome},
    )


def _classical_micro(run: Book) -> int:
    """What the stages measured costs at the prices of the submit; micro-dollars."""
    book = price_book_by_digest(quotas.price_book_of(classical_key(run.run.pk)))
    spent = {"cpu": 0.0, "gpu": 0.0}
    for stage in run.stages.values():
        lane = "gpu" if stage.device and is_gpu(stage.device) else "cpu"
        spent[lane] += stage.seconds or 0.0
    lines = compute_lines(book, cpu_seconds=spent["cpu"], gpu_seconds=spent["gpu"])
    return sum(to_micro(line.amount) for line in lines)


def _leave(row: Submission, actor: Actor) -> None:
    """An intent whose run has ended: surely unsent is cancelled, perhaps sent is looked up until it is clear."""
    if row.sent_at is not None:
        doubt = SubmissionMove(row.ordinal, SubmissionState.UNKNOWN, "the run ended while it was being sent")
        apply(run_id=row.run_id, actor=actor, submissions=[doubt])
        return
    unsent = SubmissionMove(row.ordinal, SubmissionState.CANCELLED, "the run ended before it was sent")
    apply(run_id=row.run_id, actor=actor, submissions=[unsent])
    Submission.objects.filter(pk=row.pk).update(settled=True, cost_micro=0)


@transaction.atomic(savepoint=False)
def leave_to_a_person(row: Submission) -> None:
    """Nobody can say whether the provider took it: who operates there is told, and nothing is sent again."""
    why = f"{PERSON}{row.provider} does not say whether it took this, and it is not sent twice"
    Submission.objects.filter(pk=row.pk).update(error=why)
    team_id = row.run.experiment.project.team_id
    tell(
        kind="submission.unclear",
        occasion=f"submission:{row.pk}:unclear",
        to=people_with(Permission.OPERATE, team_id),
        team_id=team_id,
        subject=f"Submission {row.ordinal} of {row.run} is unclear",
        text=f"{row.provider} cannot say whether it took it. Look into its console, then say what you found.",
        path=f"/runs/{row.run_id}/submissions/{row.ordinal}/",
        data={"run": row.run_id, "ordinal": row.ordinal, "key": row.key},
    )


@transaction.atomic(savepoint=False)
def release_unused(*, run_id: int, why: str, actor: Actor) -> None:
    """Gives back every reservation that no submission needs; the classical one is settled at the end."""
    hold(run_id)
    held = set(quotas.keys_held(run_id)) - {classical_key(run_id)}
    if not held:
        return
    needed = Submission.objects.filter(run_id=run_id, settled=False).values_list("reservation", flat=True)
    for key in sorted(held.difference(needed)):
        quotas.release(key=key, why=why, actor=actor)


@transaction.atomic(savepoint=False)
def wake_gate(run_id: int, why: str, actor: Actor) -> None:
    """The gate looks again at its request."""
    for stage in Stage.objects.filter(run_id=run_id, state=StageState.HELD, why=APPROVAL):
        apply(run_id=run_id, actor=actor, stages=[StageMove(stage.key, StageState.READY, why)])


@transaction.atomic(savepoint=False)
def wake_held(reason: str, why: str, actor: Actor) -> None:
    """Every stage that is held for a reason looks again."""
    held = Stage.objects.filter(state=StageState.HELD, why__startswith=reason)
    for stage in held.order_by("run_id", "id"):
        apply(run_id=stage.run_id, actor=actor, stages=[StageMove(stage.key, StageState.READY, why)])


@transaction.atomic(savepoint=False)
def lapse(*, request_id: int, run_id: int) -> None:
    """An open request past its time becomes expired, never approved, and its gate looks again."""
    hold(run_id)
    done = approvals.close(
        request_id=request_id, target=RequestState.EXPIRED, why="nobody decided in time", actor=SYSTEM
    )
    if done:
        wake_gate(run_id, "the request lapsed", SYSTEM)
        inbox_changed(request_id)


def frozen(request: ApprovalRequest) -> str:
    """Why an approval waits before it is used: a freeze that none of those who agreed may pass; or nothing."""
    row = freezes.standing(request.team_id)
    agreed = request.decisions.filter(revision=request.revision, verdict__in=votes.YES)
    if row is None or set(agreed.values_list("person_id", flat=True)) & set(row.approvers):
        return ""
    emergency = request.decisions.filter(revision=request.revision, verdict=votes.EMERGENCY).exists()
    return "" if emergency else FROZEN


@transaction.atomic(savepoint=False)
def remind() -> None:
    """Reminders and escalations that are due; their inboxes look again."""
    for request in reminders.remind():
        inbox_changed(request.pk)


def inbox_changed(request_id: int) -> None:
    """On commit, the inboxes of the request's team look again."""
    team_id = approvals.team_of(request_id)
    transaction.on_commit(lambda: nudge(f"inbox:{team_id}"), robust=True)
