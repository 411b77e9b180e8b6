"""Length of routes and the independent check: no solver's own figure is ever believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hybridops.domain.errors import HybridopsError
from hybridops.solvers.problem import Ints, Problem

type Routes = Sequence[Sequence[int]]


class InvalidSolution(HybridopsError):
    """Routes that break rules; `reasons` names each broken rule in words."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(f"This is not a solution: {'; '.join(reasons)}.")
        self.reasons = tuple(reasons)


def route_length(distance: Ints, route: Sequence[int]) -> int:
    """Depot, the stops in order, depot. In the unit of `distance`; an empty route has length 0."""
    tour = [0, *route, 0]
    return int(distance[tour[:-1], tour[1:]].sum())


def broken_rules(problem: Problem, routes: Routes) -> list[str]:
    """Every broken rule, in words: unknown, missing and repeated stops, overload, too many vehicles."""
    visits = Counter(stop for route in routes for stop in route)
    stops = range(1, problem.nodes)
    unknown = sorted(stop for stop in visits if stop not in stops)
    if unknown:
        return [f"node {unknown[0]} is not a stop"]
    reasons = [f"stop {stop} is not visited" for stop in stops if not visits[stop]]
    reasons += [f"stop {stop} is visited {times} times" for stop, times in visits.items() if times > 1]
    for number, route in enumerate(routes, start=1):
        load = int(problem.demand[list(route)].sum())
        if load > problem.capacity:
            reasons.append(f"route {number} carries {load}, above the capacity of {problem.capacity}")
    used = sum(1 for route in routes if len(route))
    if problem.vehicles_max is not None and used > problem.vehicles_max:
        reasons.append(f"{used} vehicles are used, {problem.vehicles_max} are there")
    return reasons


def check_solution(problem: Problem, routes: Routes) -> int:
    """Total length, recomputed from the distance matrix; raises InvalidSolution with every broken rule."""
    if reasons := broken_rules(problem, routes):
        raise InvalidSolution(reasons)
    return sum(route_length(problem.distance, route) for route in routes)
