"""Whether one of two classifiers is right more often on the same points: McNemar's test and a paired interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hybridops.evidence.rates import wilson

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Paired:
    """Two classifiers on the same points: `only_first` right where the second is wrong, and the other way round.

    `difference` of their shares right with the 95 % interval `low` to `high`; `chance` is McNemar's exact p-value.
    """

    count: int
    only_first: int
    only_second: int
    difference: float
    low: float
    high: float
    chance: float

    @property
    def shown(self) -> bool:
        """A difference is shown only where both the test and the interval say so."""
        return self.chance < LEVEL and not self.low <= 0 <= self.high


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Which of two was right, point by point. Interval: Newcombe's tenth method (Stat. Med. 17 (1998) 2635)."""
    pairs = list(zip(first, second, strict=True))
    both, neither = (sum(a == b == value for a, b in pairs) for value in (True, False))
    ahead, behind = (sum(a == value and b != value for a, b in pairs) for value in (True, False))
    count = len(pairs)
    low, high = _newcombe(both, ahead, behind, neither) if count else (-1.0, 1.0)
    difference = (ahead - behind) / count if count else 0.0
    return Paired(count, ahead, behind, difference, low, high, mcnemar(ahead, behind))


def mcnemar(ahead: int, behind: int) -> float:
    """The exact two-sided p-value of so many disagreements either way."""
    tail = sum(math.comb(ahead + behind, k) for k in range(min(ahead, behind) + 1))
    return min(1.0, 2 * tail / float(2 ** (ahead + behind)))


def _newcombe(both: int, ahead: int, behind: int, neither: int) -> tuple[float, float]:
    count = both + ahead + behind + neither
    one, two = (both + ahead) / count, (both + behind) / count
    (low1, high1), (low2, high2) = wilson(both + ahead, count), wilson(both + behind, count)
    link = _link(both, ahead, behind, neither)
    down = _reach(one - low1, high2 - two, link)
    up = _reach(high1 - one, two - low2, link)
    return one - two - down, one - two + up


def _reach(first: float, second: float, link: float) -> float:
    return math.sqrt(max(0.0, first * first - 2 * link * first * second + second * second))


def _link(both: int, ahead: int, behind: int, neither: int) -> float:
    """The correlation of the two, towards 0 by half a count, 0 where a margin is empty."""
    margins = (both + ahead) * (behind + neither) * (both + behind) * (ahead + neither)
    if not margins:
        return 0.0
    cross = float(both * neither - ahead * behind)
    if cross > 0:
        cross = max(0.0, cross - (both + ahead + behind + neither) / 2)
    return cross / math.sqrt(margins)
