from __future__ import annotations

from collections.abc import Callable

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers import exact_scip, swaps
from hybridops.solvers.descent import descend
from hybridops.solvers.exact import solve
from hybridops.solvers.heuristics import Found, simulated_annealing, tabu
from hybridops.solvers.qubo import Qubo
from hybridops.solvers.swaps import swap_search
from tests.solvers.instances import all_bits, random_qubo, read, read_portfolio, whole_energy


def short_tabu(qubo: Qubo, seed: int) -> Found:
    return tabu(qubo, seed=seed, runs=3, restarts=2, moves=1_000)


def short_annealing(qubo: Qubo, seed: int) -> Found:
    return simulated_annealing(qubo, seed=seed, runs=20, sweeps=100)


@pytest.mark.parametrize("heuristic", [short_tabu, short_annealing])
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_small_costs_are_solved(heuristic: Callable[[Qubo, int], Found], seed: int, n: int):
    """Against every string: so the columns of the samples are the variables, in order."""
    qubo = random_qubo(seed, n)
    found = heuristic(qubo, seed)
    assert found.energy == whole_energy(qubo, found.bits) == qubo.energy(all_bits(n)).min()


@pytest.mark.parametrize("heuristic", [short_tabu, short_annealing])
@pytest.mark.parametrize(
    ("kind", "name"), [("qubo", "gka1d"), ("qubo", "bqp100-1"), ("maxcut", "g05_60.0"), ("mis", "karate")]
)
def test_published_values_are_reached(heuristic: Callable[[Qubo, int], Found], kind: str, name: str):
    """And never passed; once more with the same seed gives the same runs."""
    qubo, best = read(kind, name)
    found = heuristic(qubo, 1)
    assert whole_energy(qubo, found.bits) == found.energy == best
    assert heuristic(qubo, 1).energies.tolist() == found.energies.tolist()


def test_the_seed_decides():
    """On one hard enough that runs end differently."""
    qubo, best = read("maxcut", "g05_100.0")
    for heuristic in (
        lambda seed: tabu(qubo, seed=seed, runs=8, restarts=0, moves=1),
        lambda seed: simulated_annealing(qubo, seed=seed, runs=8, sweeps=5),
    ):
        assert heuristic(1).energies.tolist() != heuristic(2).energies.tolist()
        assert heuristic(1).energies.tolist() == heuristic(1).energies.tolist()
        assert heuristic(1).energies.min() >= best


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_descent_ends_where_no_flip_helps(seed: int, n: int):
    """From every string at once; the first step is the steepest, and nothing ever rises."""
    qubo, rows = random_qubo(seed, n), all_bits(n)
    ends = descend(qubo, rows)
    energies = qubo.energy(ends)
    assert (energies <= qubo.energy(rows)).all()
    for row, energy in zip(ends, energies, strict=True):
        assert qubo.energy(np.abs(row.astype(int) - np.eye(n, dtype=int))).min() >= energy
    stuck = (ends == rows).all(axis=1)
    assert (qubo.energy(rows[stuck]) == energies[stuck]).all()
    strict = descend(qubo, rows, xp=array_api_strict)
    assert np.array_equal(strict, ends)


def test_descent_takes_the_steepest_way():
    """Two ways down from 00: the lower gain would end elsewhere."""
    qubo = Qubo(0.0, np.array([-1.0, -3.0]), np.array([[0.0, 5.0], [0.0, 0.0]]))
    assert descend(qubo, np.array([[0, 0], [1, 0], [1, 1]])).tolist() == [[0, 1], [1, 0], [0, 1]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.data())
def test_swaps_find_the_best_choice(seed: int, n: int, data: st.DataObject):
    """Against every choice of as many; none and all are choices too."""
    qubo, rows = random_qubo(seed, n), all_bits(n)
    ones = data.draw(st.integers(0, n))
    found = swap_search(qubo, ones=ones, seed=seed, starts=6, steps=40)
    assert found.bits.sum() == ones
    assert found.energy == whole_energy(qubo, found.bits) == qubo.energy(rows[rows.sum(axis=1) == ones]).min()


def test_swaps_walk_out_of_a_local_optimum(monkeypatch: pytest.MonkeyPatch):
    """One start on each of 10 costs reaches what many reach; without the tabu list it stays stuck on some."""
    qubos = [random_qubo(seed, 30, size=99) for seed in range(10)]
    many = [swap_search(qubo, ones=15, seed=99, starts=10, steps=100).energy for qubo in qubos]

    def reached() -> int:
        found = [swap_search(qubo, ones=15, seed=1, starts=1, steps=200).energy for qubo in qubos]
        return sum(one == best for one, best in zip(found, many, strict=True))

    assert reached() == 10
    monkeypatch.setattr(swaps, "_TENURE_MAX", 0)
    assert reached() < 10


def test_a_published_portfolio():
    """10 of 31 equally weighted: SCIP's choice under the same rule is no better than that of the swaps."""
    qubo = read_portfolio("port1", 10)
    found = swap_search(qubo, ones=10, seed=1, starts=5, steps=100)
    assert found.bits.sum() == 10
    smaller = Qubo(0.0, qubo.linear[:16], qubo.quadratic[:16, :16])
    proved = exact_scip.solve(smaller, 60.0, 5)
    assert proved.optimal and proved.bits is not None
    mine = swap_search(smaller, ones=5, seed=1, starts=5, steps=100)
    assert np.isclose(mine.energy, smaller.energy(np.array([proved.bits]))[0], rtol=1e-9)


@pytest.mark.slow
def test_swaps_reach_the_proved_portfolio():
    """10 of 31: SCIP proves it in seconds, the swaps had it."""
    qubo = read_portfolio("port1", 10)
    proved = solve(qubo, solver="SCIP", seconds=120, ones=10)
    assert proved.status == "optimal" and proved.energy is not None
    mine = swap_search(qubo, ones=10, seed=1, starts=5, steps=100)
    assert proved.lower_bound - 1e-9 <= mine.energy <= proved.energy + 1e-9


def test_what_cannot_be_run_is_refused():
    """Counts below one, seeds that the library would fold, more ones than variables."""
    qubo = random_qubo(0, 4)
    for call in (
        lambda: tabu(qubo, seed=1, runs=0), lambda: tabu(qubo, seed=-1), lambda: tabu(qubo, seed=1, restarts=-1),
        lambda: simulated_annealing(qubo, seed=1, sweeps=0), lambda: simulated_annealing(qubo, seed=2**31),
        lambda: swap_search(qubo, ones=5, seed=1), lambda: swap_search(qubo, ones=2, seed=1, starts=0),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            call()
