"""The figures of the 90-day benchmark report, each defined here and nowhere else: docs/figures.md says how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from hybridops.domain.states import RunState
from hybridops.evidence.resampling import Estimate
from hybridops.evidence.spread import quantile, within
from hybridops.experiments import findings
from hybridops.experiments.findings import Totals
from hybridops.experiments.outcome import Outcome
from hybridops.web import fmt
from hybridops.web.viewmodels import evidence as seen
from hybridops.web.viewmodels.evidence import SEED, Rate

IN_TIME = 0.95  # of the runs with a deadline: what the objective promises


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: `value` with its 95 % interval over `count` things, in words, and what `unit` the numbers have.

    `value` is None where the records have nothing to say; `spent` is told instead where money bought nothing.
    """

    key: str
    name: str
    count: int
    of: str
    found: Estimate
    unit: str
    means: str
    spent: float | None = None
    nothing: str = "none accepted"

    @property
    def shown(self) -> str:
        if self.found.value is None:
            return f"{fmt.money(self.spent)} spent, {self.nothing}" if self.spent else "not known"
        return _words(self.found.value, self.unit)

    @property
    def interval(self) -> str:
        if self.found.value is None and self.spent is None:
            return fmt.NOT_APPLICABLE
        low = _words(max(0.0, self.found.low), self.unit)
        return (
            f"{low} or more" if self.found.high is None else f"{low} to {_words(self.found.high, self.unit)}"
        )


def _words(value: float, unit: str) -> str:
    written: Mapping[str, Callable[[float], str]] = {
        "share": fmt.error_rate,
        "seconds": fmt.duration,
        "usd": fmt.money,
        "times": fmt.ratio,
    }
    return written[unit](value)


# Which runs stand behind a figure: every one opens its list.
BEHIND: Mapping[str, Q] = {
    "wait": Q(wait_seconds__isnull=False),
    "wait90": Q(wait_seconds__isnull=False),
    "circuits": Q(sent__gt=0) & ~Q(whole=F("sent")),
    "variance": Q(quantum__isnull=False),
    "fallback": Q(fell_back=True),
    "cost": Q(cost_micro__gt=0),
    "per_run": Q(cost_micro__gt=0),
    "accepted": Q(outcome=RunState.ACCEPTED),
    "submissions": Q(sent__gt=0) & ~Q(returned=F("sent")),
    "errors": Q(errors__gt=0),
    "retries": Q(retries__gt=0),
    "burn": Q(late=True),
}


def lines(rows: QuerySet[Outcome]) -> list[Line]:
    """All figures over the ended runs in `rows`: the five of the report first."""
    told = findings.totals(rows)
    waits, gaps, groups = findings.waits(rows), findings.gaps(rows), findings.by_instance(rows)
    spread, instances, repeats = within(gaps, seed=SEED)
    return [
        Line(
            "wait", "Queue latency, median", len(waits), "runs that were sent", quantile(waits, 0.5), "seconds",
            "from sending to the first sight of it running, all submissions of a run together",
        ),
        Line(
            "wait90", "Queue latency, 9 in 10", len(waits), "runs that were sent", quantile(waits, 0.9), "seconds",
            "nine in ten runs waited at most this long",
        ),
        _rate("circuits", "Circuit success", told.whole, told.sent, "submissions", "came back with every shot asked"),
        Line(
            "variance", "Result variance", repeats, f"runs on the same {fmt.number(instances)} data sets", spread,
            "share", "standard deviation between runs on the same data, over the best classical objective",
        ),
        _rate(
            "fallback", "Fallback frequency", told.fell_back, told.runs, "ended runs",
            "were answered classically in place of a QPU",
        ),
        _cost(told, groups),
        _per_run(told, groups),
        _rate("accepted", "Accepted", told.accepted, told.runs, "ended runs", "kept the signed acceptance rule"),
        _rate(
            "submissions", "Submission success", told.returned, told.sent, "submissions", "came back with a result"
        ),
        _rate("errors", "Backend errors", told.errors, told.sent, "submissions", "were refused or failed there"),
        _rate(
            "retries", "Runs with a retry", told.retried, told.runs, "ended runs",
            f"lost a worker or had to be looked up; {fmt.number(told.retries)} times in all",
        ),
        _burn(told),
    ]  # fmt: skip


def _rate(key: str, name: str, hits: int, count: int, of: str, means: str) -> Line:
    rate = Rate(name, hits, count)
    return Line(key, name, count, of, Estimate(rate.value, *rate.ends), "share", means)


def _cost(told: Totals, groups: Sequence[tuple[int, int, int]]) -> Line:
    found = seen.cost(groups)
    spent = told.cost_micro / 1_000_000
    value = spent / told.accepted if told.accepted else None
    estimate = Estimate(value, found.low, found.high) if found else Estimate(value, 0.0, None)
    means = f"{fmt.money(spent)} of every attempt over {fmt.number(told.accepted)} accepted"
    return Line(
        "cost", "Cost per accepted solution", told.runs, "ended runs", estimate, "usd", means, spent or None
    )


def _per_run(told: Totals, groups: Sequence[tuple[int, int, int]]) -> Line:
    """Every run bought itself: the same sums, with the runs in place of the accepted ones."""
    found = seen.cost([(micro, runs, runs) for micro, runs, _ in groups])
    value = told.cost_micro / 1_000_000 / told.runs if told.runs else None
    estimate = Estimate(value, found.low, found.high) if found else Estimate(value, 0.0, None)
    return Line(
        "per_run",
        "Cost per run",
        told.runs,
        "ended runs",
        estimate,
        "usd",
        "every attempt over all that ended",
    )


def _burn(told: Totals) -> Line:
    rate, allowed = Rate("", told.late, told.dated), 1 - IN_TIME
    value = None if rate.value is None else rate.value / allowed
    ends = (end / allowed for end in rate.ends)
    means = (
        f"late runs over the {allowed:.0%} that may be late; above one the promise of {IN_TIME:.0%} is broken"
    )
    return Line(
        "burn", "SLO burn", told.dated, "runs with a deadline", Estimate(value, *ends), "times", means
    )


@dataclass(frozen=True, slots=True)
class Behind:
    """A run behind a figure."""

    run: int
    title: str
    outcome: str
    backend: str
    wait_seconds: float | None
    cost_micro: int


def behind(rows: QuerySet[Outcome], key: str, most: int) -> tuple[list[Behind], int]:
    """The newest runs behind a figure, and how many there are."""
    found = rows.filter(BEHIND[key])
    columns = ("run_id", "run__experiment__title", "outcome", "backend", "wait_seconds", "cost_micro")
    return [Behind(*row) for row in found.order_by("-made_at").values_list(*columns)[:most]], found.count()
