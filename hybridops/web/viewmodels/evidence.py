"""From ended runs to what the evidence page says: the verdict, each arm beside the best classical solver, and rates.

The statistics are of `hybridops.evidence`; here they are only given their numbers. They are kept by their input, so
that a page that is read again does not draw ten thousand samples again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hybridops.domain.helping import LEVEL, Rule
from hybridops.domain.money import from_micro
from hybridops.domain.states import RunState
from hybridops.evidence.costs import PerAccepted, Spending, per_accepted
from hybridops.evidence.rates import wilson
from hybridops.evidence.resampling import Estimate
from hybridops.evidence.sequential import interval
from hybridops.evidence.spread import clustered, mean, within
from hybridops.evidence.times import tts99
from hybridops.evidence.verdict import ARMS, Finding, Pair, verdict
from hybridops.experiments.findings import PairRow

SEED = 20261129  # the same runs give the same figures
INSTANCES_MAX = 8
WINDOWS_MAX = 8
REPEATS_MAX = 60  # the newest runs of one instance
QUANTUM = "Quantum samples"
BESIDE = ("heuristic", "random", "ideal", "quantum")

type Repeat = tuple[int, str, str, float, float, bool]  # as `findings.repeats` has it


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, with Wilson's 95 % interval."""

    name: str
    hits: int
    count: int
    note: str = ""

    @property
    def value(self) -> float | None:
        return self.hits / self.count if self.count else None

    @property
    def ends(self) -> tuple[float, float]:
        return wilson(self.hits, self.count)


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing measured several times: `count` values behind the estimate."""

    name: str
    count: int
    hits: int
    found: Estimate


def pair_of(row: PairRow) -> Pair:
    """As the verdict wants it. Its dollars are those of every attempt on this data."""
    reached = {name: getattr(row, name) for name in ARMS}
    return Pair(f"R-{row.run}", row.name, reached, float(from_micro(row.micro)))


def finding(rule: Rule, rows: Sequence[PairRow]) -> Finding:
    return _finding(rule, tuple(rows))


@lru_cache(64)
def _finding(rule: Rule, rows: tuple[PairRow, ...]) -> Finding:
    return verdict(rule, [pair_of(row) for row in rows])


def comparable(row: PairRow) -> bool:
    """Whether a pair can be compared at all: the same as the verdict asks."""
    return bool(row.unit) and row.baseline is not None and row.random is not None


def over(row: PairRow, arm: str) -> float | None:
    """How far an arm lies above the best classical solver, as a share of the rule's scale; below zero it is better.

    Zero for a QPU without an answer: no improvement.
    """
    value, mark, unit = getattr(row, arm), row.baseline, row.unit
    if mark is None or not unit or (value is None and arm != "quantum"):
        return None
    return 0.0 if value is None else (value - mark) / abs(unit)


@lru_cache(64)
def beside(rule: Rule, rows: tuple[PairRow, ...]) -> dict[str, Measured]:
    """Each arm's mean above the best classical solver, clipped by the rule, valid at every look."""
    found = {}
    for arm in BESIDE:
        values = [max(-rule.bound, min(rule.bound, value)) for value in _known(rows, arm)]
        if values:
            low, high = interval(values, low=-rule.bound, high=rule.bound, level=LEVEL)
            middle = Estimate(sum(values) / len(values), low, high)
            found[arm] = Measured(arm, len(values), 0, middle)
    return found


def _known(rows: Sequence[PairRow], arm: str) -> list[float]:
    return [value for row in rows if comparable(row) and (value := over(row, arm)) is not None]


def rates(rows: Sequence[PairRow]) -> list[Rate]:
    """What became of the pairs. A failed one is in every count and in none of the hits."""
    kept = [row for row in rows if comparable(row)]

    def share(name: str, is_hit: Callable[[PairRow], bool]) -> Rate:
        return Rate(name, sum(map(is_hit, kept)), len(kept))

    return [
        share("Accepted", lambda row: row.outcome == RunState.ACCEPTED),
        share("Beats best classical", lambda row: _beats(row, row.baseline)),
        share("Beats the heuristic", lambda row: _beats(row, row.heuristic)),
        share("Beats random bits", lambda row: _beats(row, row.random)),
        share("Beats the ideal circuit", lambda row: _beats(row, row.ideal)),
        share("No answer", lambda row: row.quantum is None),
    ]


def earned(rows: Sequence[PairRow]) -> list[Rate]:
    """Which part earned the answers."""
    kept = [row for row in rows if comparable(row)]
    parts = {
        "quantum samples": (QUANTUM, "random bits stayed behind"),
        "post-processing": ("Local search", "random bits reached it too"),
        "nobody": ("Nobody", "no better than the start"),
        "": ("No answer", "counted as no gain"),
    }
    told = ["" if row.quantum is None else row.credit or "nobody" for row in kept]
    return [Rate(words, told.count(name), len(kept), note) for name, (words, note) in parts.items()]


def _beats(row: PairRow, mark: float | None) -> bool:
    return row.quantum is not None and mark is not None and row.quantum < mark


def known_gap(rows: Sequence[PairRow]) -> Measured:
    """How far the answers lie above the best that any arm of any run ever reached on the same data."""
    gaps = [
        (row.quantum - row.known) / abs(row.known) for row in rows if row.quantum is not None and row.known
    ]
    return Measured("best known", len(gaps), sum(gap <= 0 for gap in gaps), _mean(tuple(gaps)))


@lru_cache(256)
def _mean(values: tuple[float, ...]) -> Estimate:
    return mean(values, seed=SEED)


def windows(repeats: Sequence[Repeat]) -> list[Measured]:
    """The mean gap to the best classical solver in each calibration window, the newest windows first."""
    found: dict[str, list[float]] = defaultdict(list)
    for _, _, where, gap, _, _ in repeats:
        found[where].append(gap)
    newest = list(found.items())[:WINDOWS_MAX]
    return [Measured(where, len(gaps), 0, _mean(tuple(gaps))) for where, gaps in newest]


@lru_cache(64)
def spread(repeats: tuple[Repeat, ...]) -> tuple[Estimate, int, int]:
    """The standard deviation between runs on the same data, as a share of the best classical objective."""
    found: dict[int, list[float]] = defaultdict(list)
    for snapshot, _, _, gap, _, _ in repeats:
        found[snapshot].append(gap)
    return within(found, seed=SEED)


@lru_cache(64)
def times(repeats: tuple[Repeat, ...]) -> list[Measured]:
    """Seconds until an accepted answer with 99 %, of the instances that were run most often."""
    found: dict[int, list[Repeat]] = defaultdict(list)
    for row in repeats:
        found[row[0]].append(row)
    several = sorted((rows for rows in found.values() if len(rows) > 1), key=lambda rows: -len(rows))
    return [_time(rows[:REPEATS_MAX]) for rows in several[:INSTANCES_MAX]]


def _time(rows: Sequence[Repeat]) -> Measured:
    seconds, hits = [max(row[4], 1e-3) for row in rows], [row[5] for row in rows]
    return Measured(rows[0][1], len(rows), sum(hits), tts99(seconds, hits, seed=SEED))


def cost(groups: Sequence[tuple[int, int, int]]) -> PerAccepted | None:
    """Dollars an accepted solution, everything that was spent loaded in; None where too little was run."""
    return _cost(tuple(sorted(groups))) if len(groups) > 1 else None


@lru_cache(64)
def _cost(groups: tuple[tuple[int, int, int], ...]) -> PerAccepted:
    import numpy as np

    micro, runs, accepted = clustered(
        *(np.array(column, dtype=float) for column in zip(*groups, strict=True))
    )
    return per_accepted(Spending(micro / 1_000_000, runs, accepted), seed=SEED)
