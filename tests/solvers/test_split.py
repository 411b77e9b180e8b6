from __future__ import annotations

import dataclasses

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.embedding import k_means, plane_layout, stop_features
from hybridops.solvers.ising import cost_diagonal
from hybridops.solvers.routes import InvalidSolution, check_solution
from hybridops.solvers.savings import savings_and_two_opt
from hybridops.solvers.split import split_ising, split_of, split_table
from hybridops.solvers.windows import propose, score
from tests.solvers.public import random_problem


def make(seed: int, stops: int, capacity: int, qubits: int, *, single: bool = False):
    problem = random_problem(seed, stops, capacity)
    if single:
        problem = dataclasses.replace(problem, vehicles_max=1, capacity=problem.total_demand)
    routes = savings_and_two_opt(problem)
    return problem, routes, propose(problem, routes, qubits)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 24), st.sampled_from([18, 30, 60]), st.booleans())
def test_the_table_tells_the_truth_about_every_state(seed: int, stops: int, capacity: int, single: bool):
    """For every window and a sample of states: claimed length and feasibility are the checker's own."""
    problem, routes, windows = make(seed, stops, capacity, 8, single=single)
    for window in windows[:3]:
        split = split_of(problem, routes, window)
        table = split_table(split, cost_diagonal(split_ising(split)))
        for state in {0, split.incumbent, *range(1, 1 << split.qubits, 7)}:
            if table.excess[state]:
                with pytest.raises(InvalidSolution, match="above the capacity"):
                    check_solution(problem, table.solution(state))
            else:
                assert check_solution(problem, table.solution(state)) == table.objective[state]
        assert table.excess[split.incumbent] == 0
        assert table.objective[split.incumbent] <= check_solution(problem, routes)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_repair_and_local_search_only_improve(seed: int):
    """Repair never adds excess, 1-opt never adds excess or energy; each is at rest where it ends."""
    problem, routes, windows = make(seed, 14, 22, 8)
    split = split_of(problem, routes, windows[0])
    table = split_table(split, cost_diagonal(split_ising(split)))
    states = np.arange(1 << split.qubits)
    repaired = table.repair(states)
    descended = table.one_opt(repaired)
    assert (table.excess[repaired] <= table.excess[states]).all()
    assert (repaired == states)[table.excess == 0].all()
    assert (table.excess[descended] <= table.excess[repaired]).all()
    assert (table.energy[descended] <= table.energy[repaired] + 1e-9).all()
    assert (table.repair(repaired) == repaired).all()
    assert (table.one_opt(descended) == descended).all()


def test_the_energy_is_savings_lost_and_imbalance():
    """The spins' energy is the formula of the docstring, term by term, fixed ends and loads included."""
    problem, routes, windows = make(3, 24, 40, 8)
    split = next(s for s in (split_of(problem, routes, w) for w in windows) if max(s.fixed_load))
    ising = split_ising(split)
    energy = cost_diagonal(ising) + ising.offset
    d, stops = problem.distance, split.stops
    demand = problem.demand[list(stops)]
    total = sum(max(d[0, a] + d[0, b] - d[a, b], 0) for i, a in enumerate(stops) for b in stops[i + 1 :])
    for state in range(0, 1 << split.qubits, 11):
        side = [state >> (split.qubits - 1 - at) & 1 for at in range(split.qubits)]
        placed = [*zip(stops, side, strict=True)]
        fixed = [(node, path) for path, ends in enumerate(split.ends) for node in ends]
        links = [(a, b) for i, a in enumerate(placed) for b in [*placed[i + 1 :], *fixed]]
        lost = sum(max(d[0, a] + d[0, b] - d[a, b], 0) for (a, p), (b, q) in links if p != q)
        apart = sum((1 - 2 * s) * load for s, load in zip(side, demand, strict=True))
        apart += split.fixed_load[0] - split.fixed_load[1]
        assert np.isclose(energy[state], lost + 0.35 * total * (apart / demand.sum()) ** 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(4, 14), st.booleans())
def test_windows_fit_and_never_overlap(seed: int, stops: int, qubits: int, single: bool):
    """Between 2 and `qubits` stops, inside their routes, with something fixed between parts of one route."""
    _, routes, windows = make(seed, stops, 30, qubits, single=single)
    for first, second in windows:
        assert 2 <= len(first) + len(second) <= qubits
        assert len(first) and len(second)
        assert all(0 <= part.start < part.stop <= len(routes[part.route]) for part in (first, second))
        assert first.route != second.route or first.stop < second.start


def test_the_saving_bound_holds():
    """No split of whole routes that uses both saves more than its bound; what none can gain is 0 at least."""
    for seed in range(12):
        problem, routes, windows = make(seed, 10, 30, 14)
        scores = score(problem, routes, windows, k_means(stop_features(problem), 3), np)
        for at, window in enumerate(windows):
            split = split_of(problem, routes, window)
            table = split_table(split, cost_diagonal(split_ising(split)))
            both = (table.excess == 0)[1:-1]
            saved = check_solution(problem, routes) - table.objective[1:-1][both].min()
            assert saved <= scores.saving_bound[at] + 1e-9
        assert ((scores.mixing >= 0) & (scores.mixing <= 1)).all()


def test_narrowing_needs_only_the_array_api():
    """Clusters and scores are the same on the strict reference library as on NumPy."""
    problem, routes, windows = make(5, 24, 30, 9)
    plain = k_means(stop_features(problem), 4)
    strict = k_means(stop_features(problem, array_api_strict), 4, array_api_strict)
    assert np.asarray(strict).tolist() == plain.tolist()
    expected = score(problem, routes, windows, plain, np)
    found = score(problem, routes, windows, strict, array_api_strict)
    assert np.allclose(found.score, expected.score)


def test_clusters_find_what_is_apart():
    """Two heaps of points become two clusters, and asking for more clusters than points is no error."""
    rng = np.random.default_rng(0)
    heaps = np.concatenate((rng.normal(size=(10, 2)), 50 + rng.normal(size=(12, 2))))
    labels = k_means(heaps, 2)
    assert len(set(labels[:10])) == len(set(labels[10:])) == 1
    assert labels[0] != labels[-1]
    assert len(set(k_means(heaps[:3], 9))) == 3


def test_a_layout_from_distances_keeps_them():
    """Distances that come from a plane are found again, turned perhaps."""
    problem = random_problem(2, 20)
    layout = plane_layout(problem.distance)
    away = layout[:, None] - layout[None, :]
    assert np.allclose(np.hypot(away[..., 0], away[..., 1]), problem.distance, atol=2)


def test_nothing_to_exchange_is_said():
    """Two stops on one route have no fixed stop between them: the step refuses instead of failing later."""
    problem = dataclasses.replace(random_problem(0, 2, 100), vehicles_max=1)
    with pytest.raises(BadInput, match="too few stops"):
        propose(problem, [[1, 2]], 8)
