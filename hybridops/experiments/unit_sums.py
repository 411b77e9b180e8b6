"""The sums of `unit_costs.py` over a stretch of time: whole days as they were added up, the rest from the runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from hybridops.experiments.cells import ended
from hybridops.experiments.day import DayBlock, DayStep
from hybridops.experiments.stretches import Parts, parts
from hybridops.experiments.summed_days import COLUMNS
from hybridops.experiments.unit_costs import Adding, Kept, Sums, kept_runs


def sums(teams: Sequence[int], since: datetime, only: Mapping[str, str]) -> Sums:
    """Of the ended runs submitted since, with `only` these columns."""
    told, made = _parts(since, None, only), Adding()
    days = {"team__in": teams, "begins_at__in": told.days}
    columns = {f"sum_{name}": Sum(name) for name in COLUMNS[:10]}
    for block, *row in DayBlock.objects.filter(**days).values_list("block").annotate(**columns):
        made.block(block, row)
    steps = DayStep.objects.filter(**days).values_list("lost", "refused", "overdue")
    for lost, refused, overdue, runs, micro in steps.annotate(n=Sum("runs"), money=Sum("micro")):
        made.step(lost, refused, overdue, (runs, micro))
    for begin, end in told.rest:
        made.runs(ended(teams, begin, end, only))
    return made.sums()


def kept(
    teams: Sequence[int], cohort: tuple[datetime, datetime], only: Mapping[str, str], days: int, now: datetime
) -> list[Kept]:
    """By block, of a cohort's runs that ended at least `days` ago."""
    told = _parts(*cohort, only, ended_by=now - timedelta(days=days))
    found: dict[int, list[Sequence[Any]]] = defaultdict(list)
    names = ("runs", "accepted", f"stayed_{days}", "micro")
    rows = DayBlock.objects.filter(team__in=teams, begins_at__in=told.days).values_list("block")
    for block, *row in rows.annotate(**{f"sum_{name}": Sum(name) for name in names}):
        found[block].append(row)
    for begin, end in told.rest:
        for block, *row in kept_runs(ended(teams, begin, end, only), days, now):
            found[block].append(row)
    return [Kept(*map(sum, zip(*members, strict=True))) for _, members in sorted(found.items())]


def _parts(
    since: datetime, until: datetime | None, only: Mapping[str, str], ended_by: datetime | None = None
) -> Parts:
    """Blocks of days are not kept by column."""
    return Parts([], [(since, until)]) if only else parts(since, until, all_ended_by=ended_by)
