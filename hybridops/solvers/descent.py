"""Steepest descent by single flips (1-opt), a batch of starts at once, in array form."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hybridops.solvers.arrays import to_numpy
from hybridops.solvers.qubo import Bits, Qubo


def descend(qubo: Qubo, bits: npt.NDArray[Any], *, xp: Any = np) -> Bits:
    """Each row of `bits` (b, n) after its best flip again and again, until none lowers its energy.

    Ties go to the lowest variable. float64: a flip counts where it gains more than 1e-12 of the largest gain
    there can be. O(b n) a step and 8 n (n + 4 b) bytes; as many steps as the slowest row needs.
    """
    pull = xp.asarray(qubo.symmetric(), dtype=xp.float64)
    linear = xp.asarray(qubo.linear, dtype=xp.float64)
    x = xp.asarray(np.asarray(bits), dtype=xp.float64)
    least = 1e-12 * float(xp.max(xp.abs(linear) + xp.sum(xp.abs(pull), axis=1)))
    slope = linear + x @ pull  # what switching a bit on adds, whatever the bit is
    numbers = xp.arange(qubo.variables)
    while True:
        gains = (2 * x - 1) * slope
        chosen = xp.argmax(gains, axis=1)
        better = xp.max(gains, axis=1) > least
        if not bool(xp.any(better)):
            return to_numpy(x).astype(np.uint8)
        here = (numbers[None, :] == chosen[:, None]) & better[:, None]
        change = xp.where(here, 1 - 2 * x, xp.zeros_like(x))
        x = x + change
        slope = slope + xp.sum(change, axis=1)[:, None] * xp.take(pull, chosen, axis=0)
