"""Adds up the ended runs of days that are over: pages about money read a few rows a day in place of every run.

A row that comes or changes after its day (a late end, a bill, a correction, a better answer, data removed) is told with
`touch`, in the same transaction: its day is read from the runs until the sweeper has added it up again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import isclose
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, QuerySet, Sum

from hybridops.domain import clock
from hybridops.experiments.day import DayBlock, DayMoney, DayStep, SummedDay, Touched
from hybridops.experiments.outcome import Outcome
from hybridops.experiments.unit_costs import ACCEPTED, RETAINED_DAYS, Block, by_kind, stayed
from hybridops.quotas.books import Difference
from hybridops.quotas.periods import SETTLED, begins, day_of, today
from hybridops.teams.models import Team

DAYS = 190  # looked back: a page asks for 90 days, and for the same stretch 90 days earlier
A_SWEEP = 20  # days that are added up in one go
COLUMNS = (*(one.name for one in fields(Block)), *(f"stayed_{days}" for days in RETAINED_DAYS))
CELL, MONEY = ("team_id", "project_id", "backend", "workflow", "outcome"), ("runs", "cost_micro", "qpu_micro")
type Span = tuple[datetime, datetime]
type Sums = dict[tuple[Any, ...], tuple[Any, ...]]


def touch(moments: Iterable[datetime]) -> None:
    """The rows of runs that were submitted then came or changed. What is of today is read from the runs anyway."""
    began = begins(today())
    days = {day_of(moment): moment for moment in moments if moment < began}
    Touched.objects.bulk_create([Touched(made_at=moment) for moment in days.values()])


def touch_data(snapshot_id: int) -> None:
    """The data of these runs were removed, or came back: a candidate is not retained without them."""
    touch(Outcome.objects.filter(ACCEPTED, snapshot=snapshot_id).values_list("made_at", flat=True))


def sum_days() -> int:
    """Adds up what ended an hour ago or was touched since, the newest first; returns how many days it did."""
    spans = _spans(day_of(clock.now() - SETTLED))
    kept = set(SummedDay.objects.values_list("begins_at", "ends_at"))
    _forget([one for one, _ in kept - set(spans)])  # too old, or of another time zone
    Touched.objects.filter(made_at__lt=spans[0][0]).delete()
    touched = list(Touched.objects.values_list("made_at", flat=True))
    wanted = [one for one in spans if one not in kept or any(one[0] <= at < one[1] for at in touched)]
    for span in wanted[-A_SWEEP:]:
        _sum(span)
    return len(wanted[-A_SWEEP:])


def _spans(last: date) -> list[Span]:
    """The days before this one, as they begin and end where the organisation is."""
    edges = [begins(last - timedelta(days=back)).astimezone(UTC) for back in range(DAYS, -1, -1)]
    return list(pairwise(edges))


@transaction.atomic
def _forget(days: list[datetime]) -> None:
    for model in (SummedDay, DayBlock, DayStep, DayMoney):
        model.objects.filter(begins_at__in=days).delete()


@transaction.atomic
def _sum(span: Span) -> None:
    """Two that do the same at one time: the second waits for the day's row, and fails."""
    begins_at, ends_at = span
    _forget([begins_at])
    day = SummedDay.objects.create(begins_at=begins_at, ends_at=ends_at)
    # Before the sums: what is touched later may not be in them, so it stays.
    touched = list(_touched(span).values_list("pk", flat=True))
    day.last_ended_at = _runs(span).aggregate(last=Max("ended_at"))["last"]
    if day.last_ended_at is not None:
        day.save()
        _write(begins_at, *_added(span))
    Touched.objects.filter(pk__in=touched).delete()


def _write(begins_at: datetime, blocks: Sums, steps: Sums, cells: Sums) -> None:
    DayBlock.objects.bulk_create(
        DayBlock(begins_at=begins_at, team_id=team, block=block, **dict(zip(COLUMNS, row, strict=True)))
        for (team, block), row in blocks.items()
    )
    DayStep.objects.bulk_create(
        DayStep(begins_at=begins_at, team_id=team, lost=lost, refused=refused, overdue=overdue, runs=runs, micro=micro)
        for (team, lost, refused, overdue), (runs, micro) in steps.items()
    )  # fmt: skip
    DayMoney.objects.bulk_create(
        DayMoney(begins_at=begins_at, **dict(zip((*CELL, *MONEY), (*key, *row), strict=True)))
        for key, row in cells.items()
    )


def _touched(span: Span) -> QuerySet[Touched]:
    return Touched.objects.filter(made_at__gte=span[0], made_at__lt=span[1])


def _runs(span: Span) -> QuerySet[Outcome]:
    """By team, because indexes begin with it."""
    teams = list(Team.objects.values_list("pk", flat=True))
    return Outcome.objects.filter(team__in=teams, made_at__gte=span[0], made_at__lt=span[1])


def _added(span: Span) -> tuple[Sums, Sums, Sums]:
    """A day's runs by team and block, with COLUMNS, by team and where they stopped, with runs and money, by CELL."""
    blocks: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    steps: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    stays = {f"stay{days}": Count("pk", filter=stayed(days)) for days in RETAINED_DAYS}
    for team, block, lost, refused, overdue, *row in by_kind(_runs(span), "team_id", **stays):
        blocks[team, block].append(tuple(row))
        steps[team, lost, refused, overdue].append((row[0], row[5]))
    cells = _runs(span).order_by().values_list(*CELL)
    money = cells.annotate(n=Count("*"), cost=Sum("cost_micro"), qpu=Sum("qpu_micro"))
    return _summed(blocks), _summed(steps), {row[:5]: row[5:] for row in money}


def _summed(rows: dict[tuple[Any, ...], list[tuple[Any, ...]]]) -> Sums:
    return {key: tuple(map(sum, zip(*members, strict=True))) for key, members in rows.items()}


def differences() -> list[Difference]:
    """What was kept of a day and is not what its runs say; none is how it should be."""
    found = set(_found())
    # Work goes on between two statements: what moved meanwhile is right the second time.
    return [one for one in _found() if one in found] if found else []


def _found() -> Iterator[Difference]:
    for begins_at, ends_at in SummedDay.objects.order_by("begins_at").values_list("begins_at", "ends_at"):
        if not _touched((begins_at, ends_at)).exists():
            says, day = _added((begins_at, ends_at)), day_of(begins_at)
            for kept, runs, names in zip(
                _kept(begins_at), says, (COLUMNS, ("runs", "micro"), MONEY), strict=True
            ):
                yield from _differing(f"runs of {day}", kept, runs, names)


def _kept(begins_at: datetime) -> tuple[Sums, Sums, Sums]:
    blocks = DayBlock.objects.filter(begins_at=begins_at).values_list("team_id", "block", *COLUMNS)
    steps = DayStep.objects.filter(begins_at=begins_at)
    told = steps.values_list("team_id", "lost", "refused", "overdue", "runs", "micro")
    cells = DayMoney.objects.filter(begins_at=begins_at).values_list(*CELL, *MONEY)
    return (
        {row[:2]: row[2:] for row in blocks},
        {row[:4]: row[4:] for row in told},
        {row[:5]: row[5:] for row in cells},
    )


def _differing(what: str, kept: Sums, runs: Sums, names: tuple[str, ...]) -> Iterator[Difference]:
    for key in sorted(kept.keys() | runs.keys()):
        nothing = (0,) * len(names)
        for name, one, other in zip(names, runs.get(key, nothing), kept.get(key, nothing), strict=True):
            if not isclose(one, other, rel_tol=1e-9, abs_tol=1e-9 if name == "gain" else 0):
                place = f"{what}, team {key[0]}, {' '.join(map(str, key[1:]))}"
                yield Difference(0, place, name, "they say", one, "the day", other)
