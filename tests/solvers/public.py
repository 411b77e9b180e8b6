"""Published instances, read from the `shared` folder beside the checkout where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hybridops.solvers.ising import Ising
from hybridops.solvers.problem import Floats, Problem

_DATA = Path(__file__).parents[3] / "shared" / "data"


def public(name: str) -> bytes:
    """The bytes of, say, `cvrp/P-n16-k8.vrp`; skips the test where the folder is absent."""
    path = _DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not here: published instances lie in a `shared` folder beside the checkout")
    return path.read_bytes()


def random_problem(seed: int, stops: int, capacity: int = 20) -> Problem:
    """Stops at random whole places of a 100 x 100 square, demand 1 to 9."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 100, (stops + 1, 2)).astype(float)
    away = points[:, None] - points[None, :]
    demand = rng.integers(1, 10, stops + 1)
    demand[0] = 0
    return Problem(
        name=f"random {seed}",
        kind="CVRP",
        distance=np.rint(np.hypot(away[..., 0], away[..., 1])).astype(np.int64),
        demand=demand,
        capacity=capacity,
        coordinates=points,
        labels=tuple(str(node + 1) for node in range(stops + 1)),
        rounding="EUC_2D",
    )


def qubo_ising(name: str, variables: int) -> Ising:
    """The leading block of a published QUBO, min x Q x with Q symmetric and its upper half in the file."""
    lines = [line.split() for line in public(name).decode().splitlines()[1:] if line.strip()]
    quadratic = np.zeros((variables, variables))
    for i, j, value in lines:
        if max(int(i), int(j)) <= variables:
            quadratic[int(i) - 1, int(j) - 1] = quadratic[int(j) - 1, int(i) - 1] = float(value)
    return ising_of(quadratic)


def ising_of(quadratic: Floats) -> Ising:
    """x Q x of a symmetric Q as a cost on spins, x = (1 - z) / 2."""
    couplings = np.triu(quadratic, k=1) / 2
    offset = (quadratic.sum() + np.trace(quadratic)) / 4
    return Ising(float(offset), -quadratic.sum(axis=1) / 2, couplings)
