"""Where the angles come from: a ramp, a published table, a donor of like structure, or training.

Angles are chosen for the cost divided by `Ising.scale`; what comes out is for the cost itself. Ramp, table and
donors never look at the instance; training does, by simulation, or above its reach by the one-layer formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers import closed_form, donors, search
from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.problem import Floats
from hybridops.solvers.qaoa import QUBITS_MAX, Qaoa

STRATEGIES = ("ramp", "transferred", "donor", "trained")
LAYERS_MAX = 3
RAMP_STEP = 0.75  # Sack, Serbyn 2021 (arXiv:2101.05742): the Trotter step that starts QAOA best

# Sherrington-Kirkpatrick model at infinite size: Farhi et al. 2019 (arXiv:1910.08187), digits as in
# Basso et al. 2021 (arXiv:2110.14206), table 4.
_TRANSFERRED = {
    1: ((0.5,), (0.3927,)),
    2: ((0.3817, 0.6655), (0.4960, 0.2690)),
    3: ((0.3297, 0.5688, 0.6406), (0.5500, 0.3675, 0.2109)),
}
_ROUNDS = 6
TRAINING_EVALUATIONS = search.evaluations(2, _ROUNDS)

type Energy = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class Angles:
    """`gammas`, `betas` for the unscaled cost, and the `source` of their values: a paper, a donor, this instance.

    `evaluations` counts the circuits that the choice looked at: 0 unless trained. `expected_energy` is ideal and
    includes the offset; None where the register is too large to know. `nbytes` are the simulator's.
    """

    strategy: str
    source: str
    gammas: tuple[float, ...]
    betas: tuple[float, ...]
    scale: float
    evaluations: int
    expected_energy: float | None
    nbytes: int


def choose_angles(ising: Ising, strategy: str, layers: int, seed: int, xp: Any = np) -> Angles:
    """Angles by `strategy` for 1 to 3 layers; raises BadInput for what it does not know.

    One layer by the closed form in float64 on a CPU, else by a state vector in float32 on `xp`. Nothing is simulated
    above `QUBITS_MAX` spins: there is no training of more than one layer.
    """
    if strategy not in STRATEGIES or not 1 <= layers <= LAYERS_MAX:
        raise BadInput(f"angles come by {', '.join(STRATEGIES)} for 1 to 3 layers", field="angle_strategy")
    scale = ising.scale
    energy, how, nbytes = _energy(ising, layers, xp)
    points, source = _points(ising, strategy, layers)
    if strategy == "trained":
        if energy is None:
            raise BadInput(
                f"above {QUBITS_MAX} qubits angles are trained for one layer; choose one layer, or donor angles",
                field="angle_strategy",
            )
        starts = np.vstack([_points(ising, name, layers)[0] for name in ("transferred", "ramp")])
        points, source = search.lowest(energy, starts, seed, _ROUNDS), f"this instance, {how}"
    gammas, betas = points[:layers], points[layers:]
    return Angles(
        strategy=strategy,
        source=source,
        gammas=tuple((gammas / scale).tolist()),
        betas=tuple(betas.tolist()),
        scale=scale,
        evaluations=TRAINING_EVALUATIONS if strategy == "trained" else 0,
        expected_energy=None if energy is None else _expected(ising, energy, gammas, betas),
        nbytes=nbytes,
    )


def _energy(ising: Ising, layers: int, xp: Any) -> tuple[Energy | None, str, int]:
    """<C> / scale of scaled angles, how it is had and the bytes that takes; None where it cannot be had.

    A GPU that was chosen is used; on a CPU the formula of one layer is quicker than the state, and exact to float64.
    """
    if layers == 1 and (xp is np or ising.qubits > QUBITS_MAX):
        scaled = ising.scaled()

        def formula(gammas: Floats, betas: Floats) -> Floats:
            return closed_form.expectation(scaled, gammas[:, 0], betas[:, 0])

        return formula, "closed form, arXiv:2012.03421", 0
    if ising.qubits > QUBITS_MAX:
        return None, "", 0
    qaoa = Qaoa(cost_diagonal(ising, xp, xp.float32) / ising.scale, xp)
    return qaoa.expectation, "state vector", qaoa.nbytes


def _expected(ising: Ising, energy: Energy, gammas: Floats, betas: Floats) -> float:
    return ising.offset + ising.scale * float(energy(gammas[None], betas[None])[0])


def _points(ising: Ising, strategy: str, layers: int) -> tuple[Floats, str]:
    """Scaled angles that no training chose, gammas then betas, and their source; for training a start."""
    if strategy == "ramp":
        share = (np.arange(layers) + 0.5) / layers
        return RAMP_STEP * np.concatenate((share, 1 - share)), "linear ramp, arXiv:2101.05742"
    if strategy == "donor":
        family = donors.family_of(ising)
        return np.concatenate(donors.ANGLES[family][layers]), donors.source(family, layers)
    return np.concatenate(_TRANSFERRED[layers]), "arXiv:1910.08187, arXiv:2110.14206"
