"""How movements are written, and the budgets of a reservation taken in their order. For this room's services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from hybridops.domain import clock
from hybridops.domain.ledger import Amounts, Kind, Movement, given_back
from hybridops.quotas.models import Budget, InvoiceLine, LedgerEntry, Reservation


def budgets_named(reservation: Reservation) -> QuerySet[LedgerEntry, int]:
    """The ids of the budgets in which it was made."""
    return LedgerEntry.objects.filter(reservation=reservation, kind=Kind.RESERVE).values_list(
        "budget", flat=True
    )


def budgets_of(reservation: Reservation) -> list[Budget]:
    """The budgets it counts against, as they are now and held by nobody."""
    return list(Budget.objects.filter(pk__in=budgets_named(reservation)).order_by("pk"))


def taken(budgets: Sequence[Budget]) -> QuerySet[Budget]:
    """These budgets for one UPDATE of all, taken in their order until the transaction ends."""
    rows = Budget.objects.filter(pk__in=[budget.pk for budget in budgets])
    if len(budgets) > 1:
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    return rows


def asked_of(reservation: Reservation) -> Amounts:
    """What it promises."""
    return Amounts(reservation.amount_micro, reservation.shots, reservation.qpu_ms)


def write(
    budgets: Iterable[Budget],
    key: str,
    movements: Sequence[Movement],
    *,
    reservation: Reservation | None = None,
    line: InvoiceLine | None = None,
    corrects: Budget | None = None,
) -> None:
    """Each movement in each budget's ledger, under an id that can be written once."""
    at = clock.now()
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            entry_id=f"{key}:{one.kind}:{budget.pk}" + (f":{one.unit}" if one.unit != "micro" else ""),
            budget=budget,
            reservation=reservation,
            kind=one.kind,
            unit=one.unit,
            amount=one.amount,
            available=one.available,
            pending=one.pending,
            posted=one.posted,
            overrun=one.overrun,
            contingency=one.contingency,
            source=one.source,
            line=line,
            corrects=corrects,
            at=at,
        )
        for budget in budgets
        for one in movements
    )


def all_given_back(kind: Kind, asked: Amounts) -> list[Movement]:
    """A whole promise, unit by unit."""
    return [given_back(kind, unit, amount) for unit, amount in asked.each()]
