"""Sums over sums by block, each with an interval: the same draws of blocks for every figure of a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from hybridops.evidence.rates import wilson
from hybridops.evidence.resampling import RESAMPLES, Estimate, Floats, ends, numbers


@lru_cache(8)
def _weights(count: int, seed: int) -> Floats:
    """How often each of `count` blocks is drawn, (resamples, count)."""
    drawn = np.random.default_rng(seed).multinomial(count, [1 / count] * count, RESAMPLES)
    return drawn.astype(float)


def over(above: Sequence[float], below: Sequence[float], *, seed: int) -> Estimate:
    """Sum of `above` over sum of `below`, both by block (n,), with a 95 % bootstrap interval over the blocks.

    `value` is None where `below` adds up to nothing or less. With fewer than two blocks the interval says nothing:
    from 0 without an upper end. Raises BadInput for what is not a number.
    """
    paid, bought = numbers(above, "sums above"), numbers(below, "sums below")
    total = float(bought.sum())
    value = float(paid.sum()) / total if total > 0 else None
    if len(paid) < 2:
        return Estimate(value, 0.0, None)
    weights = _weights(len(paid), seed)
    # Not `@`: BLAS's threads wait for each other longer than one of them takes for so little.
    up, down = (np.einsum("ij,j->i", weights, row) for row in (paid, bought))
    low, high = ends(np.divide(up, down, out=np.full(len(up), np.inf), where=down > 1e-12))
    return Estimate(value, low, high)


def at_least(spent: float, attempts: int) -> float:
    """What one costs at least where none of the attempts was accepted: spent an attempt over Wilson's upper end."""
    return spent / attempts / wilson(0, attempts)[1] if attempts else 0.0
