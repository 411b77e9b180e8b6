"""Periods follow the organisation's days; a closed one takes no entries, its corrections go to the open one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Refused
from hybridops.quotas.models import Budget

SETTLED = timedelta(hours=1)  # after a day's end no transaction of it is open


def day_of(moment: datetime) -> date:
    """The organisation's day of a moment."""
    return moment.astimezone(ZoneInfo(settings.ORGANISATION_TIME_ZONE)).date()


def begins(day: date) -> datetime:
    """The beginning of a day, as the organisation has it."""
    return datetime.combine(day, time(), ZoneInfo(settings.ORGANISATION_TIME_ZONE))


def today() -> date:
    """The organisation's day now, by which budgets begin and end."""
    return day_of(clock.now())


def month(day: date) -> tuple[date, date]:
    """The first and last day of a day's month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


@transaction.atomic(savepoint=False)
def close_period(*, team_id: int | None, last: date, actor: Actor) -> list[Budget]:
    """Closes the open budgets of a team, or of the organisation, that ended on or before a day.

    Raises Refused while something is promised in one of them, or an overrun is not cleared: both end first.
    """
    if last >= today():
        raise BadInput("A period is closed once its last day is over.", field="last")
    whose: dict[str, Any] = {"team_id": team_id}
    rows = Budget.objects.select_for_update().filter(**whose, ends_on__lte=last, closed_at=None)
    budgets = list(rows.order_by("pk"))
    if not budgets:
        raise BadInput("No open budget ended by that day.", field="last")
    for budget in budgets:
        _check_done(budget)
    Budget.objects.filter(pk__in=[budget.pk for budget in budgets]).update(closed_at=clock.now())
    for budget in budgets:
        facts = {
            "budget": budget.pk,
            "posted_micro": budget.posted_micro,
            "overrun_micro": budget.overrun_micro,
        }
        record(stream=f"budget:{budget.pk}", action="budget.closed", actor=actor, facts=facts)
    return budgets


def _check_done(budget: Budget) -> None:
    if budget.pending_micro or budget.pending_shots or budget.pending_qpu_ms:
        raise Refused(
            f"{budget.name} still has promises to jobs that are out. Close it once they have ended."
        )
    if budget.frozen:
        raise Refused(f"{budget.name} is frozen after an overrun. Clear it first.")


def open_successor(budget: Budget) -> Budget:
    """The open budget of today for the same scope: where a closed one is corrected. Raises Refused without one."""
    rows = Budget.objects.filter(**budget.scope, closed_at=None)
    found = rows.filter(starts_on__lte=today(), ends_on__gte=today()).first()
    if found is None:
        raise Refused(
            f"{budget.name} is closed and has no open successor. Open a budget for this period first."
        )
    return found
