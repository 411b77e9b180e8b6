"""Heuristics of D-Wave's samplers: tabu search and simulated annealing, one thread, seeded.

Both are bounded by counts, never by the clock, so the same seed gives the same answer on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import Floats
from hybridops.solvers.qubo import Bits, Qubo


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """`bits` (n,) the best of all runs, `energy` its float64 value, `energies` (runs,) of each run's best."""

    bits: Bits
    energy: float
    energies: Floats


def tabu(qubo: Qubo, *, seed: int, runs: int = 4, restarts: int = 8, moves: int = 20_000) -> Found:
    """Multistart tabu search (Palubeckis 2004): `runs`, each restarted `restarts` times after its first search.

    The first search looks at `moves` n flips, descents after a new best aside, every later one at a quarter.
    """
    _check(seed, runs=runs, restarts=restarts + 1, moves=moves)
    samples = _samplers().TabuSampler().sample(
        _model(qubo), num_reads=runs, seed=seed, timeout=None, num_restarts=restarts,
        coefficient_z_first=moves, coefficient_z_restart=max(1, moves // 4), lower_bound_z=1,
    )  # fmt: skip
    return found(qubo, samples.record.sample)


def simulated_annealing(qubo: Qubo, *, seed: int, runs: int = 100, sweeps: int = 1_000) -> Found:
    """Simulated annealing of `runs` one after the other, over the library's own geometric schedule."""
    _check(seed, runs=runs, sweeps=sweeps)
    samples = (
        _samplers()
        .SimulatedAnnealingSampler()
        .sample(_model(qubo), num_reads=runs, num_sweeps=sweeps, seed=seed)
    )
    return found(qubo, samples.record.sample)


def found(qubo: Qubo, bits: Any) -> Found:
    """The best of rows of bits (runs, n), all energies computed anew; the first of equals."""
    energies = qubo.energy(bits)
    best = int(energies.argmin())
    return Found(np.asarray(bits[best], dtype=np.uint8), float(energies[best]), energies)


def _samplers() -> Any:
    """Typed in part and wrongly: it says that tabu search takes no None for its clock."""
    return import_module("dwave.samplers")


def _model(qubo: Qubo) -> Any:
    """Variables in order of their numbers, so that samples are columns in that order."""
    import dimod

    model = dimod.BinaryQuadraticModel(dimod.BINARY)
    model.add_linear_from_array(qubo.linear.tolist())
    model.add_quadratic_from_dense(qubo.quadratic)
    return model


def _check(seed: int, **counts: int) -> None:
    if not 0 <= seed < 2**31:
        raise BadInput("Choose a seed from 0 to 2,147,483,647.", field="seed")
    for name, count in counts.items():
        if count < 1:
            raise BadInput(f"Ask for more {name}.", field=name)
