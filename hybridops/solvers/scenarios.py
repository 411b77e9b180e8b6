"""Monte Carlo of portfolios over a horizon: value at risk and expected shortfall, many portfolios side by side.

One period's returns of all assets are normal with the given mean and covariance, periods are independent, and
weights are set again each period (Glasserman 2003, ch. 9; Rockafellar, Uryasev 2000 for the shortfall). Real
returns have fatter tails: these numbers compare portfolios, they do not promise a floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.arrays import to_numpy
from hybridops.solvers.problem import Floats

LEVEL = 0.95
BATCH = 1_024
_SINGULAR = 1e-10  # of the mean variance: what lies under it is rounding, not risk
_SHRINK = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """Losses over the horizon as shares of the money at its start, negative where even the tail gains.

    `value_at_risk` and `shortfall` (c,) at LEVEL. `shrinkage` is the share of the covariance that gave way to its
    mean variance times the identity, 0 where it was regular. `nbytes` is what the arrays took at most.
    """

    value_at_risk: Floats
    shortfall: Floats
    scenarios: int
    periods: int
    shrinkage: float
    nbytes: int


def simulate(
    mean: Floats,
    covariance: Floats,
    weights: Floats,
    *,
    periods: int,
    scenarios: int,
    seed: int | list[int],
    xp: Any = np,
) -> Tails:
    """The tails of the portfolios `weights` (c, n) over `periods`, float64, the same for the same seed and library.

    O(scenarios periods n c) time. 8 (BATCH (2 n + 3 c) + 2 c scenarios + 3 n^2 + 2 n c) bytes, as `nbytes` says.
    Raises BadInput without a portfolio, a period or a scenario.
    """
    if not len(weights) or periods < 1 or scenarios < 1:
        raise BadInput("Ask for at least one portfolio, one period and one scenario.")
    factor, shrinkage = regular_factor(covariance)
    drift, spread = (xp.asarray(part) for part in (weights @ mean, (weights @ factor).T.copy()))
    normal = _normals(seed, xp)
    losses = []
    for first in range(0, scenarios, BATCH):
        wealth = xp.ones((min(BATCH, scenarios - first), len(weights)), dtype=xp.float64)
        for _ in range(periods):
            wealth = wealth * (1 + drift + normal((wealth.shape[0], len(mean))) @ spread)
        losses.append(1 - wealth)
    ranked = xp.sort(xp.concat(losses), axis=0)
    at = ceil(LEVEL * scenarios) - 1
    n, c = len(mean), len(weights)
    return Tails(
        value_at_risk=to_numpy(ranked[at, :]),
        shortfall=to_numpy(xp.mean(ranked[at:, :], axis=0)),
        scenarios=scenarios,
        periods=periods,
        shrinkage=shrinkage,
        nbytes=8 * (min(BATCH, scenarios) * (2 * n + 3 * c) + 2 * c * scenarios + 3 * n * n + 2 * n * c),
    )


def regular_factor(covariance: Floats) -> tuple[Floats, float]:
    """L (n, n) with L L' the covariance, and the share of it that was shrunk towards its mean variance to get there.

    Nothing is shrunk where the covariance is regular. A singular one (fewer returns than assets, twins) is mixed
    with the identity times its mean variance, 0.1 % first, ten times as much until it is regular (Ledoit, Wolf
    2004, with a fixed share).
    """
    n = len(covariance)
    target = np.eye(n) * float(np.trace(covariance)) / n
    shrinkage = 0.0
    lowest = float(np.linalg.eigvalsh(covariance)[0])
    while lowest * (1 - shrinkage) + shrinkage * target[0, 0] <= _SINGULAR * target[0, 0] and shrinkage < 1:
        shrinkage = min(1.0, 10 * shrinkage or _SHRINK)
    return np.linalg.cholesky((1 - shrinkage) * covariance + shrinkage * target), shrinkage


def _normals(seed: int | list[int], xp: Any) -> Any:
    """Standard normal numbers of a shape, drawn where the arrays live if the library can draw."""
    if xp.__name__ == "cupy":
        generator = xp.random.default_rng(seed)
        return lambda shape: generator.standard_normal(shape, dtype=xp.float64)
    host = np.random.default_rng(seed)
    return lambda shape: xp.asarray(host.standard_normal(shape))
