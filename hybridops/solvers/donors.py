"""Angles of donors: random costs of the same structure, trained once, all together, so that new ones need nothing.

That optimal angles concentrate over instances of a family is due to Brandao et al. 2018 (arXiv:1812.04170); that
one scale carries them between weights, to Shaydulin et al. 2023 (arXiv:2201.11785) and Sureshbabu et al. 2024
(arXiv:2305.15201). The table is made by `tests/solvers/donor_recipe.py`: for each row 8 donors of 12 spins, seed
2026, the mean of <C> / (scale n) minimised in float64. Recomputed rows agree to 0.01.
"""

from __future__ import annotations

import numpy as np

from hybridops.solvers.ising import Ising

DONORS, SPINS, SEED = 8, 12, 2026
_DENSE, _SPREAD, _FIELDS = 0.5, 0.05, 0.05  # above: dense, unequal weights, fields that matter

# Scaled gammas and betas for 1, 2 and 3 layers.
ANGLES: dict[str, dict[int, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "3-regular, equal weights": {
        1: ((0.5158,), (0.3723,)),
        2: ((0.417, 0.7698), (0.5309, 0.288)),
        3: ((0.3561, 0.6816, 0.8189), (0.5634, 0.4303, 0.2318)),
    },
    "3-regular, spread weights": {
        1: ((0.5338,), (0.3988,)),
        2: ((0.4188, 0.7696), (0.5167, 0.2665)),
        3: ((0.3728, 0.7038, 0.8113), (0.5707, 0.3725, 0.1888)),
    },
    "sparse, equal weights": {
        1: ((0.4901,), (0.348,)),
        2: ((0.3743, 0.6888), (0.4632, 0.2769)),
        3: ((0.3171, 0.5896, 0.7069), (0.4962, 0.3626, 0.2079)),
    },
    "sparse, spread weights": {
        1: ((0.4994,), (0.398,)),
        2: ((0.3849, 0.6865), (0.5025, 0.2611)),
        3: ((0.3538, 0.6179, 0.6799), (0.5639, 0.3532, 0.1943)),
    },
    "sparse, fields": {
        1: ((0.4778,), (0.4598,)),
        2: ((0.3701, 0.6663), (0.6061, 0.3469)),
        3: ((0.3098, 0.5525, 0.648), (0.6511, 0.4308, 0.2389)),
    },
    "dense, equal weights": {
        1: ((0.5093,), (0.4003,)),
        2: ((0.3918, 0.6613), (0.5346, 0.2917)),
        3: ((0.3458, 0.5629, 0.6183), (0.5698, 0.3947, 0.2141)),
    },
    "dense, spread weights": {
        1: ((0.512,), (0.3957,)),
        2: ((0.3935, 0.6955), (0.5064, 0.275)),
        3: ((0.3459, 0.5965, 0.6688), (0.558, 0.3721, 0.212)),
    },
    "dense, fields": {
        1: ((0.5048,), (0.4574,)),
        2: ((0.3707, 0.6458), (0.5954, 0.3402)),
        3: ((0.3072, 0.5195, 0.6191), (0.6185, 0.4268, 0.2378)),
    },
}


def family_of(ising: Ising) -> str:
    """The row of the table whose donors are built like this cost: degrees, density, weights and fields."""
    weights = np.abs(ising.couplings[np.triu_indices(ising.qubits, k=1)])
    linked = weights[weights > 0]
    square = 2 * float((linked**2).sum())
    fields = float((ising.fields**2).sum())
    if fields > _FIELDS * (fields + square):
        return "dense, fields" if _is_dense(ising) else "sparse, fields"
    spread = len(linked) > 0 and float(linked.std()) > _SPREAD * float(linked.mean())
    weighing = "spread weights" if spread else "equal weights"
    degrees = np.count_nonzero(ising.couplings + ising.couplings.T, axis=1)
    if (degrees == 3).all():
        return f"3-regular, {weighing}"
    return f"{'dense' if _is_dense(ising) else 'sparse'}, {weighing}"


def source(family: str, layers: int) -> str:
    """Which row this is and what it was made of, for the record."""
    return f"donor table, {family}, {layers} layers: {DONORS} random costs of {SPINS} spins, seed {SEED}"


def _is_dense(ising: Ising) -> bool:
    pairs = ising.qubits * (ising.qubits - 1) / 2
    return float(np.count_nonzero(ising.couplings)) > _DENSE * pairs
