"""Whether the books are right: what the entries say, what the budgets say and what the reservations say is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet, Sum

from hybridops.domain import clock
from hybridops.domain.ledger import ACCOUNTS, Unit
from hybridops.domain.states import ReservationState
from hybridops.quotas.burning import wrong_days
from hybridops.quotas.models import Budget, LedgerEntry, Reservation
from hybridops.quotas.periods import today

KEPT, KEPT_SECONDS = "books", 3600
_AMOUNT = {Unit.MICRO: "amount_micro", Unit.SHOTS: "shots", Unit.QPU_MS: "qpu_ms"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures of one thing that should be the same, in the unit's smallest part. `budget`: 0 for a reservation."""

    budget: int
    what: str
    unit: str
    one: str
    says: int
    other: str
    says_otherwise: int

    def __str__(self) -> str:
        told = f"{self.one} {self.says}, {self.other} {self.says_otherwise}"
        return f"{self.what}, {self.unit}: {told}"


def differences(budgets: QuerySet[Budget] | None = None) -> list[Difference]:
    """Every difference in these budgets, or in all; none is how it should be.

    Balances are computed anew from the entries, and promises and bills from the reservations. Three sums over the
    entries: seconds where there are millions, so pages show the last look, which the sweeper takes.
    """
    found = _found(budgets)
    # Work goes on between two statements. What moved meanwhile has other figures the second time, a fault the same.
    again = set(_found(budgets)) if found else set()
    return [one for one in found if one in again]


def _found(budgets: QuerySet[Budget] | None) -> list[Difference]:
    rows = list(Budget.objects.all() if budgets is None else budgets.all())
    entries = LedgerEntry.objects.filter(budget__in=[row.pk for row in rows])
    found = [*_balances(rows, entries), *_promises(rows, entries), *_days(rows)]
    return [*found, *_bills()] if budgets is None else found


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the budgets that are open found, and when."""

    at: datetime
    differences: tuple[Difference, ...]


def look() -> Looked:
    """Computes the open budgets' balances anew and keeps the answer for the pages."""
    on = today()
    rows = Budget.objects.filter(closed_at=None, starts_on__lte=on, ends_on__gte=on)
    made = Looked(clock.now(), tuple(differences(rows)))
    cache.set(KEPT, made, KEPT_SECONDS)
    return made


def looked() -> Looked:
    """The last look; where none is kept, one is taken."""
    kept = cache.get(KEPT)
    return kept if isinstance(kept, Looked) else look()


def _balances(budgets: list[Budget], entries: QuerySet[LedgerEntry]) -> Iterator[Difference]:
    sums: dict[tuple[int, str], dict[str, Any]] = {
        (row["budget"], row["unit"]): dict(row)
        for row in entries.order_by()
        .values("budget", "unit")
        .annotate(**{f"sum_{name}": Sum(name) for name in ACCOUNTS})
    }
    for budget in budgets:
        for unit in Unit:
            row = sums.get((budget.pk, unit), {})
            for account, says in _says(budget, unit).items():
                told = row.get(f"sum_{account}") or 0
                if told != says:
                    yield Difference(
                        budget.pk,
                        f"{budget.name}: {account}",
                        unit,
                        "its entries say",
                        told,
                        "the budget",
                        says,
                    )


def _says(budget: Budget, unit: Unit) -> dict[str, int]:
    limit, pending, posted = (
        getattr(budget, f"{part}_{unit}") or 0 for part in ("limit", "pending", "posted")
    )
    said = {"pending": pending, "posted": posted, "available": limit - pending - posted}
    return said | {"overrun": budget.overrun_micro} if unit is Unit.MICRO else said


def _promises(budgets: list[Budget], entries: QuerySet[LedgerEntry]) -> Iterator[Difference]:
    """What is held counts in each budget in which it was made."""
    held = Q(reservation__state=ReservationState.HELD)
    made = entries.filter(held, kind="RESERVE", unit=Unit.MICRO).order_by().values("budget")
    sums: dict[int, dict[str, Any]] = {
        row["budget"]: dict(row)
        for row in made.annotate(**{u: Sum(f"reservation__{n}") for u, n in _AMOUNT.items()})
    }
    for budget in budgets:
        for unit in Unit:
            told = sums.get(budget.pk, {}).get(unit) or 0
            says = getattr(budget, f"pending_{unit}")
            if told != says:
                yield Difference(
                    budget.pk, f"{budget.name}: pending", unit, "reservations say", told, "the budget", says
                )


def _days(budgets: list[Budget]) -> Iterator[Difference]:
    """What was kept of a day that is over is the sum of its entries."""
    names = {budget.pk: budget.name for budget in budgets}
    for pk, day, kept, says in wrong_days(list(names)):
        yield Difference(pk, f"{names[pk]}: {day}", Unit.MICRO, "its entries say", says, "the day", kept)


def _bills() -> Iterator[Difference]:
    """A reservation's entries: nothing pending once it has ended, and its cost as often as it has budgets."""
    money = Q(entries__unit=Unit.MICRO)
    rows = Reservation.objects.annotate(
        budgets=Count("entries", filter=money & Q(entries__kind="RESERVE")),
        left=Sum("entries__pending", filter=money, default=0),
        cost=Sum(
            F("entries__posted") + F("entries__overrun") + F("entries__source"), filter=money, default=0
        ),
    )
    held = Q(state=ReservationState.HELD)
    for row in rows.filter(held & ~Q(left=F("amount_micro") * F("budgets")) | ~held & ~Q(left=0)):
        says = row.amount_micro if row.state == ReservationState.HELD else 0
        yield Difference(
            0, f"{row.key}: promised", Unit.MICRO, "entries say", row.left, "it says", says * row.budgets
        )
    for row in rows.filter(settled_micro__isnull=False).exclude(cost=F("settled_micro") * F("budgets")):
        says = (row.settled_micro or 0) * row.budgets
        yield Difference(0, f"{row.key}: cost", Unit.MICRO, "entries say", row.cost, "it says", says)
