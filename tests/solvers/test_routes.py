from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.solvers.routes import InvalidSolution, check_solution
from hybridops.solvers.savings import clarke_wright, savings_and_two_opt, two_opt
from tests.solvers.public import random_problem

PROBLEM = random_problem(1, stops=12)


def broken(routes: list[list[int]]) -> str:
    with pytest.raises(InvalidSolution) as caught:
        check_solution(PROBLEM, routes)
    return str(caught.value)


def good() -> list[list[int]]:
    return savings_and_two_opt(PROBLEM)


def test_a_dropped_stop_is_caught():
    """The checker misses no stop, wherever in the routes it was lost."""
    for at, route in enumerate(good()):
        for stop in route:
            routes = good()
            routes[at].remove(stop)
            assert f"stop {stop} is not visited" in broken(routes)


def test_a_repeated_stop_is_caught():
    """Visiting a stop twice is no solution, in the same route or in another."""
    for at in range(len(good())):
        routes = good()
        routes[at].append(routes[0][0])
        assert "is visited 2 times" in broken(routes)


def test_an_overload_is_caught():
    """All stops on one vehicle are too heavy, and the message says by how much."""
    routes = [[stop for route in good() for stop in route]]
    assert f"carries {PROBLEM.total_demand}, above the capacity of 20" in broken(routes)


@pytest.mark.parametrize("node", [0, -1, 13])
def test_an_unknown_stop_is_caught(node: int):
    """The depot, a negative and a number past the end are no stops; none of them indexes an array."""
    assert f"node {node} is not a stop" in broken([*good(), [node]])


def test_too_many_vehicles_are_caught():
    """One vehicle means one route; empty routes use no vehicle."""
    single = dataclasses.replace(PROBLEM, vehicles_max=1, capacity=PROBLEM.total_demand)
    with pytest.raises(InvalidSolution, match="vehicles are used, 1 are there"):
        check_solution(single, good())
    assert check_solution(single, [savings_and_two_opt(single)[0], []]) > 0


def test_length_is_counted_by_hand():
    """Depot to first, between, and last to depot."""
    d = PROBLEM.distance
    rest = [[stop] for stop in range(3, 13)]
    expected = d[0, 1] + d[1, 2] + d[2, 0] + sum(2 * d[0, stop] for stop in range(3, 13))
    assert check_solution(PROBLEM, [[1, 2], *rest]) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 25), st.integers(9, 60))
def test_the_heuristic_is_always_feasible(seed: int, stops: int, capacity: int):
    """Clarke-Wright keeps every rule, 2-opt never lengthens, and one vehicle gets one route."""
    problem = random_problem(seed, stops, capacity)
    before = check_solution(problem, clarke_wright(problem))
    assert check_solution(problem, savings_and_two_opt(problem)) <= before
    single = dataclasses.replace(problem, vehicles_max=1, capacity=problem.total_demand)
    assert len(savings_and_two_opt(single)) == 1
    check_solution(single, savings_and_two_opt(single))


def test_two_opt_uncrosses():
    """A square visited crosswise comes back as its outline."""
    corners = np.array([[0, 0], [0, 10], [10, 10], [10, 0]], dtype=float)
    away = corners[:, None] - corners[None, :]
    distance = np.rint(np.hypot(away[..., 0], away[..., 1])).astype(np.int64)
    assert two_opt(distance, [2, 1, 3]) in ([1, 2, 3], [3, 2, 1])
