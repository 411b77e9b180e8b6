"""What the evidence page draws, each with the table behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hybridops.domain.helping import Rule
from hybridops.evidence.resampling import Estimate
from hybridops.evidence.verdict import Finding
from hybridops.experiments.findings import PairRow
from hybridops.web import fmt
from hybridops.web.figures import Arm, Arms, Figure, bars
from hybridops.web.figures.pairs import Dot, Pairs, paired
from hybridops.web.viewmodels import evidence as seen
from hybridops.web.viewmodels.evidence import QUANTUM, Measured, Rate

TABLE_MAX = 100
NAMES = {
    "heuristic": ("Plain heuristic", "cpu", "where the run started"),
    "random": ("Uniform random bits", "cpu", "same workflow, no circuit"),
    "ideal": ("Ideal simulator", "gpu", "same circuit, no noise"),
    "quantum": ("QPU", "qpu", "failed runs count as no gain"),
}
PAIR_HEAD = ("Run", "Data", "Ended", "Backend", "Best classical", "Random bits", "QPU", "Difference")


def pairs_figure(rule: Rule | None, found: Finding | None, rows: Sequence[PairRow]) -> Figure:
    """Plot a: does it beat the best classical solver?"""
    kept = [row for row in rows if seen.comparable(row)]
    against = found.against["baseline"] if found and found.count else None
    return paired(
        Pairs(
            dots=tuple(
                Dot(seen.over(row, "quantum") or 0.0, _words(row), row.quantum is None) for row in kept
            ),
            mean=None if against is None or against.estimate is None else -against.estimate,
            low=-against.high if against else None,
            high=-against.low if against else None,
            worth=-rule.delta if rule else None,
            bound=rule.bound if rule else 1.0,
            rows=tuple(pair_cells(row) for row in kept[-TABLE_MAX:]),
            head=PAIR_HEAD,
        )
    )


def _words(row: PairRow) -> str:
    gap = "no answer" if row.quantum is None else fmt.difference(seen.over(row, "quantum"), 2)
    return f"R-{row.run}, {row.name}, {row.backend}: {gap}"


def pair_cells(row: PairRow) -> tuple[str, ...]:
    """One pair in words."""
    values = (fmt.number(value) for value in (row.baseline, row.random))
    answer = "no answer" if row.quantum is None else fmt.number(row.quantum)
    gap = fmt.difference(seen.over(row, "quantum"), 2)
    return (f"R-{row.run}", row.name, fmt.day(row.ended_at), row.backend, *values, answer, gap)


def controls(rule: Rule, rows: Sequence[PairRow]) -> Figure:
    """Plot b: would something cheaper do the same?"""
    found = seen.beside(rule, tuple(rows))
    arms = [Arm("Best classical", "cpu", 0.0, note="the reference")]
    arms += [
        _arm(found[name], *NAMES[name], hot=name in ("random", "quantum")) for name in NAMES if name in found
    ]
    return bars(
        Arms(
            tuple(arms),
            "%",
            reference=0.0,
            worth=-100 * rule.delta,
            places=2,
            interval_words="95 % interval, valid at every look",
        )
    )


def _arm(one: Measured, name: str, kind: str, note: str, *, hot: bool) -> Arm:
    return Arm(name, kind, *_three(one.found), f"{note}, {fmt.number(one.count)} pairs", hot)


def _percent(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else 100 * value


def _three(found: Estimate) -> tuple[float | None, float | None, float | None]:
    return _percent(found.value), _percent(found.low), _percent(found.high)


def shares(rates: Sequence[Rate]) -> Figure:
    """Shares with Wilson's intervals."""
    arms = [
        Arm(
            rate.name,
            "qpu" if rate.name == QUANTUM else "cpu",
            *_three(Estimate(rate.value, *rate.ends)),
            note=f"{rate.note}{', ' if rate.note else ''}{fmt.number(rate.hits)} of {fmt.number(rate.count)}",
        )
        for rate in rates
        if rate.count
    ]
    return bars(
        Arms(
            tuple(arms),
            "%",
            places=0,
            lower_is_better=False,
            span=(0.0, 100.0),
            interval_words="Wilson's 95 % interval",
        )
    )


def stability(windows: Sequence[Measured]) -> Figure:
    """Plot c: the gap to the best classical solver by calibration."""
    arms = [
        Arm(
            one.name,
            "qpu",
            *_three(one.found),
            note=f"{fmt.number(one.count)} run{'' if one.count == 1 else 's'}",
        )
        for one in windows
    ]
    return bars(Arms(tuple(arms), "%", reference=0.0, places=2, interval_words="95 % interval, bootstrap"))
