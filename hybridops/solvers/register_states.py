"""All states of a register as rows of bits."""

from __future__ import annotations

import numpy as np

from hybridops.solvers.qubo import Bits


def all_states(qubits: int) -> Bits:
    """Shape (2^n, n): row s is the number s in binary, qubit 0 leftmost."""
    states = np.arange(1 << qubits)
    found: Bits = ((states[:, None] >> np.arange(qubits - 1, -1, -1)) & 1).astype(np.uint8)
    return found
