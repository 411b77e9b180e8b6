"""The search that trains angles: random points in a box, then ever closer clouds around the best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hybridops.solvers.problem import Floats

_BOX = (2.0, 0.8)  # scaled gamma in 0..2 and beta in 0..pi/4
_FIRST, _ROUND = 256, 64


def evaluations(starts: int, rounds: int) -> int:
    """How many points `lowest` looks at."""
    return starts + _FIRST + rounds * _ROUND


def lowest(energy: Callable[[Floats, Floats], Floats], starts: Floats, seed: int, rounds: int) -> Floats:
    """The best point found, shape (2 p,): gammas, then betas. `energy` takes angles (b, p) each and gives (b,).

    `starts` (s, 2 p) are looked at first. The same for the same energies and seed.
    """
    layers = starts.shape[1] // 2
    rng = np.random.default_rng([seed, 1])
    box = np.repeat(_BOX, layers)
    points = np.vstack((starts, rng.random((_FIRST, 2 * layers)) * box))
    best, value = _best(energy, points)
    for shrink in 0.5 ** np.arange(2, 2 + rounds):
        cloud = best + rng.normal(size=(_ROUND, 2 * layers)) * box * shrink / 2
        candidate, found = _best(energy, cloud)
        best, value = (candidate, found) if found < value else (best, value)
    return best


def _best(energy: Callable[[Floats, Floats], Floats], points: Floats) -> tuple[Floats, float]:
    layers = points.shape[1] // 2
    energies = energy(points[:, :layers], points[:, layers:])
    at = int(energies.argmin())
    return points[at], float(energies[at])
