"""Conditional value at risk of a measured cost: Barkoutsos et al. 2020 (arXiv:1907.04769), from exact weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.problem import Floats


class Tail:
    """The states of a cost (2^n,) in order of cost, sorted once, and the share `alpha` of weight to look at."""

    def __init__(self, cost: Array, alpha: float, xp: Any = np) -> None:
        if not 0 < alpha <= 1:
            raise BadInput(f"CVaR is over a share above 0 and at most 1, not {alpha}", field="alpha")
        self.xp, self.alpha = xp, alpha
        self.order = xp.argsort(cost, stable=True)
        self.sorted = xp.astype(xp.take(cost, self.order, axis=0), xp.float64)

    def mean(self, weights: Array) -> Floats:
        """Mean cost of the lowest `alpha` of each row of weights (b, 2^n), shape (b,); rows need not sum to 1.

        A state that lies across the border counts with the part of its weight that lies below.
        """
        xp = self.xp
        weights = xp.astype(xp.take(weights, self.order, axis=1), xp.float64)
        upto = xp.cumulative_sum(weights, axis=1)
        below = self.alpha * upto[:, -1:] - (upto - weights)
        share = xp.minimum(xp.maximum(below, xp.zeros_like(below)), weights)
        cost = xp.matmul(share[:, None, :], self.sorted[None, :, None])[:, 0, 0]
        return np.asarray(to_numpy(cost / xp.sum(share, axis=1)), dtype=np.float64)
