"""One operator stops all QPU spending at once, and lets it go on."""

from __future__ import annotations

from django.db import transaction

from hybridops.domain.errors import Refused
from hybridops.experiments import conduct
from hybridops.experiments.announce import nudge
from hybridops.experiments.models import Run
from hybridops.outbox.services import tell
from hybridops.quotas import stops as quotas
from hybridops.quotas.models import SpendingStop
from hybridops.quotas.queries import spending_stop
from hybridops.teams.access import actor, check_may, people_with, teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


@transaction.atomic(savepoint=False)
def stop_spending(*, user: User, why: str) -> None:
    """Holds all QPU work of the installation. Runs wait where they are; nothing is lost."""
    check_may(user, Permission.OPERATE)
    _tell_stopped(user, quotas.stop_spending(why=why, actor=actor(user)))
    transaction.on_commit(lambda: nudge("spending", state="stopped"), robust=True)


@transaction.atomic(savepoint=False)
def resume_spending(*, user: User) -> None:
    """Lifts the stop and wakes every run that waits for it."""
    check_may(user, Permission.OPERATE)
    _check_lost_have_ended()
    quotas.resume_spending(actor=actor(user))
    conduct.wake_held(conduct.STOPPED, "QPU spending was resumed", actor(user))
    transaction.on_commit(lambda: nudge("spending", state="open"), robust=True)


def _check_lost_have_ended() -> None:
    """Raises Refused while a run goes on that has a job which a restored copy knows nothing of: it would send again."""
    stop = spending_stop()
    lost = {int(one["run"]): one for one in stop.found} if stop is not None else {}
    still = Run.objects.filter(pk__in=lost, outcome="").order_by("pk").first()
    if still is not None:
        job, where = lost[still.pk]["job"], lost[still.pk]["provider"]
        raise Refused(
            f"{still} was sent to {where} as {job} after the backup was made. Cancel the run, then resume."
        )


def _tell_stopped(user: User, made: SpendingStop) -> None:
    for team in teams_with(user, Permission.OPERATE):
        concerned = {
            person
            for permission in (Permission.OPERATE, Permission.MANAGE_BUDGETS)
            for person in people_with(permission, team.pk)
        }
        tell(
            kind="spending.stopped",
            occasion=f"stop:{made.pk}:{team.pk}",
            to=sorted(concerned),
            team_id=team.pk,
            subject="All QPU spending is stopped",
            text=f"{made.by} stopped it: {made.why} Runs wait where they are; nothing is lost.",
            path="/",
        )
