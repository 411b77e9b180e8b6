"""An expectation along one angle of a circuit is a short Fourier series: taken from few points, minimised exactly.

Nakanishi, Fujii, Todo, Phys. Rev. Research 2 (2020) 043158; Ostaszewski, Grant, Benedetti, Quantum 5 (2021) 391;
for more than one frequency Wierichs et al., Quantum 6 (2022) 677. Two parameters to a frequency, one point more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybridops.solvers.problem import Floats

_GRID = 1440
_NEWTON = 8
_SURE = 5.0  # standard errors


@dataclass(frozen=True, slots=True)
class Turn:
    """The move to the lowest point of a curve: `angle` in radians, `gain` >= 0 in the curve's unit, standard errors."""

    angle: float
    error: float
    gain: float
    gain_error: float


def offsets(half: bool) -> tuple[float, ...]:
    """Where to look beside 0, evenly over the whole period (2 pi, or 4 pi with the frequency 1/2)."""
    if half:
        return tuple(np.pi * share for share in (0.8, -0.8, 1.6, -1.6))
    return tuple(np.pi * share for share in (2 / 3, -2 / 3))


def lowest_turn(half: bool, values: Floats, errors: Floats) -> Turn:
    """From the values at 0 and at `offsets`, in that order, with their standard errors.

    A flat curve moves nothing. Of minima that are equally low, as far as the errors can tell, the nearest to 0
    counts: with several parameters at once, a far one would answer to a curve that is no more.
    """
    at = np.array([0.0, *offsets(half)])
    solved = np.linalg.inv(_series(half, at))
    weights = solved @ values
    angle = _lowest(half, weights, _SURE * float(np.sqrt((errors**2).mean())))
    bend = float(_series(half, np.array([angle]), 2)[0] @ weights)
    if bend <= 1e-12 * (1 + np.abs(weights).max()):
        return Turn(0.0, 0.0, 0.0, 0.0)
    slope = _series(half, np.array([angle]), 1)[0] @ solved
    rise = (_series(half, np.array([0.0]))[0] - _series(half, np.array([angle]))[0]) @ solved
    return Turn(
        angle,
        float(np.sqrt(((slope * errors) ** 2).sum()) / bend),
        max(0.0, float(rise @ values)),
        float(np.sqrt(((rise * errors) ** 2).sum())),
    )


def _series(half: bool, at: Floats, derivative: int = 0) -> Floats:
    """Rows of 1, cos, sin for each frequency, or of a derivative of them."""
    columns = [np.full_like(at, 1.0 if derivative == 0 else 0.0)]
    for frequency in (1.0, 0.5)[: 1 + half]:
        shift = derivative * np.pi / 2
        size = frequency**derivative
        columns += [size * np.cos(frequency * at + shift), size * np.sin(frequency * at + shift)]
    return np.stack(columns, axis=1)


def _lowest(half: bool, weights: Floats, slack: float) -> float:
    reach = 2 * np.pi if half else np.pi
    grid = np.linspace(-reach, reach, _GRID, endpoint=False)
    values = _series(half, grid) @ weights
    low = (values <= np.roll(values, 1)) & (values <= np.roll(values, -1))
    near = grid[low & (values <= values.min() + max(slack, 1e-9 * np.ptp(values)))]
    angle = float(near[np.abs(near).argmin()])
    for _ in range(_NEWTON):
        here = np.array([angle])
        slope, bend = (float(_series(half, here, order)[0] @ weights) for order in (1, 2))
        if bend <= 0:
            break
        angle -= slope / bend
    return angle
