"""What budgets spent day by day: days that are over are added up once, the rest as it is asked for.

Entries never change and carry the moment at which they were written, so the sum of a day stands once its last writer
has committed. Corrections are entries of the day on which they are booked. `manage.py books` adds up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateField, F, Sum, Value, When

from hybridops.domain import clock
from hybridops.domain.ledger import Unit
from hybridops.quotas.models import Budget, Day, LedgerEntry
from hybridops.quotas.periods import day_of, today

DAYS = 28  # looked back
SETTLED = timedelta(hours=1)  # after a day's end no transaction of it is open
type Sums = dict[tuple[int, date], int]


def daily_micro(budgets: Sequence[Budget]) -> dict[int, list[int]]:
    """Micro-dollars of each whole day before today, the oldest first, by budget: bills, overruns and corrections.

    At most 28 days, and of a budget those since it began. A day without an entry is zero.
    """
    days = _back(today())
    wanted = {(one.pk, day) for one in budgets for day in days if day >= one.starts_on}
    found = _kept(budgets, days)
    if live := sorted({day for pk, day in wanted - found.keys()}):
        found = summed([one.pk for one in budgets], live) | found
    return {one.pk: [found.get((one.pk, day), 0) for day in days if day >= one.starts_on] for one in budgets}


def _back(last: date) -> list[date]:
    return [last - timedelta(days=back) for back in range(DAYS, 0, -1)]


def _kept(budgets: Iterable[Budget], days: Sequence[date]) -> Sums:
    rows = Day.objects.filter(budget__in=[one.pk for one in budgets], day__gte=days[0], day__lte=days[-1])
    return {(pk, day): micro for pk, day, micro in rows.values_list("budget", "day", "micro")}


def summed(budgets: Sequence[int], days: Sequence[date]) -> Sums:
    """The same from the entries themselves; a day without one is missing."""
    money = LedgerEntry.objects.filter(budget__in=budgets, unit=Unit.MICRO)
    rows = money.filter(at__gte=_begins(days[0]), at__lt=_begins(days[-1] + timedelta(days=1)))
    between = range((days[-1] - days[0]).days, -1, -1)
    slots = [
        When(at__gte=_begins(day), then=Value(day)) for day in (days[0] + timedelta(back) for back in between)
    ]
    sums = rows.order_by().annotate(day=Case(*slots, output_field=DateField())).values_list("budget", "day")
    told: Mapping[tuple[int, date], int] = {
        (pk, day): micro for pk, day, micro in sums.annotate(micro=Sum(F("posted") + F("overrun")))
    }
    return {place: micro for place, micro in told.items() if place[1] in set(days)}


def _begins(day: date) -> datetime:
    """The beginning of a day, as the organisation has it."""
    return datetime.combine(day, time(), ZoneInfo(settings.ORGANISATION_TIME_ZONE))


@transaction.atomic
def keep_days() -> int:
    """Adds up the days that ended an hour ago and are not yet; returns how many sums it wrote. Twice does no harm."""
    days = _back(day_of(clock.now() - SETTLED))
    budgets = list(Budget.objects.filter(closed_at=None, ends_on__gte=days[0]).order_by("pk"))
    kept = _kept(budgets, days).keys()
    wanted = [(one.pk, day) for one in budgets for day in days if day >= one.starts_on]
    missing = [place for place in wanted if place not in kept]
    if missing:
        sums = summed(sorted({pk for pk, _ in missing}), sorted({day for _, day in missing}))
        rows = (Day(budget_id=pk, day=day, micro=sums.get((pk, day), 0)) for pk, day in missing)
        Day.objects.bulk_create(rows, ignore_conflicts=True)
    Day.objects.filter(day__lt=days[0]).delete()
    return len(missing)


def wrong_days(budgets: Sequence[int]) -> list[tuple[int, date, int, int]]:
    """(budget, day, what was kept, what its entries say) of each kept day that is not the sum of its entries."""
    kept = {
        (pk, day): micro
        for pk, day, micro in Day.objects.filter(budget__in=budgets).values_list("budget", "day", "micro")
    }
    sums = summed(budgets, sorted({day for _, day in kept})) if kept else {}
    return [
        (*place, micro, sums.get(place, 0))
        for place, micro in sorted(kept.items())
        if micro != sums.get(place, 0)
    ]
