"""What counts leave open about one share: the intervals of Wilson and of Jeffreys. Zero hits never mean zero chance."""

from __future__ import annotations

import math

from hybridops.domain.errors import BadInput

_Z = 1.959963984540054  # 95 %, two-sided
_TAIL = 0.025


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, for counts of runs (Wilson, JASA 22 (1927) 209); all of it with no count.

    With no hits the upper end is z² / (count + z²), about 3.84 / count. Raises BadInput unless 0 <= hits <= count.
    """
    _counted(hits, count)
    if not count:
        return 0.0, 1.0
    share, square = hits / count, _Z * _Z
    middle = share + square / (2 * count)
    reach = _Z * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    whole = 1 + square / count
    low = (middle - reach) / whole if hits else 0.0  # rounding leaves a little more or less
    return low, (middle + reach) / whole if hits < count else 1.0


def jeffreys(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a small chance, as of one shot (Brown, Cai and DasGupta, Stat. Sci. 16 (2001) 101).

    Equal tails of Beta(hits + 1/2, count - hits + 1/2); the lower end is 0 with no hits, the upper 1 with all.
    Raises BadInput unless 0 <= hits <= count.
    """
    from scipy.stats import beta  # slow to load, and pages that count runs do without

    _counted(hits, count)
    left = beta(hits + 0.5, count - hits + 0.5)
    low = 0.0 if not hits else float(left.ppf(_TAIL))
    high = 1.0 if hits == count else float(left.ppf(1 - _TAIL))
    return low, high


def within(chance: float, shots: int) -> float:
    """The chance that at least one of `shots` independent shots is accepted, each with `chance`."""
    if not 0 <= chance <= 1 or shots < 0:
        raise BadInput("A chance is a number from 0 to 1 and shots are not negative: check what was counted.")
    return 1.0 if chance == 1 and shots else -math.expm1(shots * math.log1p(-chance)) if shots else 0.0


def _counted(hits: int, count: int) -> None:
    if not 0 <= hits <= count:
        raise BadInput(f"There are {hits} hits of {count}: hits are whole, not negative, and at most all.")
