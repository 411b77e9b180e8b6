"""An interval for a mean that stays valid however often it is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.evidence.resampling import Floats, numbers

_NODES = 32
_STEPS = 30  # halvings: a billionth of the range
# Shares of the stake, spread as Beta(1/2, 1/2) by the nodes of Gauss and Chebyshev.
_STAKES = np.sin((2 * np.arange(_NODES) + 1) * math.pi / (4 * _NODES)) ** 2


def interval(
    values: Sequence[float] | Floats, *, low: float, high: float, level: float = 0.95
) -> tuple[float, float]:
    """Where the mean of values within [low, high] lies, with `level`, at all looks together.

    `values` (n,) in the order they came. Somebody who looked after each value, and stopped whenever they liked,
    was wrong once or more with a chance of at most 1 - level. For every candidate mean a gambler bets that values
    lie above it, another that they lie below, in games that are fair or worse for them if it is right; a candidate
    is out once either has multiplied the stake by 2 / (1 - level) (Ville's inequality). The bets are an even
    mixture of fixed stakes spread as in Cover's universal portfolio: Waudby-Smith and Ramdas, JRSSB 86 (2024) 1;
    Orabona and Jun, IEEE Trans. Inf. Theory 70 (2024) 436.

    It holds at any n, without normality or a known variance, if the expectation of each value, given those before
    it, is the mean. An end alone asks for less: the lower one is right with (1 + level) / 2 if no expectation
    exceeds the mean. Ends are those of all looks up to now, so it never widens as values come. It can turn
    inside out (first end above second) where the expectation drifts: then no one mean fits. With no values it is
    (low, high). Raises BadInput for values outside or not numbers, or an empty range.
    """
    found = numbers(values, "values")
    if not (math.isfinite(low) and math.isfinite(high) and low < high and 0 < level < 1):
        raise BadInput("The range needs a low end below its high end, and a level between 0 and 1.")
    if ((found < low) | (found > high)).any():
        raise BadInput(f"A value lies outside {low:g} to {high:g}: clip the values to the range first.")
    share = np.clip((found - low) / (high - low), 0.0, 1.0)
    target = math.log(2 / (1 - level))
    return low + (high - low) * _refuted(share, target), high - (high - low) * _refuted(1 - share, target)


def _refuted(share: Floats, target: float) -> float:
    """The mean below which every one was refuted at some look. What a gambler wins falls as the mean rises."""
    out, left = 0.0, 1.0
    for _ in range(_STEPS if share.any() else 0):
        middle = (out + left) / 2
        if _won(share, middle) >= target:
            out = middle
        else:
            left = middle
    return out


def _won(share: Floats, mean: float) -> float:
    """The log of the most that the gambler ever had who bets on more than `mean`, from a stake of one."""
    logs = np.log1p(np.outer(share / mean - 1, _STAKES)).cumsum(axis=0)
    most = float(logs.max())
    return most + math.log(float(np.exp(logs - most).mean(axis=1).max()))
