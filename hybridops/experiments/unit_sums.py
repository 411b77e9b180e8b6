"""The sums of `unit_costs.py` over a stretch of time: whole days as they were added up, the rest from the runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum

from hybridops.experiments.cells import ended
from hybridops.experiments.day import DayBlock, DayStep, SummedDay, Touched
from hybridops.experiments.summed_days import COLUMNS
from hybridops.experiments.unit_costs import Adding, Kept, Sums, kept_runs


@dataclass(frozen=True, slots=True)
class Parts:
    """A stretch as days that were added up, by their beginnings, and what lies between them."""

    days: list[datetime]
    rest: list[tuple[datetime, datetime | None]]


def sums(teams: Sequence[int], since: datetime, only: Mapping[str, str]) -> Sums:
    """Of the ended runs submitted since, with `only` these columns."""
    parts, made = _parts(since, None, only), Adding()
    days = {"team__in": teams, "begins_at__in": parts.days}
    columns = {f"sum_{name}": Sum(name) for name in COLUMNS[:10]}
    for block, *row in DayBlock.objects.filter(**days).values_list("block").annotate(**columns):
        made.block(block, row)
    steps = DayStep.objects.filter(**days).values_list("lost", "refused", "overdue")
    for lost, refused, overdue, runs, micro in steps.annotate(n=Sum("runs"), money=Sum("micro")):
        made.step(lost, refused, overdue, (runs, micro))
    for begin, end in parts.rest:
        made.runs(ended(teams, begin, end, only))
    return made.sums()


def kept(
    teams: Sequence[int], cohort: tuple[datetime, datetime], only: Mapping[str, str], days: int, now: datetime
) -> list[Kept]:
    """By block, of a cohort's runs that ended at least `days` ago."""
    parts = _parts(*cohort, only, all_ended_by=now - timedelta(days=days))
    found: dict[int, list[Sequence[Any]]] = defaultdict(list)
    names = ("runs", "accepted", f"stayed_{days}", "micro")
    rows = DayBlock.objects.filter(team__in=teams, begins_at__in=parts.days).values_list("block")
    for block, *row in rows.annotate(**{f"sum_{name}": Sum(name) for name in names}):
        found[block].append(row)
    for begin, end in parts.rest:
        for block, *row in kept_runs(ended(teams, begin, end, only), days, now):
            found[block].append(row)
    return [Kept(*map(sum, zip(*members, strict=True))) for _, members in sorted(found.items())]


def _parts(
    since: datetime, until: datetime | None, only: Mapping[str, str], all_ended_by: datetime | None = None
) -> Parts:
    """Days are not kept by column. Of a cohort only those count whose last run had ended by then."""
    if only:
        return Parts([], [(since, until)])
    touched = Touched.objects.filter(made_at__gte=OuterRef("begins_at"), made_at__lt=OuterRef("ends_at"))
    found = SummedDay.objects.filter(~Exists(touched), begins_at__gte=since)
    if until is not None:
        found = found.filter(ends_at__lte=until)
    if all_ended_by is not None:
        found = found.filter(Q(last_ended_at=None) | Q(last_ended_at__lte=all_ended_by))
    days, rest, at = [], [], since
    for begins_at, ends_at in found.order_by("begins_at").values_list("begins_at", "ends_at"):
        days.append(begins_at)
        rest += [(at, begins_at)] if at < begins_at else []
        at = ends_at
    return Parts(days, [*rest, (at, until)] if until is None or at < until else rest)
