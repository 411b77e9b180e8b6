"""Angles of donors: random costs of the same structure, trained once, all together, so that new ones need nothing.

That optimal angles concentrate over instances of a family is due to Brandao et al. 2018 (arXiv:1812.04170); that
one scale carries them between weights, to Shaydulin et al. 2023 (arXiv:2201.11785) and Sureshbabu et al. 2024
(arXiv:2305.15201). The table is made by `tests/solvers/donor_recipe.py`: for each row 32 donors of 12 spins, seed
2026, the mean of <C> / (scale n) minimised in float64. Recomputed rows agree to 0.01.
"""

from __future__ import annotations

import numpy as np

from hybridops.solvers.ising import Ising

DONORS, SPINS, SEED = 32, 12, 2026
_DENSE, _SPREAD, _FIELDS = 0.5, 0.05, 0.05  # above: dense, unequal weights, fields that matter

# Scaled gammas and betas for 1, 2 and 3 layers.
ANGLES: dict[str, dict[int, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "3-regular, equal weights": {
        1: ((0.5204,), (0.3776,)),
        2: ((0.4111, 0.7545), (0.5396, 0.2951)),
        3: ((0.3565, 0.6592, 0.796), (0.5655, 0.4425, 0.2283)),
    },
    "3-regular, spread weights": {
        1: ((0.5201,), (0.3932,)),
        2: ((0.4194, 0.7649), (0.5135, 0.2678)),
        3: ((0.3689, 0.6855, 0.7673), (0.5487, 0.3644, 0.1863)),
    },
    "sparse, equal weights": {
        1: ((0.4887,), (0.3413,)),
        2: ((0.3732, 0.6985), (0.4573, 0.2757)),
        3: ((0.3188, 0.5947, 0.7172), (0.4912, 0.3601, 0.2091)),
    },
    "sparse, spread weights": {
        1: ((0.4952,), (0.3935,)),
        2: ((0.3823, 0.6775), (0.4827, 0.2568)),
        3: ((0.3308, 0.5973, 0.6689), (0.5439, 0.3484, 0.1958)),
    },
    "sparse, fields": {
        1: ((0.4918,), (0.4717,)),
        2: ((0.3638, 0.6559), (0.6224, 0.3497)),
        3: ((0.3013, 0.5477, 0.6629), (0.6586, 0.4545, 0.2325)),
    },
    "dense, equal weights": {
        1: ((0.5087,), (0.3974,)),
        2: ((0.3922, 0.6736), (0.5195, 0.2816)),
        3: ((0.3449, 0.5794, 0.6435), (0.56, 0.3812, 0.2097)),
    },
    "dense, spread weights": {
        1: ((0.5048,), (0.3921,)),
        2: ((0.3937, 0.6937), (0.5013, 0.2699)),
        3: ((0.3423, 0.6012, 0.6736), (0.554, 0.3717, 0.2081)),
    },
    "dense, fields": {
        1: ((0.5036,), (0.468,)),
        2: ((0.3623, 0.6367), (0.6251, 0.3522)),
        3: ((0.3095, 0.52, 0.6179), (0.6327, 0.4184, 0.2185)),
    },
}


def family_of(ising: Ising) -> str:
    """The row of the table whose donors are built like this cost: density, degrees, weights and fields."""
    weights = np.abs(ising.couplings[np.triu_indices(ising.qubits, k=1)])
    linked = weights[weights > 0]
    fields, square = float((ising.fields**2).sum()), 2 * float((linked**2).sum())
    shape = "dense" if len(linked) > _DENSE * len(weights) else "sparse"
    if fields > _FIELDS * (fields + square):
        return f"{shape}, fields"
    degrees = np.count_nonzero(ising.couplings + ising.couplings.T, axis=1)
    if shape == "sparse" and (degrees == 3).all():
        shape = "3-regular"
    spread = len(linked) > 0 and float(linked.std()) > _SPREAD * float(linked.mean())
    return f"{shape}, {'spread' if spread else 'equal'} weights"


def source(family: str, layers: int) -> str:
    """Which row this is and what it was made of, for the record."""
    return f"donor table, {family}, p={layers}: {DONORS} random costs of {SPINS} spins, seed {SEED}"
