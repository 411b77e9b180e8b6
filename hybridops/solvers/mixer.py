"""The mixer exp(+i beta sum X) as real rotations of groups of neighbouring qubits, in place of order.

RX = RZ(-pi/2) RY RZ(pi/2), and RZ commutes with a diagonal cost, so the mixer becomes a real rotation that acts
on the real and the imaginary half alike; only the phase of the start remembers. A group is one matrix product.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array, write
from hybridops.solvers.problem import Floats

_GROUP = 5  # 32 x 32 blocks keep a core's multipliers busy


def groups(qubits: int) -> list[int]:
    """How many qubits each product rotates, the least significant group first: 5, then the rest evenly."""
    first = min(_GROUP, qubits)
    count = -(-(qubits - first) // _GROUP)
    if not count:
        return [first]
    small, larger = divmod(qubits - first, count)
    return [first] + [small + 1] * larger + [small] * (count - larger)


def rotation(betas: Floats, size: int) -> Floats:
    """RY(-2 beta) on `size` qubits for each of (b,) angles: shape (b, 2^size, 2^size)."""
    cosine, sine = np.cos(betas), np.sin(betas)
    one = np.stack((np.stack((cosine, sine), axis=-1), np.stack((-sine, cosine), axis=-1)), axis=-2)
    block = one
    for _ in range(size - 1):
        wide = 2 * block.shape[1]
        block = (block[:, :, None, :, None] * one[:, None, :, None, :]).reshape(-1, wide, wide)
    return block


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
