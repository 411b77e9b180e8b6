"""The practitioner's heuristic: parallel savings of Clarke and Wright (1964), then 2-opt on each route."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridops.solvers.problem import Ints, Problem


def savings_and_two_opt(problem: Problem) -> list[list[int]]:
    """Feasible routes, deterministic. O(n^2 log n) for the savings, O(L^2) a 2-opt move."""
    return [two_opt(problem.distance, route) for route in clarke_wright(problem)]


def savings(distance: Ints) -> Ints:
    """s[i, j] = d(0, i) + d(0, j) - d(i, j), shape (n, n): what one vehicle saves over two."""
    saved: Ints = distance[0][:, None] + distance[0][None, :] - distance
    return saved


def clarke_wright(problem: Problem) -> list[list[int]]:
    """Merges routes at their ends, largest saving first, while the load fits.

    Savings of zero or less are skipped, unless `vehicles_max` asks for one route.
    """
    saved = savings(problem.distance)
    first, second = np.triu_indices(problem.nodes, k=1)
    first, second = first[first > 0], second[first > 0]
    value = saved[first, second]
    order = np.lexsort((second, first, -value))
    if problem.vehicles_max != 1:
        order = order[value[order] > 0]
    return _merge(problem, first[order].tolist(), second[order].tolist())


def _merge(problem: Problem, first: Sequence[int], second: Sequence[int]) -> list[list[int]]:
    owner = list(range(problem.nodes))
    routes = {stop: [stop] for stop in range(1, problem.nodes)}
    load = problem.demand.tolist()
    for i, j in zip(first, second, strict=True):
        left, right = owner[i], owner[j]
        if left == right or load[left] + load[right] > problem.capacity:
            continue
        joined = _join(routes[left], i, routes[right], j)
        if joined is None:
            continue
        routes[left] = joined
        load[left] += load[right]
        for stop in routes.pop(right):
            owner[stop] = left
    return list(routes.values())


def _join(a: list[int], i: int, b: list[int], j: int) -> list[int] | None:
    """a and b with i beside j, or None where one of them is not an end of its route."""
    if i not in (a[0], a[-1]) or j not in (b[0], b[-1]):
        return None
    head = a if a[-1] == i else a[::-1]
    tail = b if b[0] == j else b[::-1]
    return head + tail


def two_opt(distance: Ints, route: Sequence[int]) -> list[int]:
    """The route after best-improvement 2-opt (Croes 1958), depot fixed at both ends; never longer."""
    tour = np.array([0, *route, 0])
    while True:
        here, after = tour[:-1], tour[1:]
        edge = distance[here, after]
        gain = edge[:, None] + edge[None, :]
        gain -= distance[here[:, None], here[None, :]] + distance[after[:, None], after[None, :]]
        i, j = divmod(int(np.triu(gain, k=1).argmax()), len(edge))
        if i >= j or gain[i, j] <= 0:
            return [int(stop) for stop in tour[1:-1]]
        tour[i + 1 : j + 1] = tour[i + 1 : j + 1][::-1]
