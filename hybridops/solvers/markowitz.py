"""Choosing exactly K of N assets at equal weights: mean and variance (Markowitz 1952; Chang et al. 2000).

For the set S of K assets, each with 1/K of the money at the start of every period, what is minimised is

    periods * 10^4 * (share * variance - (1 - share) * mean)

with the mean and the variance of one period's return: basis points a year. `share` is lambda, from 0 (return
only) to 1 (risk only). Without the factors in front this is the OR-Library model at equal weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import Floats
from hybridops.solvers.qubo import Qubo

BASIS_POINTS = 1e4
ASSETS_MAX = 225


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """`mean` (n,) and `covariance` (n, n) are of one period's simple return; `periods` of them make a year.

    `returns` (t, n) where prices were given: mean and covariance (divisor t - 1) are theirs. None for a file
    of moments.
    """

    name: str
    labels: tuple[str, ...]
    mean: Floats
    covariance: Floats
    periods: int
    returns: Floats | None

    @property
    def assets(self) -> int:
        return len(self.labels)


def moments(market: Market, chosen: Iterable[int]) -> tuple[float, float]:
    """Mean and variance of one period's return of the assets `chosen` at equal weights.

    From the returns where there are any, not from the covariance that solvers use; every sum is rounded once.
    """
    picked = sorted(chosen)
    k = len(picked)
    if market.returns is None:
        mean = fsum(market.mean[picked].tolist()) / k
        return mean, fsum(market.covariance[np.ix_(picked, picked)].ravel().tolist()) / k**2
    path = [fsum(row) / k for row in market.returns[:, picked].tolist()]
    mean = fsum(path) / len(path)
    return mean, fsum((value - mean) ** 2 for value in path) / (len(path) - 1)


def objective(market: Market, chosen: Sequence[int], assets: int, share: float) -> float:
    """What is minimised, in basis points a year; raises BadInput unless `chosen` are `assets` different ones."""
    if len(chosen) != assets or len(set(chosen)) != assets or not set(chosen) <= set(range(market.assets)):
        raise BadInput(f"expected {assets} different assets of {market.assets}", field="assets")
    mean, variance = moments(market, chosen)
    return market.periods * BASIS_POINTS * (share * variance - (1 - share) * mean)


def yearly(market: Market, chosen: Sequence[int]) -> dict[str, float]:
    """Return and volatility a year as shares: mean times periods, standard deviation times their root."""
    mean, variance = moments(market, chosen)
    return {
        "return": market.periods * mean,
        "volatility": float(np.sqrt(market.periods * max(0.0, variance))),
    }


def selection_qubo(market: Market, assets: int, share: float) -> Qubo:
    """The same cost on bits (n,) where exactly `assets` of them are 1; nothing here makes them so many."""
    scale = market.periods * BASIS_POINTS
    risk = scale * share / assets**2
    linear = risk * np.diag(market.covariance) - scale * (1 - share) / assets * market.mean
    return Qubo(0.0, linear, np.triu(2 * risk * market.covariance, k=1))


def greedy(qubo: Qubo, ones: int) -> list[int]:
    """One asset after the other, each time the one that costs least beside those chosen; the first of equals.

    The cost is that of the full choice of `ones` from the start: weights do not change on the way.
    """
    pull, slope, chosen = qubo.symmetric(), qubo.linear.copy(), list[int]()
    for _ in range(ones):
        slope[chosen] = np.inf
        chosen.append(int(slope.argmin()))
        slope = slope + pull[chosen[-1]]
    return sorted(chosen)
