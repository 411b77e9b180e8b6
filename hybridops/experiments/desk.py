"""What lies on a person's desk: runs that move, that ended lately, and those that need this person."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from hybridops.domain import clock
from hybridops.domain.states import RunState
from hybridops.experiments.conduct import PERSON, recalibrated
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.queries import runs_for
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission

LATELY = timedelta(days=1)
REMEMBERED = timedelta(days=7)
WITHOUT_RESULT = (RunState.FAILED, RunState.REFUSED, RunState.EXPIRED)


def drawn(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The same runs with the stages whose words their rows show."""
    return runs.prefetch_related("stages")


def open_runs(user: User) -> QuerySet[Run]:
    """Runs that have not ended, newest first."""
    return drawn(runs_for(user).filter(ended_at=None))


def ended_lately(user: User) -> QuerySet[Run]:
    """Runs that ended within a day, the last to end first."""
    rows = runs_for(user).filter(ended_at__gte=clock.now() - LATELY)
    return drawn(rows.order_by("-ended_at", "-id"))


def ended_for_nothing(user: User) -> QuerySet[Run]:
    """This person's own runs of the last week that ended without a result and were not run again."""
    rows = runs_for(user).filter(requested_by=user, outcome__in=WITHOUT_RESULT, replays=None)
    return drawn(rows.filter(ended_at__gte=clock.now() - REMEMBERED).order_by("-ended_at", "-id"))


def for_a_person(user: User) -> QuerySet[Submission]:
    """Submissions of which nobody knows whether they were taken: a person has to look."""
    teams = teams_with(user, Permission.OPERATE).values("pk")
    rows = Submission.objects.filter(run__experiment__project__team__in=teams, error__startswith=PERSON)
    return rows.filter(settled=False).select_related("run__experiment").order_by("id")


def asked_again(user: User, backend: str) -> int:
    """Runs that went back to their approval because this backend was calibrated again, and have not come out yet."""
    moved = Stage.objects.filter(run__in=runs_for(user).filter(ended_at=None), why=recalibrated(backend))
    return moved.values("run").distinct().count()


def runs_named(user: User, ids: list[int]) -> dict[int, Run]:
    """The runs of these numbers that this person may see."""
    return {run.pk: run for run in drawn(runs_for(user).filter(pk__in=ids))}
