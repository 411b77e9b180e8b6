"""Greedy construction for a QUBO: one bit after the other, each to what is cheaper so far (Sahni, Gonzalez 1976)."""

from __future__ import annotations

import numpy as np

from hybridops.solvers.ising import Ising
from hybridops.solvers.qubo import Bits, Qubo, to_ising


def greedy(qubo: Qubo, *, seed: int, starts: int = 1) -> Bits:
    """Rows of bits (starts, n), each from its own random order; a tie is decided by the same seed. O(starts n^2).

    On spins, so that a bit not placed yet pulls on nobody: each goes against its field, and so a node of a graph to
    the side where it cuts more weight.
    """
    ising = to_ising(qubo)
    pull = ising.couplings + ising.couplings.T
    return np.array([_one(ising, pull, np.random.default_rng([seed, start])) for start in range(starts)])


def _one(
    ising: Ising, pull: np.ndarray[tuple[int, ...], np.dtype[np.float64]], random: np.random.Generator
) -> Bits:
    fields, bits = ising.fields.copy(), np.zeros(ising.qubits, dtype=np.uint8)
    order, ties = random.permutation(ising.qubits), random.integers(0, 2, ising.qubits)
    for at in order:
        bits[at] = ties[at] if fields[at] == 0 else fields[at] > 0
        fields += pull[at] * (1 - 2 * int(bits[at]))
    return bits
