"""The mixer exp(+i beta sum X) as real rotations of neighbouring qubits, a group at a time.

RX = RZ(-pi/2) RY RZ(pi/2), and RZ commutes with a diagonal cost, so the mixer becomes a real rotation that acts
on the real and the imaginary half alike; only the phase of the start remembers. A group is one matrix product.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array, write
from hybridops.solvers.problem import Floats, Ints

_GROUP = 4  # 16 x 16 blocks: larger ones multiply more than they save, smaller ones call too often


def groups(qubits: int) -> list[int]:
    """How many qubits each product rotates, the least significant group first: 4 at most, as even as can be."""
    count = -(-qubits // _GROUP)
    small, larger = divmod(qubits, count)
    return [small + 1] * larger + [small] * (count - larger)


def rotation(betas: Floats, size: int) -> Floats:
    """RY(-2 beta) on `size` qubits for each of (b,) angles: shape (b, 2^size, 2^size)."""
    apart, signs = _entries(size)
    flips = np.arange(size + 1)
    powers = np.cos(betas)[:, None] ** (size - flips) * np.sin(betas)[:, None] ** flips
    # Memory in the order of the axes, always: products of other strides round differently.
    return np.ascontiguousarray(np.take(powers, apart, axis=1) * signs)


@cache
def _entries(size: int) -> tuple[Ints, Floats]:
    """For each entry of the block: in how many bits its row and column differ, and its sign."""
    row, column = np.arange(1 << size)[:, None], np.arange(1 << size)[None, :]
    odd = np.bitwise_count(row & ~column) % 2
    return np.bitwise_count(row ^ column).astype(np.int64), 1.0 - 2.0 * odd


def rotate(xp: Any, turn: Array, wave: Array, out: Array, below: int) -> None:
    """out = `wave` with the qubits above the `below` last ones turned: `turn` (b, k, k), the others (b, 2, m)."""
    count, side = turn.shape[0], turn.shape[1]
    if below:
        shape: tuple[int, ...] = (count, 2, -1, side, 1 << below)
        pair = turn[:, None, None, :, :], xp.reshape(wave, shape)
    else:
        shape = (count, 2, -1, side)
        pair = xp.reshape(wave, shape), xp.matrix_transpose(turn)[:, None, :, :]
    write(xp, "matmul", *pair, out=xp.reshape(out, shape))
