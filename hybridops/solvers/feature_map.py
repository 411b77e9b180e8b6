"""A quantum kernel, exactly: points as states of a ZZ feature map, and the overlaps of all pairs by one product.

U(x) = D(x) H D(x) H, H on every qubit and D(x) = exp(-i/2 (sum x_i Z_i + sum x_i x_(i+1) Z_i Z_(i+1))) along a chain:
the map of Havlicek et al. (Nature 567 (2019) 209) with products as angles and nearest neighbours. k(x, y) =
|<0|U(y)^-1 U(x)|0>|^2. Double precision, Array API only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.problem import Floats
from hybridops.solvers.register_states import all_states

REPETITIONS = 2
QUBITS_MAX = 10


def nbytes(rows: int, qubits: int) -> int:
    """Memory of `embedded` for so many points and `overlaps` among them, at most.

    Three copies of the states, the phases, and the complex product with its squares.
    """
    return (rows << qubits) * (3 * 16 + 8) + rows * rows * (16 + 2 * 8)


def angles(points: Floats) -> Floats:
    """The rotations (b, 2n - 1) of points (b, n): each coordinate, then the product of each with the next."""
    return np.concatenate([points, points[:, :-1] * points[:, 1:]], axis=1)


def embedded(points: Floats, xp: Any = np) -> Array:
    """U(x)|0>, shape (b, 2^n), of points (b, n) in radians; qubit 0 is the most significant bit."""
    qubits = points.shape[1]
    spins = 1.0 - 2.0 * all_states(qubits)
    signs = np.concatenate([spins, spins[:, :-1] * spins[:, 1:]], axis=1)
    phases = xp.matmul(xp.asarray(angles(points)), xp.asarray(np.ascontiguousarray(signs.T)))
    turned = xp.cos(phases / 2) - 1j * xp.sin(phases / 2)
    state = turned * 0.5 ** (qubits / 2)
    for _ in range(REPETITIONS - 1):
        state = turned * _hadamards(state, qubits, xp)
    return state


def _hadamards(state: Array, qubits: int, xp: Any) -> Array:
    """H on every qubit of states (b, 2^n)."""
    for qubit in range(qubits):
        parts = xp.reshape(state, (state.shape[0], 1 << qubit, 2, -1))
        zero, one = parts[:, :, 0, :], parts[:, :, 1, :]
        state = xp.reshape(xp.stack([zero + one, zero - one], axis=2), state.shape)
    return state * 0.5 ** (qubits / 2)


def overlaps(left: Array, right: Array, xp: Any = np) -> Floats:
    """k of every left state (a, 2^n) with every right one (b, 2^n): shape (a, b), from 0 to 1."""
    product = xp.matmul(left, xp.conj(right).T)
    found: Floats = to_numpy(xp.real(product) ** 2 + xp.imag(product) ** 2)
    return np.clip(found, 0.0, 1.0)


def kernel(left: Floats, right: Floats, xp: Any = np) -> Floats:
    """The same of points (a, n) and (b, n)."""
    return overlaps(embedded(left, xp), embedded(right, xp), xp)
