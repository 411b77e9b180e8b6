"""The strong baseline: PyVRP (Wouda, Lan, Kool 2024), seeded, bounded, started from the savings routes.

From that start it is feasible and never worse than the heuristic, however short its time: a baseline that
loses to savings on a large problem would flatter everything it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.solvers.problem import Problem
from hybridops.solvers.savings import savings_and_two_opt

_ITERATIONS_PER_SECOND = 100_000  # divided by (n + 25): a sixth to a third of what one core did, n = 16..1000


@dataclass(frozen=True, slots=True)
class Baseline:
    """`stopped_by` is "iterations" (the same answer for the same seed) or "time" (it may differ)."""

    routes: list[list[int]]
    iterations: int
    stopped_by: str


def iterations_max(problem: Problem, seconds: float) -> int:
    """A cap that a healthy core reaches well before `seconds`, so that the seed decides the answer."""
    return max(20, int(seconds * _ITERATIONS_PER_SECOND / (problem.nodes + 25)))


def solve(problem: Problem, *, seed: int, seconds: float, iterations: int | None = None) -> Baseline:
    """Routes by PyVRP's iterated local search within `seconds`; the caller checks them.

    With `iterations` exactly so many, whatever time they take: an earlier answer again.
    """
    from pyvrp import Client, Depot, Location, PenaltyParams, ProblemData, Solution, SolveParams, VehicleType
    from pyvrp import solve as pyvrp_solve
    from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria

    cap = iterations or iterations_max(problem, seconds)
    distance: Any = problem.distance  # PyVRP's stub asks for a one-dimensional array; it takes a matrix
    data = ProblemData(
        locations=[Location(0, 0) for _ in range(problem.nodes)],
        clients=[Client(node, delivery=[int(problem.demand[node])]) for node in range(1, problem.nodes)],
        depots=[Depot(0)],
        vehicle_types=[VehicleType(problem.vehicles_max or problem.stops, [problem.capacity])],
        distance_matrices=[distance],
        duration_matrices=[np.zeros_like(distance)],
    )
    enough = MaxIterations(cap)
    bound = enough if iterations else MultipleCriteria([MaxRuntime(seconds), enough])
    start = Solution(data, [[stop - 1 for stop in route] for route in savings_and_two_opt(problem)])
    result = pyvrp_solve(
        data,
        bound,
        seed=seed,
        collect_stats=False,
        params=SolveParams(penalty=PenaltyParams(max_penalty=_penalty_max(problem))),
        initial_solution=start,
    )
    routes = [
        [activity.idx + 1 for activity in route.schedule() if activity.is_client()]
        for route in result.best.routes()
    ]
    return Baseline(routes, result.num_iterations, "iterations" if result.num_iterations >= cap else "time")


def _penalty_max(problem: Problem) -> float:
    """The most that a unit of overload may cost: above any detour it saves, below what overflows int64.

    With PyVRP's own 1e5, routes in metres across a country stay overloaded for good.
    """
    return max(1e5, min(4.0 * problem.distance.max(), 1e17 / problem.total_demand))
