"""What is left, promised and spent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet, Sum

from hybridops.quotas.models import Budget, Reservation, SpendingStop


def budgets_for(*, team_id: int, project_id: int, backend: str, on: date) -> list[Budget]:
    """Every budget that work of this project on this backend counts against, in the order they are locked."""
    scope = Q(project_id=None) | Q(project_id=project_id)
    where = Q(backend="") | Q(backend=backend)
    rows = Budget.objects.filter(scope, where, team_id=team_id, starts_on__lte=on, ends_on__gte=on)
    return list(rows.order_by("id"))


def budgets_of(team_ids: Iterable[int], *, on: date) -> QuerySet[Budget]:
    """The budgets of these teams that are open on a day."""
    rows = Budget.objects.filter(team_id__in=list(team_ids), starts_on__lte=on, ends_on__gte=on)
    return rows.select_related("team", "project").order_by("team__name", "name")


def spending_stop() -> SpendingStop | None:
    """The stop that stands now, or None."""
    return SpendingStop.objects.filter(standing=True).first()


def reservations(run_id: int) -> QuerySet[Reservation]:
    """Everything reserved for a run, in order."""
    return Reservation.objects.filter(run_id=run_id).order_by("id")


def spent_micro(run_ids: Iterable[int]) -> dict[int, int]:
    """What each run has cost so far, by run; runs without a bill are missing."""
    rows = Reservation.objects.filter(run_id__in=list(run_ids), settled_micro__isnull=False)
    return dict(rows.values_list("run_id").annotate(total=Sum("settled_micro")))
