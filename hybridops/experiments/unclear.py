"""What a person does about a submission of which the provider cannot say whether it took it."""

from __future__ import annotations

from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain.errors import BadInput, Conflict, NotYours
from hybridops.domain.states import StageState, SubmissionState
from hybridops.experiments import conduct
from hybridops.experiments.books import hold
from hybridops.experiments.models import Stage, Submission
from hybridops.experiments.queries import run_for
from hybridops.experiments.transitions import StageMove, SubmissionMove, apply
from hybridops.teams.access import actor, check_may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


def unclear_submission(user: User, run_id: int, ordinal: int) -> Submission:
    """One that waits for a person who operates here; raises NotYours otherwise, Conflict once it is clear."""
    run = run_for(user, run_id)
    check_may(user, Permission.OPERATE, run.experiment.project.team_id)
    row = Submission.objects.filter(run=run, ordinal=ordinal).select_related("run__experiment").first()
    if row is None:
        raise NotYours("There is no such submission.")
    if row.state != SubmissionState.UNKNOWN:
        raise Conflict(f"Submission {row.ordinal} of {run} is {row.state} by now. Nothing is left to say.")
    if not row.error.startswith(conduct.PERSON):
        raise Conflict("The provider is still being asked. Wait until it is clear that it cannot say.")
    return row


@transaction.atomic(savepoint=False)
def clear_up(*, user: User, run_id: int, ordinal: int, job_id: str, why: str) -> Submission:
    """Says what a person found out: the provider's job id, or nothing where it surely never took it.

    With a job the poller brings result and bill home; without one the money returns and the run goes on.
    """
    row = unclear_submission(user, run_id, ordinal)
    if not why.strip():
        raise BadInput("Say how you know: it stays in the trail.", field="why")
    hold(run_id)
    record(
        stream=f"run:{run_id}",
        action="submission.cleared",
        actor=actor(user),
        facts={"submission": ordinal, "job_id": job_id.strip()[:120]},
        personal={"why": why.strip()},
    )
    told = "a person cleared the doubt"
    if job_id.strip():
        values = {"job_id": job_id.strip()[:120], "error": ""}
        move = SubmissionMove(row.ordinal, SubmissionState.SUBMITTED, told, values)
        apply(run_id=row.run_id, actor=actor(user), submissions=[move])
        return row
    move = SubmissionMove(
        row.ordinal, SubmissionState.REFUSED, told, {"error": "It never arrived, a person found out."}
    )
    apply(run_id=row.run_id, actor=actor(user), submissions=[move], stages=_waking(row))
    conduct.settle(submission=row, billed_micro=0, actor=actor(user))
    return row


def _waking(row: Submission) -> list[StageMove]:
    """The stage that waits for it, unless the run has ended."""
    held = Stage.objects.filter(run_id=row.run_id, state=StageState.HELD, why=conduct.PROVIDER)
    return [StageMove(stage.key, StageState.READY, "a person cleared the doubt") for stage in held]
