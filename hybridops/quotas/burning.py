"""What budgets spent day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, IntegerField, Sum, Value, When

from hybridops.domain.ledger import Unit
from hybridops.quotas.models import Budget, LedgerEntry
from hybridops.quotas.periods import today

DAYS = 28  # looked back


def daily_micro(budgets: Sequence[Budget]) -> dict[int, list[int]]:
    """Micro-dollars of each whole day before today, the oldest first, by budget: bills, overruns and corrections.

    At most 28 days, and of a budget those since it began. A day without an entry is zero.
    """
    starts = list(_starts())
    rows = LedgerEntry.objects.filter(
        budget__in=[one.pk for one in budgets], unit=Unit.MICRO, at__gte=starts[0], at__lt=starts[-1]
    )
    later = [When(at__gte=start, then=Value(at)) for at, start in reversed(list(enumerate(starts[:-1])))]
    slot = Case(*later, default=Value(0), output_field=IntegerField())
    sums = rows.order_by().annotate(slot=slot).values_list("budget", "slot")
    found = {
        (pk, at): posted + over
        for pk, at, posted, over in sums.annotate(posted_=Sum("posted"), over_=Sum("overrun"))
    }
    return {
        one.pk: [found.get((one.pk, at), 0) for at in range(DAYS) if _since(at) >= one.starts_on]
        for one in budgets
    }


def _since(at: int) -> date:
    return today() - timedelta(days=DAYS - at)


def _starts() -> Iterable[datetime]:
    """The beginnings of the last 28 days and of today, as the organisation has them."""
    zone = ZoneInfo(settings.ORGANISATION_TIME_ZONE)
    for back in range(DAYS, -1, -1):
        yield datetime.combine(today() - timedelta(days=back), time(), zone)
