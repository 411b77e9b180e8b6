"""Runs and data of somebody who left: to a successor, and what of them has nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from hybridops.experiments.models import DataSnapshot, Experiment, Run
from hybridops.teams.models import Team


def take_runs(*, of: int, to: int, projects: Collection[int]) -> list[int]:
    """Open runs get another owner. Who asked for them stays written; neither of both decides on them."""
    found = Run.objects.filter(experiment__owner=of, ended_at=None, experiment__project__in=projects)
    runs = list(found.order_by("pk").values_list("pk", flat=True))
    Experiment.objects.filter(runs__in=runs).update(owner=to)
    return runs


def open_runs_of(people: Iterable[int]) -> list[int]:
    """The open runs that these asked for."""
    return list(Run.objects.filter(requested_by__in=people, ended_at=None).values_list("pk", flat=True))


def take_data(*, of: int, to: int, projects: Collection[int]) -> list[int]:
    """Data that is still there gets another owner, who answers for its class."""
    rows = DataSnapshot.objects.filter(owner=of, removed_at=None, project__in=projects)
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    DataSnapshot.objects.filter(pk__in=found).update(owner=to)
    return found


def left_by(person_id: int, teams: QuerySet[Team]) -> tuple[int, int]:
    """How many open runs and snapshots somebody owns in these teams."""
    runs = Run.objects.filter(experiment__owner=person_id, ended_at=None, experiment__project__team__in=teams)
    data = DataSnapshot.objects.filter(owner=person_id, removed_at=None, project__team__in=teams)
    return runs.count(), data.count()
