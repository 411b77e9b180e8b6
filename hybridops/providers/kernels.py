"""State vectors in NumPy: many at once, rows of an array (rows, 2^n). Wire 0 is the most significant bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

type States = NDArray[Any]  # complex64 or complex128
type Matrix = NDArray[np.complex128]

_EYE: Matrix = np.eye(2, dtype=np.complex128)

GROUP = 4  # wires whose gates become one matrix product: 16 x 16 is where BLAS pays


class Register:
    """Up to `rows` states of `wires` qubits, of which the first `used` are live. Row 0 starts as |0...0>."""

    def __init__(self, wires: int, rows: int, dtype: type) -> None:
        self.wires, self.used, self.dtype = wires, 1, np.dtype(dtype)
        self._groups = _groups(wires)
        self._states: States = np.empty((rows, 1 << wires), dtype)
        self._spare = np.empty_like(self._states)
        self._states[0] = 0
        self._states[0, 0] = 1

    @property
    def states(self) -> States:
        return self._states[: self.used]

    def branch(self, count: int) -> range:
        """New rows, copies of row 0; their numbers."""
        new = range(self.used, self.used + count)
        self._states[new.start : new.stop] = self._states[0]
        self.used = new.stop
        return new

    def singles(self, unitaries: Mapping[int, Matrix]) -> None:
        """One-qubit unitaries on every live state, a group of neighbouring wires at a time."""
        for group in self._groups:
            if any(wire in unitaries for wire in group):
                self._group(group, reduce(_kron, [unitaries.get(wire, _EYE) for wire in group]))

    def _group(self, group: range, matrix: Matrix) -> None:
        matrix = matrix.astype(self.dtype)
        rest = 1 << (self.wires - group.stop)
        shape = (-1, len(matrix)) if rest == 1 else (-1, len(matrix), rest)
        given, out = self.states.reshape(shape), self._spare[: self.used].reshape(shape)
        if rest == 1:
            np.matmul(given, matrix.T, out=out)
        else:
            np.matmul(matrix, given, out=out)
        self._states, self._spare = self._spare, self._states

    def phase(self, factor: States | None) -> None:
        """A diagonal unitary, as `diagonal` makes it, on every live state."""
        if factor is not None:
            self.states[...] *= factor

    def pauli(self, row: int, wire: int, kind: int) -> None:
        """X, Y or Z (1, 2, 3) on one state, up to a global phase."""
        view = self._states[row].reshape(-1, 2, 1 << (self.wires - 1 - wire))
        if kind != 3:
            view[...] = view[:, ::-1].copy()
        if kind != 1:
            view[:, 1] *= -1

    def sample(self, row: int, shots: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Outcomes as numbers whose most significant bit is wire 0."""
        state = self._states[row]
        chances = np.cumsum(state.real.astype(float) ** 2 + state.imag.astype(float) ** 2)
        drawn = np.searchsorted(chances, rng.random(shots) * chances[-1], side="right")
        outcomes: NDArray[np.int64] = np.minimum(drawn, len(chances) - 1)
        return outcomes


def _kron(a: Matrix, b: Matrix) -> Matrix:
    product: Matrix = np.kron(a, b).astype(np.complex128, copy=False)
    return product


def diagonal(phases: Sequence[tuple[int, int, float | None]], wires: int, dtype: type) -> States | None:
    """Diagonal two-qubit gates as one vector of factors: (a, b, t) is exp(-i t/2 Z_a Z_b), t None a CZ."""
    if not phases:
        return None
    angle = np.zeros((2,) * wires)
    for a, b, turn in phases:
        pair = np.array([[0, 0], [0, np.pi]]) if turn is None else _zz(turn)
        angle += _outer(pair, (a, b), wires)
    factor: States = np.exp(1j * angle.ravel()).astype(dtype)
    return factor


def _groups(wires: int) -> list[range]:
    """Neighbouring wires in groups of nearly the same size: a group of one wire costs as much as one of four."""
    count = -(-wires // GROUP)
    edges = [wires * number // count for number in range(count + 1)]
    return [range(first, last) for first, last in pairwise(edges)]


def _zz(turn: float) -> NDArray[np.float64]:
    return np.array([[-turn, turn], [turn, -turn]]) / 2


def _outer(pair: NDArray[np.float64], on: tuple[int, int], wires: int) -> NDArray[np.float64]:
    """A 2 x 2 table over two wires, in a shape that broadcasts over all of them."""
    table = pair if on[0] < on[1] else pair.T
    return table.reshape([2 if wire in on else 1 for wire in range(wires)])
