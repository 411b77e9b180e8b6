"""The classical steps of routing: check what came in, the practitioner's heuristic, the strong baseline."""

from __future__ import annotations

import time
from typing import Any

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import pyvrp_baseline
from hybridops.solvers.problem import Problem
from hybridops.solvers.routes import Routes, check_solution
from hybridops.solvers.savings import savings_and_two_opt
from hybridops.workflows.register_steps import earlier
from hybridops.workflows.routing_steps import opened


def facts(problem: Problem) -> dict[str, Any]:
    """What a page says of a problem. JSON; every figure recomputed from the file."""
    return {
        "name": problem.name,
        "kind": problem.kind,
        "size": f"{problem.stops} stops",
        "stops": problem.stops,
        "capacity": problem.capacity,
        "total_demand": problem.total_demand,
        "largest_demand": int(problem.demand.max()),
        "vehicles_min": problem.vehicles_min,
        "vehicles_max": problem.vehicles_max,
        "vehicles_hint": problem.vehicles_hint,
        "distance_rule": problem.rounding,
        "unit": problem.unit,
        "has_coordinates": problem.coordinates is not None,
        "longest_link": int(problem.distance.max()),
    }


def check(step: StepInput) -> StepOutput:
    """Parses and checks the problem: sizes, and that every stop fits a vehicle."""
    begun = time.perf_counter()
    problem, _ = opened(step)
    load = problem.total_demand / (problem.vehicles_min * problem.capacity)
    return StepOutput(
        {
            "step": "check",
            **facts(problem),
            "load_share": load,
            "seconds": time.perf_counter() - begun,
        }
    )


def heuristic(step: StepInput) -> StepOutput:
    """Clarke-Wright savings and 2-opt: where the run starts from, and the bar it must not miss."""
    begun = time.perf_counter()
    problem, _ = opened(step)
    routes = savings_and_two_opt(problem)
    return StepOutput(
        {
            "step": "heuristic",
            "method": "Clarke-Wright savings, 2-opt",
            **_answer(problem, routes),
            "seconds": time.perf_counter() - begun,
        }
    )


def baseline(step: StepInput) -> StepOutput:
    """PyVRP: seeded, bounded by iterations and by `baseline_seconds`, never past half the deadline.

    In a rerun it goes as far as it went before: how far a second goes depends on the machine.
    """
    begun = time.perf_counter()
    problem, settings = opened(step)
    seconds = min(settings.baseline_seconds, step.deadline_seconds / 2)
    before = earlier(step, "baseline")
    iterations = before["iterations"] if before else None
    found = pyvrp_baseline.solve(problem, seed=step.seed % 2**32, seconds=seconds, iterations=iterations)
    return StepOutput(
        {
            "step": "baseline",
            "method": "PyVRP, iterated local search",
            **_answer(problem, found.routes),
            "iterations": found.iterations,
            "stopped_by": before["stopped_by"] if before else found.stopped_by,
            "seed": step.seed,
            "seconds": time.perf_counter() - begun,
        }
    )


def _answer(problem: Problem, routes: Routes) -> dict[str, Any]:
    """Routes as node numbers, and their objective from the checker, never from the solver."""
    return {
        "objective": check_solution(problem, routes),
        "unit": problem.unit,
        "vehicles": len(routes),
        "routes": [list(route) for route in routes],
    }
