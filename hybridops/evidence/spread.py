"""Quantiles, means and the spread of repeats, each with a 95 % interval that fits how the numbers came about."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.evidence.resampling import Estimate, Floats, draws, ends, numbers

_Z = 1.959963984540054  # 95 %, two-sided
_RESAMPLES = 2_000  # of what pages show beside other figures: the ends move by less than is printed
_CLUSTERS_MAX = 300


def quantile(values: Sequence[float], share: float) -> Estimate:
    """The order statistic below which `share` of the values (n,) lie, with ends that are order statistics too.

    Ranks are n share -+ 1.96 sqrt(n share (1 - share)), so nothing is assumed of the distribution; `high` is None
    where the rank is past the last value. `value` is None without values.
    """
    if not 0 < share < 1:
        raise BadInput("A quantile lies between 0 and 1, such as 0.5 for the median.")
    found = np.sort(numbers(values, "values"))
    count = len(found)
    if not count:
        return Estimate(None, 0.0, None)
    reach = _Z * math.sqrt(count * share * (1 - share))
    below, above = math.floor(count * share - reach), math.ceil(count * share + reach)
    middle = float(found[max(0, math.ceil(count * share) - 1)])
    return Estimate(
        middle, float(found[max(0, below - 1)]), float(found[above - 1]) if above <= count else None
    )


def mean(values: Sequence[float], *, seed: int) -> Estimate:
    """The mean of values (n,) and its bootstrap interval; no limit above below two values, None without any."""
    found = numbers(values, "values")
    if len(found) < 2:
        only = float(found[0]) if len(found) else None
        return Estimate(only, -math.inf if only is None else only, only)
    low, high = ends(found[draws(len(found), seed, _RESAMPLES)].mean(axis=1))
    return Estimate(float(found.mean()), low, high)


def within(groups: Mapping[int, Sequence[float]], *, seed: int) -> tuple[Estimate, int, int]:
    """The standard deviation of repeats of the same thing: pooled inside groups, never between them.

    Also how many groups of two or more there are, and how many values in them. The interval draws groups.
    """
    several = [numbers(values, "values") for values in groups.values() if len(values) > 1]
    if not several:
        return Estimate(None, 0.0, None), 0, 0
    squares = np.array([float(((one - one.mean()) ** 2).sum()) for one in several])
    free = np.array([float(len(one) - 1) for one in several])
    value = math.sqrt(squares.sum() / free.sum())
    count = int(free.sum()) + len(several)
    if len(several) < 2:
        return Estimate(value, 0.0, None), len(several), count
    squares, free = clustered(squares, free)
    drawn = draws(len(free), seed, _RESAMPLES)
    low, high = ends(np.sqrt(squares[drawn].sum(axis=1) / free[drawn].sum(axis=1)))
    return Estimate(value, low, high), len(several), count


def clustered(*rows: Floats) -> tuple[Floats, ...]:
    """Rows (n,) added up to at most three hundred, each made of whole ones, so that they can be drawn quickly."""
    count = len(rows[0])
    if count <= _CLUSTERS_MAX:
        return rows
    where = np.arange(count) % _CLUSTERS_MAX
    return tuple(np.bincount(where, weights=row, minlength=_CLUSTERS_MAX) for row in rows)
