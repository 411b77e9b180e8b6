"""Runs as a list: filtered, counted, with what a row shows, in as many questions for fifty as for one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Q, QuerySet

from hybridops.approvals.models import Decision
from hybridops.approvals.queries import requests_for
from hybridops.definitions.models import SignedDocument
from hybridops.domain import clock
from hybridops.domain.states import ENDINGS, RunState
from hybridops.experiments.findings import outcomes_for
from hybridops.experiments.history import Interval, timelines
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.queries import runs_for
from hybridops.quotas.queries import spent_micro
from hybridops.teams.models import User

_R = RunState
GROUPS: Mapping[str, frozenset[RunState]] = {
    "moving": frozenset(set(RunState) - ENDINGS - {_R.AWAITING_APPROVAL}),
    "waiting": frozenset({_R.AWAITING_APPROVAL}),
    "accepted": frozenset({_R.ACCEPTED}),
    "not_accepted": frozenset({_R.NOT_ACCEPTED}),
    "degraded": frozenset({_R.DEGRADED}),
    "without_result": frozenset({_R.REFUSED, _R.EXPIRED, _R.CANCELLED, _R.FAILED}),
}
REMEMBERED = timedelta(days=30)
SAMPLE_MAX = 500
COUNTED_MAX = 1_000  # beyond it nobody reads the number, and counting a million rows takes long


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for. Unknown states find nothing; empty values ask for everything."""

    state: str = ""
    text: str = ""
    workflow: str = ""
    mine: bool = False

    def __bool__(self) -> bool:
        return bool(self.state or self.text or self.workflow or self.mine)


@dataclass(frozen=True, slots=True)
class Row:
    """One run with what a row shows. Money in micro-dollars, None where nothing was billed yet."""

    run: Run
    spent: int | None
    backends: tuple[str, ...]
    arms: Mapping[str, Any]
    unit: str
    timeline: Sequence[Interval]


@dataclass(frozen=True, slots=True)
class Record:
    """How a workflow did in the last 30 days. Medians are None where no run has ended."""

    runs: int
    accepted: int
    seconds: float | None
    cost_low: int | None
    cost: int | None
    cost_high: int | None


def runs_listed(user: User, asked: Filters) -> QuerySet[Run]:
    """The runs of this person's teams that match, newest first."""
    found = _matching(user, asked)
    if not asked.state:
        return found
    return found.filter(state__in=GROUPS.get(asked.state, {asked.state}))


def counts(user: User, asked: Filters) -> dict[str, int]:
    """How many runs each group holds under the other filters, and `all` of them; COUNTED_MAX + 1 where more do.

    Open runs are few and counted one by one. Of ended ones no more than that many are looked at, by their outcomes
    where these say all that is asked for.
    """
    matching = _matching(user, asked)
    going = matching.filter(ended_at=None).order_by().values_list("state").annotate(n=Count("pk"))
    tally = dict(going)
    ended = matching if asked.mine or asked.text.strip() else _outcomes(user, asked)
    for state in ENDINGS:
        tally[state] = ended.filter(outcome=state).order_by().values("pk")[: COUNTED_MAX + 1].count()
    held = {name: sum(tally.get(state, 0) for state in states) for name, states in GROUPS.items()}
    return {name: min(n, COUNTED_MAX + 1) for name, n in {"all": sum(tally.values()), **held}.items()}


def counted(user: User, asked: Filters, told: Mapping[str, int]) -> int:
    """How many runs match, where `told` are the counts of the groups."""
    known = told.get(asked.state or "all")
    if known is not None:
        return known
    return runs_listed(user, asked).order_by().values("pk")[: COUNTED_MAX + 1].count()


def _outcomes(user: User, asked: Filters) -> QuerySet[Any]:
    rows = outcomes_for(user)
    return rows.filter(workflow=asked.workflow) if asked.workflow else rows


def names() -> list[str]:
    """The workflows that runs may use or have used."""
    rows = SignedDocument.objects.filter(kind="workflow").order_by("name")
    return list(rows.values_list("name", flat=True).distinct())


def _matching(user: User, asked: Filters) -> QuerySet[Run]:
    found = runs_for(user)
    if asked.mine:
        found = found.filter(requested_by=user)
    if asked.workflow:
        found = found.filter(experiment__workflow=asked.workflow)
    return found.filter(_text(asked.text.strip())) if asked.text.strip() else found


def _text(text: str) -> Q:
    """A run's number, or words of its name, its purpose or of who asked."""
    words = (
        Q(experiment__title__icontains=text)
        | Q(experiment__business_outcome__icontains=text)
        | Q(requested_by__name__icontains=text)
    )
    number = re.fullmatch(r"[Rr]?-?([0-9]{1,15})", text)
    return words | Q(pk=int(number[1])) if number else words


def rows(runs: Sequence[Run], now: datetime) -> list[Row]:
    """What the list shows of these runs."""
    ids = [run.pk for run in runs]
    spent, times, scored = spent_micro(ids), timelines(runs, now), _scored(ids)
    backends: dict[int, list[str]] = defaultdict(list)
    for pk, name in (
        Submission.objects.filter(run_id__in=ids).order_by("ordinal").values_list("run_id", "backend")
    ):
        backends[pk] += [] if name in backends[pk] else [name]
    return [
        Row(run, spent.get(run.pk), tuple(backends[run.pk]), *scored.get(run.pk, ({}, "")), times[run.pk])
        for run in runs
    ]


def _scored(ids: Sequence[int]) -> dict[int, tuple[Mapping[str, Any], str]]:
    """The arms of each scored run and their unit, without the rest of a long summary."""
    done = Stage.objects.filter(run_id__in=ids, spec__kind="score", state="done")
    found = done.values_list("run_id", "summary__arms", "summary__unit")
    return {pk: (arms or {}, unit or "") for pk, arms, unit in found}


def answer_seconds(user: User) -> float | None:
    """How long people took to decide in the last 30 days, at the median; None where nobody has."""
    since = clock.now() - REMEMBERED
    votes = Decision.objects.filter(person__isnull=False, made_at__gte=since, request__in=requests_for(user))
    waits = votes.order_by("-id").values_list("request__asked_at", "made_at")[:SAMPLE_MAX]
    found = [(made - asked).total_seconds() for asked, made in waits]
    return median(found) if found else None


@dataclass(slots=True)
class _Tally:
    runs: int = 0
    accepted: int = 0
    seconds: list[float] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)


def track_record(user: User) -> dict[str, Record]:
    """By workflow: how this person's teams fared with it in the last 30 days."""
    since, tallies = clock.now() - REMEMBERED, defaultdict[str, _Tally](_Tally)
    going = runs_for(user).filter(ended_at=None, made_at__gte=since)
    for name in going.values_list("experiment__workflow", flat=True)[:SAMPLE_MAX]:
        tallies[name].runs += 1
    rows = outcomes_for(user).filter(made_at__gte=since).order_by("-made_at")
    columns = rows.values_list("workflow", "outcome", "made_at", "ended_at", "cost_micro")
    for name, outcome, made, ended, micro in columns[:SAMPLE_MAX]:
        tally = tallies[name]
        tally.runs += 1
        tally.accepted += outcome == RunState.ACCEPTED
        if outcome in (_R.ACCEPTED, _R.NOT_ACCEPTED, _R.DEGRADED):
            tally.seconds.append((ended - made).total_seconds())
            tally.costs += [micro] if micro else []
    return {name: _record(tally) for name, tally in tallies.items()}


def _record(tally: _Tally) -> Record:
    costs = sorted(tally.costs)
    return Record(
        runs=tally.runs,
        accepted=tally.accepted,
        seconds=median(tally.seconds) if tally.seconds else None,
        cost_low=costs[len(costs) // 10] if costs else None,
        cost=round(median(costs)) if costs else None,
        cost_high=costs[-1 - len(costs) // 10] if costs else None,
    )
