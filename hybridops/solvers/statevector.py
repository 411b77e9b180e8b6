"""A circuit's exact distribution: one state vector, gate by gate, in double precision, Array API only.

State k of n qubits has qubit 0 as its most significant bit, as measured strings are written.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.problem import Floats

QUBITS_MAX = 20
WORK_MAX = 4_000_000_000  # amplitudes times gates: within about a minute of one slow core
DUST = 1e-15  # chances below are rounding

# Name, qubits (control first), angle in radians or None: h x sx rx ry rz cx cz.
type Gate = tuple[str, tuple[int, ...], float | None]
type Matrix = tuple[tuple[complex, complex], tuple[complex, complex]]


def nbytes(qubits: int) -> int:
    """Memory of `distribution` at most: the state, two halves at work, the chances twice."""
    return (16 + 2 * 8 + 2 * 8) << qubits


def distribution(
    qubits: int,
    gates: Sequence[Gate],
    measured: Sequence[int],
    xp: Any,
    report: Callable[[float], None] = lambda share: None,
) -> Floats:
    """The chance of each outcome, shape (2^m,), summing to 1; bit i of an outcome, from the left, is qubit measured[i].

    `report` is told the share of the gates done. The caller keeps to QUBITS_MAX and WORK_MAX.
    """
    state = xp.zeros((1 << qubits,), dtype=xp.complex128)
    state[0] = 1.0
    every = max(1, len(gates) // 50)
    for done, (name, on, angle) in enumerate(gates):
        if done % every == 0:
            report(done / len(gates))
        if len(on) == 2:
            state = _controlled(state, name, on, xp)
        elif name == "rz":
            state = _phased(state, angle or 0.0, on[0], xp)
        else:
            state = _rotated(state, matrix(name, angle), on[0], xp)
        state = xp.reshape(state, (1 << qubits,))
    return _chances(state, qubits, measured, xp)


def matrix(name: str, angle: float | None = None) -> Matrix:
    """The matrix of h, x, sx, rx or ry; for x and y rotations exp(-i angle/2 X) and exp(-i angle/2 Y)."""
    half = (angle or 0.0) / 2
    cos, sin = math.cos(half), math.sin(half)
    return {
        "h": ((math.sqrt(0.5), math.sqrt(0.5)), (math.sqrt(0.5), -math.sqrt(0.5))),
        "x": ((0, 1), (1, 0)),
        "sx": ((0.5 + 0.5j, 0.5 - 0.5j), (0.5 - 0.5j, 0.5 + 0.5j)),
        "rx": ((cos, -1j * sin), (-1j * sin, cos)),
        "ry": ((cos, -sin), (sin, cos)),
    }[name]


def _rotated(state: Array, by: Matrix, qubit: int, xp: Any) -> Array:
    state = xp.reshape(state, (1 << qubit, 2, -1))
    (a, b), (c, d) = by
    zero, one = state[:, 0, :], state[:, 1, :]
    first, second = a * zero + b * one, c * zero + d * one
    state[:, 0, :] = first
    state[:, 1, :] = second
    return state


def _phased(state: Array, angle: float, qubit: int, xp: Any) -> Array:
    """exp(-i angle/2 Z), up to a global phase: only the upper half turns."""
    state = xp.reshape(state, (1 << qubit, 2, -1))
    state[:, 1, :] *= cmath.exp(1j * angle)
    return state


def _controlled(state: Array, name: str, on: tuple[int, ...], xp: Any) -> Array:
    """cx or cz: the half where the control is 1, with the target's two parts swapped, or the second negated."""
    low, high = sorted(on)
    state = xp.reshape(state, (1 << low, 2, 1 << (high - low - 1), 2, -1))
    if name == "cz":
        state[:, 1, :, 1, :] *= -1
        return state
    zero, one = ((slice(None), 1, slice(None), bit, slice(None)) for bit in (0, 1))
    if on[0] == high:
        zero = (slice(None), 0, slice(None), 1, slice(None))
    kept = xp.asarray(state[zero], copy=True)
    state[zero] = state[one]
    state[one] = kept
    return state


def _chances(state: Array, qubits: int, measured: Sequence[int], xp: Any) -> Floats:
    chances = xp.real(state) ** 2 + xp.imag(state) ** 2
    chances = xp.reshape(chances, (2,) * qubits)
    kept = sorted(measured)
    chances = xp.sum(chances, axis=tuple(qubit for qubit in range(qubits) if qubit not in kept))
    chances = xp.permute_dims(chances, tuple(kept.index(qubit) for qubit in measured))
    found: Floats = to_numpy(xp.reshape(chances, (-1,)))
    found = np.where(found < DUST, 0.0, found)
    return found / found.sum()
