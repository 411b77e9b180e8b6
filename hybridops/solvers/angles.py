"""Where the angles come from: a ramp, a published table, or training by batched simulation.

Angles are chosen for the cost divided by `Ising.scale`; what comes out is for the cost itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.problem import Floats
from hybridops.solvers.qaoa import Qaoa

STRATEGIES = ("ramp", "transferred", "trained")
RAMP_STEP = 0.75  # Sack, Serbyn 2021 (arXiv:2101.05742): the Trotter step that starts QAOA best

# Sherrington-Kirkpatrick model at infinite size: Farhi et al. 2019 (arXiv:1910.08187), digits as in
# Basso et al. 2021 (arXiv:2110.14206), table 4.
_TRANSFERRED = {
    1: ((0.5,), (0.3927,)),
    2: ((0.3817, 0.6655), (0.4960, 0.2690)),
    3: ((0.3297, 0.5688, 0.6406), (0.5500, 0.3675, 0.2109)),
}
_BOX = (2.0, 0.8)  # training looks at scaled gamma in 0..2 and beta in 0..pi/4
_FIRST, _ROUNDS, _ROUND = 256, 6, 64
TRAINING_EVALUATIONS = 2 + _FIRST + _ROUNDS * _ROUND


@dataclass(frozen=True, slots=True)
class Angles:
    """`gammas`, `betas` for the unscaled cost; `expected_energy` is ideal and includes the offset.

    `evaluations` counts the simulated circuits that the choice looked at: 0 for ramp and transferred.
    """

    strategy: str
    gammas: tuple[float, ...]
    betas: tuple[float, ...]
    scale: float
    evaluations: int
    expected_energy: float
    nbytes: int


def choose_angles(ising: Ising, strategy: str, layers: int, seed: int, xp: Any = np) -> Angles:
    """Angles by `strategy` for 1 to 3 layers, float32 on `xp`; raises BadInput for what it does not know."""
    if strategy not in STRATEGIES or layers not in _TRANSFERRED:
        raise BadInput(f"angles come by {', '.join(STRATEGIES)} for 1 to 3 layers", field="angle_strategy")
    scale = ising.scale
    qaoa = Qaoa(cost_diagonal(ising, xp, xp.float32) / scale, xp)
    points, evaluations = {"ramp": _ramp(layers), "transferred": _table(layers)}.get(strategy), 0
    if points is None:
        points, evaluations = _train(qaoa, layers, seed), TRAINING_EVALUATIONS
    gammas, betas = points[:layers], points[layers:]
    energy = float(qaoa.expectation(gammas[None], betas[None])[0])
    return Angles(
        strategy=strategy,
        gammas=tuple((gammas / scale).tolist()),
        betas=tuple(betas.tolist()),
        scale=scale,
        evaluations=evaluations,
        expected_energy=ising.offset + scale * energy,
        nbytes=qaoa.nbytes,
    )


def _ramp(layers: int) -> Floats:
    share = (np.arange(layers) + 0.5) / layers
    return RAMP_STEP * np.concatenate((share, 1 - share))


def _table(layers: int) -> Floats:
    return np.concatenate(_TRANSFERRED[layers])


def _train(qaoa: Qaoa, layers: int, seed: int) -> Floats:
    """Random points in the box beside the published ones, then ever closer clouds around the best."""
    rng = np.random.default_rng([seed, 1])
    box = np.repeat(_BOX, layers)
    points = np.vstack((_table(layers), _ramp(layers), rng.random((_FIRST, 2 * layers)) * box))
    best, lowest = _lowest(qaoa, points)
    for shrink in 0.5 ** np.arange(2, 2 + _ROUNDS):
        cloud = best + rng.normal(size=(_ROUND, 2 * layers)) * box * shrink / 2
        candidate, energy = _lowest(qaoa, cloud)
        best, lowest = (candidate, energy) if energy < lowest else (best, lowest)
    return best


def _lowest(qaoa: Qaoa, points: Floats) -> tuple[Floats, float]:
    layers = points.shape[1] // 2
    energies = qaoa.expectation(points[:, :layers], points[:, layers:])
    at = int(energies.argmin())
    return points[at], float(energies[at])
