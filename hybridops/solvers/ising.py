"""A quadratic cost on spins, and its value for every bit string at once.

E(z) = offset + sum h_i z_i + sum_{i<j} J_ij z_i z_j with z = +1 for bit 0 and -1 for bit 1. Qubit 0 is the
most significant bit of a state's number, so bin(number) reads like a measured bit string.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array
from hybridops.solvers.problem import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ising:
    """`fields` (n,) are h; `couplings` (n, n) are J, strictly above the diagonal."""

    offset: float
    fields: Floats
    couplings: Floats

    @property
    def qubits(self) -> int:
        return len(self.fields)

    @property
    def scale(self) -> float:
        """Root mean square over spins of the local field's width, sqrt(mean_i(h_i^2 + sum_j J_ij^2)).

        Dividing by it puts angles of different instances on one footing: it is 1 for the
        Sherrington-Kirkpatrick model, for which transferable angles are published (arXiv:1910.08187).
        """
        total = float((self.fields**2).sum() + 2 * (self.couplings**2).sum())
        return float(np.sqrt(total / self.qubits)) or 1.0

    def scaled(self) -> Ising:
        """The same cost without its offset, divided by `scale`."""
        return Ising(0.0, self.fields / self.scale, self.couplings / self.scale)

    def document(self) -> dict[str, Any]:
        """JSON: couplings as [i, j, J_ij], only those that are not zero."""
        rows, columns = np.nonzero(self.couplings)
        return {
            "offset": self.offset,
            "fields": self.fields.tolist(),
            "couplings": [
                [int(i), int(j), float(self.couplings[i, j])] for i, j in zip(rows, columns, strict=True)
            ],
        }


def from_document(document: dict[str, Any]) -> Ising:
    """The inverse of `Ising.document`."""
    fields = np.array(document["fields"], dtype=float)
    couplings = np.zeros((len(fields), len(fields)))
    for i, j, value in document["couplings"]:
        couplings[i, j] = value
    return Ising(float(document["offset"]), fields, couplings)


def cost_diagonal(ising: Ising, xp: Any = np, dtype: Any = None) -> Array:
    """E(z) - offset for all 2^n states, shape (2^n,), `dtype` float64 unless told. O(2^n) work a qubit."""
    dtype = dtype or xp.float64
    energy = xp.zeros(1, dtype=dtype)
    for qubit in reversed(range(ising.qubits)):
        weights = ising.couplings[qubit, qubit + 1 :].tolist()
        local = signed_sums(weights, xp, dtype) + float(ising.fields[qubit])
        energy = xp.concat((energy + local, energy - local))
    return energy


def signed_sums(weights: list[float], xp: Any = np, dtype: Any = None) -> Array:
    """sum_j w_j z_j for all 2^k sign patterns of k weights, shape (2^k,), weight 0 most significant."""
    total = xp.zeros(1, dtype=dtype or xp.float64)
    for weight in reversed(weights):
        total = xp.concat((total + weight, total - weight))
    return total
