"""Every read of runs, checked against who asks. Absent and forbidden look the same."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from hybridops.domain.errors import NotYours
from hybridops.experiments.models import DataSnapshot, Run, Stage, Submission
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


def runs_for(user: User) -> QuerySet[Run]:
    """The runs of the teams this person sees, newest first, with what lists show."""
    teams = teams_with(user, Permission.SEE_RUNS).values("pk")
    rows = Run.objects.filter(experiment__project__team__in=teams)
    return rows.select_related("experiment__project__team", "experiment__snapshot", "requested_by").order_by(
        "-id"
    )


def run_for(user: User, run_id: int) -> Run:
    """One run; raises NotYours whether it is absent or not this person's."""
    found = runs_for(user).filter(pk=run_id).first()
    if found is None:
        raise NotYours("There is no such run.")
    return found


def run_by_key(user: User, submit_key: str) -> Run:
    """The run that a form made; raises NotYours where it made none for this person."""
    found = runs_for(user).filter(submit_key=submit_key).first()
    if found is None:
        raise NotYours("There is no such run.")
    return found


def snapshots_for(user: User) -> QuerySet[DataSnapshot]:
    """Input data of the projects in which this person may submit, newest first; not what was removed."""
    teams = teams_with(user, Permission.SUBMIT_RUNS).values("pk")
    rows = DataSnapshot.objects.filter(project__team__in=teams, removed_at=None)
    return rows.select_related("project").order_by("-id")


def stages_of(run: Run) -> list[Stage]:
    """In the order of the definition."""
    return list(Stage.objects.filter(run=run).order_by("id"))


def submissions_of(run: Run) -> list[Submission]:
    return list(Submission.objects.filter(run=run).order_by("ordinal"))


def versions(run_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """(version, state) of these runs, for those whose right to watch them was checked."""
    rows = Run.objects.filter(pk__in=list(run_ids))
    return {pk: (version, state) for pk, version, state in rows.values_list("pk", "version", "state")}


def versions_of(user: User, run_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """(version, state) of the runs that a page watches; only of those this person may see."""
    teams = teams_with(user, Permission.SEE_RUNS).values("pk")
    rows = Run.objects.filter(pk__in=list(run_ids), experiment__project__team__in=teams)
    return {pk: (version, state) for pk, version, state in rows.values_list("pk", "version", "state")}
