"""What ended runs said, as evidence pages read it: pairs, what was left out, and the figures of ninety days.

Everything is of the teams whose runs this person sees, and read from Outcome alone: no summary is opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from hybridops.domain.states import RunState
from hybridops.experiments.outcome import AGAIN, IDEAL, PAIR, UNTRIED, Outcome, Tally
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission

PAIRS_MAX = 500  # the first ones; an interval that is not narrow by then does not become so
SEEN_MAX = 2_000  # values of one figure, the newest
LEFT_MAX = 200
_ARMS = ("quantum", "baseline", "random", "heuristic", "ideal")
_TRIED = (PAIR, AGAIN)


@dataclass(frozen=True, slots=True)
class PairRow:
    """The run that counts for one snapshot, and what all runs on it cost at the QPU, in micro-dollars.

    Objectives are None where an arm has no answer; `known` is the lowest that any arm of any run ever reached.
    `scale` names the arm of whose objective differences are a share.
    """

    run: int
    snapshot: int
    name: str
    provider: str
    backend: str
    outcome: str
    ended_at: datetime
    credit: str
    quantum: float | None
    baseline: float | None
    random: float | None
    heuristic: float | None
    ideal: float | None
    micro: int
    known: float | None
    scale: str = "baseline"

    @property
    def unit(self) -> float | None:
        """What a difference is a share of."""
        found: float | None = getattr(self, self.scale)
        return found


@dataclass(frozen=True, slots=True)
class LeftRow:
    """A run that is no pair, and why."""

    run: int
    name: str
    outcome: str
    ended_at: datetime
    why: str


def outcomes_for(user: User) -> QuerySet[Outcome]:
    """The ended runs of the teams whose runs this person sees."""
    return Outcome.objects.filter(team__in=_teams(user))


def tallies_for(user: User) -> QuerySet[Tally]:
    """The same, added up by definition and snapshot."""
    return Tally.objects.filter(team__in=_teams(user))


def _teams(user: User) -> list[int]:
    return list(teams_with(user, Permission.SEE_RUNS).values_list("pk", flat=True))


def pairs(user: User, definition: str, backend: str = "") -> list[PairRow]:
    """The first pairs of a signed definition, in the order their answers came; one a snapshot."""
    of = outcomes_for(user).filter(definition=definition)
    counted = of.filter(counts=PAIR, **({"backend": backend} if backend else {}))
    columns = ("run_id", "snapshot_id", "snapshot__name", "provider", "backend", "outcome", "ended_at")
    found: list[Any] = list(
        counted.order_by("ended_at", "run_id").values_list(*columns, "credit", *_ARMS)[: PAIRS_MAX + 1]
    )
    first: dict[int, Any] = {row[1]: row for row in reversed(found[:PAIRS_MAX])}
    tallies = tallies_for(user).filter(snapshot__in=list(first))
    spent, known = _spent(tallies.filter(definition=definition)), _known(tallies)
    rows = sorted(first.values(), key=lambda row: (row[6], row[0]))
    more = ((spent.get(row[1], 0), known.get(row[1])) for row in rows)
    return [PairRow(*(*row, *told)) for row, told in zip(rows, more, strict=True)]


def _spent(tallies: QuerySet[Tally]) -> dict[int, int]:
    rows = tallies.filter(counts__in=_TRIED).values_list("snapshot_id")
    return dict(rows.annotate(total=Sum("qpu_micro")))


def _known(tallies: QuerySet[Tally]) -> dict[int, float]:
    rows = tallies.filter(best__isnull=False).values_list("snapshot_id")
    return dict(rows.annotate(low=Min("best")))


def backends(user: User, definition: str) -> list[str]:
    """Where pairs of this definition ran."""
    rows = outcomes_for(user).filter(definition=definition, counts=PAIR).order_by("backend")
    return list(rows.values_list("backend", flat=True).distinct())


_WHY = {
    RunState.REFUSED: "it was declined or refused before anything was sent",
    RunState.EXPIRED: "nobody decided in time, and nothing was sent",
    RunState.CANCELLED: "it was cancelled before anything was sent",
    RunState.FAILED: "it failed before anything was sent",
    RunState.DEGRADED: "it was answered classically, and nothing was sent",
}


def left_counts(user: User, definition: str) -> dict[str, int]:
    """How many runs are no pair, by why."""
    rows = (
        tallies_for(user).filter(definition=definition).exclude(counts=PAIR).values_list("counts", "outcome")
    )
    found: dict[str, int] = defaultdict(int)
    for counts, outcome, count in rows.annotate(n=Sum("runs")):
        found[_why(counts, outcome)] += count
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def left_rows(user: User, definition: str, most: int = LEFT_MAX) -> list[LeftRow]:
    """The newest runs that are no pair."""
    rows = outcomes_for(user).filter(definition=definition).exclude(counts=PAIR).order_by("-run_id")
    columns = rows.values_list("run_id", "snapshot__name", "outcome", "ended_at", "counts")
    return [LeftRow(*row[:4], _why(row[4], row[2])) for row in columns[:most]]


def _why(counts: str, outcome: str) -> str:
    if counts == UNTRIED:
        return _WHY.get(RunState(outcome), "nothing was sent")
    if counts == IDEAL:
        return "it ran on a simulator without noise, which is a control of its own"
    return "an earlier run on the same data counts, and never the best of several"


def repeats(user: User, definition: str) -> list[tuple[int, str, str, float, float, bool]]:
    """Answered runs that a QPU had a part in, the newest first: snapshot, name, calibration with backend, gap to the
    best classical solver as a share, seconds from submit to end, and whether it was accepted.
    """
    rows = outcomes_for(user).filter(definition=definition, counts__in=_TRIED, quantum__isnull=False)
    rows = rows.exclude(baseline=None).exclude(baseline=0.0).order_by("-run_id")
    columns = rows.values_list(
        "snapshot_id", "snapshot__name", "backend", "calibration", "quantum", "baseline", "made_at", "ended_at",
        "outcome",
    )  # fmt: skip
    return [
        (
            pk,
            name,
            f"{backend} {calibration[:8]}",
            (quantum - mark) / abs(mark),
            (end - made).total_seconds(),
            outcome == RunState.ACCEPTED,
        )
        for pk, name, backend, calibration, quantum, mark, made, end, outcome in columns[:SEEN_MAX]
        if quantum is not None and mark
    ]


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over the ended runs of a workflow that were submitted in a period. Money in micro-dollars."""

    runs: int = 0
    accepted: int = 0
    tried: int = 0
    fell_back: int = 0
    retried: int = 0
    retries: int = 0
    sent: int = 0
    returned: int = 0
    errors: int = 0
    whole: int = 0
    dated: int = 0
    late: int = 0
    cost_micro: int = 0
    qpu_micro: int = 0


def period(user: User, workflow: str, since: datetime, until: datetime) -> QuerySet[Outcome]:
    """The ended runs of a workflow that were submitted from `since` on and before `until`."""
    return outcomes_for(user).filter(workflow=workflow, made_at__gte=since, made_at__lt=until)


def totals(rows: QuerySet[Outcome]) -> Totals:
    """One question for all of them."""
    summed = ("retries", "sent", "returned", "errors", "whole", "cost_micro", "qpu_micro")
    found: Mapping[str, Any] = rows.aggregate(
        runs=Count("pk"),
        accepted=Count("pk", filter=Q(outcome=RunState.ACCEPTED)),
        tried=Count("pk", filter=Q(sent__gt=0)),
        fell=Count("pk", filter=Q(fell_back=True)),
        retried=Count("pk", filter=Q(retries__gt=0)),
        dated=Count("pk", filter=Q(late__isnull=False)),
        lates=Count("pk", filter=Q(late=True)),
        **{f"sum_{name}": Sum(name, default=0) for name in summed},
    )
    sums = {name: found[f"sum_{name}"] for name in summed}
    plain = {name: found[name] for name in ("runs", "accepted", "tried", "retried", "dated")}
    return Totals(**plain, **sums, fell_back=found["fell"], late=found["lates"])


def instances(user: User, definition: str) -> list[tuple[int, int, int]]:
    """The same as `by_instance`, of all ended runs of a signed definition."""
    accepted = Sum("runs", filter=Q(outcome=RunState.ACCEPTED), default=0)
    rows = tallies_for(user).filter(definition=definition).order_by().values_list("snapshot_id")
    grouped = rows.annotate(micro=Sum("cost_micro"), n=Sum("runs"), hits=accepted)
    return [(micro, count, hits) for _, micro, count, hits in grouped]


def by_instance(rows: QuerySet[Outcome]) -> list[tuple[int, int, int]]:
    """(micro-dollars, runs, accepted) of each snapshot."""
    grouped = rows.order_by().values_list("snapshot_id").annotate(
        micro=Sum("cost_micro"), n=Count("pk"), hits=Count("pk", filter=Q(outcome=RunState.ACCEPTED))
    )  # fmt: skip
    return [(micro, count, hits) for _, micro, count, hits in grouped]


def waits(rows: QuerySet[Outcome]) -> list[float]:
    """Seconds in the queues of the newest runs that were sent."""
    known = rows.filter(wait_seconds__isnull=False).order_by("-made_at")
    return [wait for wait in known.values_list("wait_seconds", flat=True)[:SEEN_MAX] if wait is not None]


def gaps(rows: QuerySet[Outcome]) -> dict[int, list[float]]:
    """Of each snapshot the answers over the best classical one, as shares, for the newest runs."""
    answered = rows.filter(counts__in=_TRIED, quantum__isnull=False).exclude(baseline=None)
    found: dict[int, list[float]] = defaultdict(list)
    named = answered.exclude(baseline=0.0).order_by("-made_at").annotate(over=F("quantum") - F("baseline"))
    for snapshot, over, mark in named.values_list("snapshot_id", "over", "baseline")[:SEEN_MAX]:
        if mark:
            found[snapshot].append(over / abs(mark))
    return dict(found)
