"""How the table of `solvers.donors` is made: `python -m tests.solvers.donor_recipe` prints it."""

from __future__ import annotations

import numpy as np

from hybridops.solvers import search
from hybridops.solvers.angles import choose_angles
from hybridops.solvers.donors import DONORS, SEED, SPINS
from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.problem import Floats
from hybridops.solvers.qaoa import Qaoa

FAMILIES = (
    "3-regular, equal weights",
    "3-regular, spread weights",
    "sparse, equal weights",
    "sparse, spread weights",
    "sparse, fields",
    "dense, equal weights",
    "dense, spread weights",
    "dense, fields",
)
_MEAN_DEGREE, _ROUNDS = 4, 14


def member(family: str, spins: int, seed: list[int]) -> Ising:
    """A random cost of the family: weights +1 on sparse graphs (MaxCut), +-1 on dense ones, or normal ones."""
    rng = np.random.default_rng(seed)
    shape, weighing = family.split(", ")
    edges = _edges(shape, spins, rng)
    plain = np.ones((spins, spins)) if shape != "dense" else rng.choice((-1.0, 1.0), (spins, spins))
    weights = plain if weighing == "equal weights" else rng.normal(size=(spins, spins))
    couplings = np.triu(edges * weights, k=1)
    square = 2 * float((couplings**2).sum()) / spins
    fields = rng.normal(size=spins) * np.sqrt(square / 2) if weighing == "fields" else np.zeros(spins)
    return Ising(0.0, fields, couplings)


def _edges(shape: str, spins: int, rng: np.random.Generator) -> Floats:
    if shape == "dense":
        return np.ones((spins, spins))
    if shape == "sparse":
        return np.triu(rng.random((spins, spins)) < _MEAN_DEGREE / (spins - 1), k=1).astype(float)
    while True:  # pairs three stubs a spin until no pair is double
        stubs = rng.permutation(np.repeat(np.arange(spins), 3)).reshape(-1, 2)
        graph = np.zeros((spins, spins))
        np.add.at(graph, (stubs.min(axis=1), stubs.max(axis=1)), 1.0)
        if graph.max() == 1 and not graph.trace():
            return graph


def donors_of(family: str) -> list[Ising]:
    """The donors of a family's rows, each divided by its scale."""
    place = FAMILIES.index(family)
    return [member(family, SPINS, [SEED, place, number]).scaled() for number in range(DONORS)]


def row(family: str, layers: int) -> tuple[Floats, Floats]:
    """The gammas and betas that minimise the mean of <C> / (scale n) over the donors."""
    costs = donors_of(family)
    together = [Qaoa(cost_diagonal(ising)) for ising in costs]

    def energy(gammas: Floats, betas: Floats) -> Floats:
        return np.mean([qaoa.expectation(gammas, betas) for qaoa in together], axis=0) / SPINS

    starts = [choose_angles(costs[0], name, layers, 0) for name in ("transferred", "ramp")]
    points = np.array([(*one.gammas, *one.betas) for one in starts])
    best = search.lowest(energy, points, SEED, _ROUNDS)
    return best[:layers], best[layers:]


def main() -> None:
    for family in FAMILIES:
        print(f'    "{family}": {{')
        for layers in (1, 2, 3):
            gammas, betas = (tuple(round(float(x), 4) for x in part) for part in row(family, layers))
            print(f"        {layers}: ({gammas}, {betas}),", flush=True)
        print("    },")


if __name__ == "__main__":
    main()
