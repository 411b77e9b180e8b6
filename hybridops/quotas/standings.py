"""How one budget stood at the end of each day of its period, read from its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import dropwhile
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum

from hybridops.domain.ledger import Unit
from hybridops.quotas.models import Budget, LedgerEntry
from hybridops.quotas.periods import today

STEPS_MAX = 62  # days of its own; a longer period goes on in steps of several days
_PARTS = ("available", "pending", "posted")


@dataclass(frozen=True, slots=True)
class Standing:
    """Micro-dollars at the end of a day. `free` is below zero where a limit was lowered under what is promised."""

    day: date
    free: int
    promised: int
    spent: int

    @property
    def limit(self) -> int:
        return self.free + self.promised + self.spent


def standings(budget: Budget) -> list[Standing]:
    """From its first day to today or its last one, without days on which it was not opened yet.

    Nothing before it begins. The newest is the budget as it stands.
    """
    last = min(today(), budget.ends_on)
    if last < budget.starts_on:
        return []
    free = budget.limit_micro - budget.pending_micro - budget.posted_micro
    now = Standing(last, free, budget.pending_micro, budget.posted_micro)
    return [*dropwhile(lambda one: not (one.limit or one.spent), _past(budget, last)), now]


def _past(budget: Budget, last: date) -> Iterator[Standing]:
    """One question a step, each of the entries between two moments alone: the index leads to just these."""
    step = -(-((last - budget.starts_on).days + 1) // STEPS_MAX)
    sums, since = dict.fromkeys(_PARTS, 0), None
    for back in reversed(range(step, (last - budget.starts_on).days + 1, step)):
        day = last - timedelta(days=back)
        for name, moved in _moved(budget, since, day).items():
            sums[name] += moved or 0
        since = day
        yield Standing(day, sums["available"], sums["pending"], sums["posted"])


def _moved(budget: Budget, since: date | None, day: date) -> dict[str, int | None]:
    """What the accounts changed by after the end of one day until the end of another."""
    rows = LedgerEntry.objects.filter(budget=budget, unit=Unit.MICRO, at__lt=_end(day))
    if since is not None:
        rows = rows.filter(at__gte=_end(since))
    return rows.aggregate(**{name: Sum(name) for name in _PARTS})


def _end(day: date) -> datetime:
    """The first moment after a day, as the organisation has it."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(settings.ORGANISATION_TIME_ZONE))
