"""The cost layer exp(-i gamma C) on real and imaginary parts apart, one tile of states at a time.

Cosine and sine come from one tangent of the half angle: w = 2 / (1 + tan^2), cos = w - 1, sin = w tan. Array
libraries have a vectorised tangent in both precisions, but not always a vectorised float64 cosine or sine.
The error stays at the rounding of cos and sin themselves, also near the poles of the tangent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array, write
from hybridops.solvers.problem import Floats

QUARTER = np.pi / 4


def quarters(states: int) -> Floats:
    """Half angles of RZ(pi/2) on |+>: pi/4 (ones in the state mod 4), shape (states,)."""
    return QUARTER * (np.bitwise_count(np.arange(states)) % 4)


def start(
    xp: Any, out: Array, cost: Array, half: Array, turned: tuple[Array, float], norm: float, room: list[Array]
) -> None:
    """out (b, 2, m) = norm exp(2i (half cost + turned)), `half` (b, 1) = -gamma / 2, cost (m,), turned (m,) + 1."""
    tangent, wide = room
    write(xp, "multiply", cost[None, :], half, out=tangent)
    tangent += turned[0][None, :]
    if turned[1]:
        tangent += turned[1]
    _half_angle(xp, tangent, wide, 2 * norm)
    write(xp, "subtract", wide, norm, out=out[:, 0, :])
    write(xp, "multiply", wide, tangent, out=out[:, 1, :])


def apply(
    xp: Any, wave: Array, out: Array, cost: Array, half: Array, room: list[Array], spare: Array
) -> None:
    """out (b, 2, m) = wave exp(2i half cost); they may be one array. `room` and `spare` (as out) are overwritten."""
    sine, cosine = room
    write(xp, "multiply", cost[None, :], half, out=sine)
    _half_angle(xp, sine, cosine, 2.0)
    sine *= cosine
    cosine -= 1.0
    write(xp, "multiply", wave[:, 1, :], sine, out=spare[:, 0, :])
    write(xp, "multiply", wave[:, 0, :], sine, out=spare[:, 1, :])
    write(xp, "multiply", wave, cosine[:, None, :], out=out)
    out[:, 0, :] -= spare[:, 0, :]
    out[:, 1, :] += spare[:, 1, :]


def _half_angle(xp: Any, angle: Array, wide: Array, height: float) -> None:
    """angle -> tan(angle), wide -> height / (1 + tan^2)."""
    write(xp, "tan", angle, out=angle)
    write(xp, "multiply", angle, angle, out=wide)
    wide += 1.0
    write(xp, "divide", height, wide, out=wide)
