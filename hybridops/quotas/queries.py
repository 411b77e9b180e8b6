"""What is left, promised and spent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from hybridops.domain.errors import NotYours
from hybridops.domain.states import ReservationState
from hybridops.quotas.models import Budget, Reservation, SpendingStop
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


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


NEARLY = 0.8  # of the limit promised or spent


def budgets_seen(user: User, *, on: date) -> QuerySet[Budget]:
    """The budgets open on a day of the teams whose costs this person sees."""
    return budgets_of(teams_with(user, Permission.SEE_COSTS).values_list("pk", flat=True), on=on)


def budgets_near_limit(user: User, *, on: date) -> list[Budget]:
    """The open budgets this person manages that are frozen or nearly used up."""
    rows = budgets_of(teams_with(user, Permission.MANAGE_BUDGETS).values_list("pk", flat=True), on=on)
    return list(
        rows.filter(Q(frozen=True) | Q(limit_micro__lte=(F("pending_micro") + F("posted_micro")) / NEARLY))
    )


def managed_budget(user: User, budget_id: int) -> Budget:
    """One budget to change; raises NotYours whether it is absent or another person's to manage."""
    teams = teams_with(user, Permission.MANAGE_BUDGETS).values("pk")
    found = Budget.objects.filter(pk=budget_id, team__in=teams).first()
    if found is None:
        raise NotYours("There is no such budget.")
    return found


def manages_budgets(user: User) -> set[int]:
    """The teams whose budgets this person changes."""
    return set(teams_with(user, Permission.MANAGE_BUDGETS).values_list("pk", flat=True))


def spent_on(run_ids: QuerySet[Any, Any]) -> int:
    """What the runs of a query have cost together so far."""
    rows = Reservation.objects.filter(run_id__in=run_ids, settled_micro__isnull=False)
    return rows.aggregate(total=Sum("settled_micro"))["total"] or 0


def costs_of(run_ids: QuerySet[Any, Any]) -> dict[int, tuple[int, int]]:
    """(all, QPU part) of what each run has cost so far, by run; runs without a bill are missing."""
    rows = Reservation.objects.filter(run_id__in=run_ids, settled_micro__isnull=False)
    qpu = Sum("settled_micro", filter=Q(key__contains="-qpu-"), default=0)
    sums = rows.values_list("run_id").annotate(total=Sum("settled_micro"), qpu=qpu)
    return {run_id: (total, part) for run_id, total, part in sums}


def promised_to(run_ids: QuerySet[Any, Any]) -> int:
    """What is promised to the runs of a query and not ended."""
    rows = Reservation.objects.filter(run_id__in=run_ids, state=ReservationState.HELD)
    return rows.aggregate(total=Sum("amount_micro"))["total"] or 0


def promised_by_key(keys: Iterable[str]) -> dict[str, int]:
    """What these reservations promise, by key; those that have ended are missing."""
    rows = Reservation.objects.filter(key__in=list(keys), state=ReservationState.HELD)
    return dict(rows.values_list("key", "amount_micro"))
