"""A stretch of time as days that were added up and what lies between them, which is read from the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from hybridops.experiments.day import SummedDay, Touched

type Piece = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Parts:
    """`days` by their beginnings; the last piece of `rest` may be open."""

    days: list[datetime]
    rest: list[Piece]


def parts(
    since: datetime,
    until: datetime | None = None,
    *,
    borders: Iterable[datetime] = (),
    all_ended_by: datetime | None = None,
) -> Parts:
    """No day has a border within it. With `all_ended_by` only those count whose last run had ended by then."""
    touched = Touched.objects.filter(made_at__gte=OuterRef("begins_at"), made_at__lt=OuterRef("ends_at"))
    found = SummedDay.objects.filter(~Exists(touched), begins_at__gte=since)
    if until is not None:
        found = found.filter(ends_at__lte=until)
    if all_ended_by is not None:
        found = found.filter(Q(last_ended_at=None) | Q(last_ended_at__lte=all_ended_by))
    edges = sorted(borders)
    days: list[datetime] = []
    rest: list[Piece] = []
    at = since
    for begins_at, ends_at in found.order_by("begins_at").values_list("begins_at", "ends_at"):
        if not any(begins_at < edge < ends_at for edge in edges):
            days.append(begins_at)
            rest += [(at, begins_at)] if at < begins_at else []
            at = ends_at
    return Parts(days, [*rest, (at, until)] if until is None or at < until else rest)
