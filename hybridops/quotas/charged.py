"""The bills of runs, and the lines of vendors' bills that fit them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from hybridops.domain.states import ReservationState
from hybridops.quotas.models import InvoiceLine, Reservation


def settled_of(runs: Sequence[int]) -> QuerySet[Reservation]:
    """The reservations of these runs that ended with a bill, in order."""
    return Reservation.objects.filter(run_id__in=runs, state=ReservationState.SETTLED).order_by("id")


def bill_lines_of(runs: Sequence[int]) -> QuerySet[InvoiceLine]:
    """The lines of bills that were matched to these runs, in order."""
    rows = InvoiceLine.objects.filter(reservation__run_id__in=runs)
    return rows.select_related("invoice").order_by("id")
