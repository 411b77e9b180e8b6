"""A stretch of time as days that were added up and what lies between them, which is read from the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db.models import Exists, OuterRef, Q

from hybridops.experiments.day import SummedDay, Touched

type Piece = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Parts:
    """`days` by their beginnings; the pieces of `rest` end at each border within them, the last may be open."""

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
    days, rest, at = [], [], since
    for begins_at, ends_at in found.order_by("begins_at").values_list("begins_at", "ends_at"):
        if not any(begins_at < edge < ends_at for edge in edges):
            days.append(begins_at)
            rest += _pieces(at, begins_at, edges)
            at = ends_at
    return Parts(days, rest + _pieces(at, until, edges))


def _pieces(since: datetime, until: datetime | None, edges: Iterable[datetime]) -> list[Piece]:
    if until is not None and since >= until:
        return []
    within = [edge for edge in edges if since < edge and (until is None or edge < until)]
    return list(pairwise((since, *within, until)))  # type: ignore[arg-type]
