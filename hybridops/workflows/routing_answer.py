"""The last step of routing: samples to an answer beside its controls, or the classical answer instead."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers.embedding import coordinates_of
from hybridops.solvers.problem import Problem
from hybridops.solvers.routes import Routes, check_solution
from hybridops.solvers.split import SplitTable, split_table
from hybridops.trust.canonical import canonical
from hybridops.workflows.register_arms import controlled, sampled_arms, scored, shown, unscored
from hybridops.workflows.register_circuit import distribution, energies
from hybridops.workflows.register_steps import earlier, needed, subproblem
from hybridops.workflows.routing_narrow import split_from
from hybridops.workflows.routing_steps import opened

_RULE, _START = "a route above capacity", "the routes the run started from"


def score(step: StepInput) -> StepOutput:
    """Decodes what came back (it may be partial), treats every arm alike, and judges by the signed rule."""
    begun = time.perf_counter()
    problem, settings = opened(step)
    document = subproblem(step)
    table = _table(problem, document)
    step.report(0.3, "Decoding and repairing samples")
    arms = sampled_arms(step, table, distribution(document, table.energy))
    found = shown(table, arms, _classical(step, problem))
    best = found["quantum"]["bits"]
    routes = [] if best is None else table.solution(int(best, 2))
    told = scored(step, table, arms, found, acceptance=settings.acceptance, rule=_RULE, start=_START)
    summary = {
        **_head("score", problem, degraded=False),
        "answer": _answer(problem, routes, "quantum"),
        **told,
        "candidates": [{**row, "paths": paths_of(table, int(row["bits"], 2))} for row in told["candidates"]],
        "incumbent_paths": paths_of(table, table.split.incumbent),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, problem, routes, table.split.stops))


def control(step: StepInput) -> StepOutput:
    """What comes of it without a QPU: the classical arms, and as many random bits as shots, treated as samples are."""
    begun = time.perf_counter()
    problem, settings = opened(step)
    table = _table(problem, subproblem(step))
    step.report(0.5, f"{settings.shots} random shots through the same repair")
    summary = {
        "step": "control",
        **controlled(step, table, settings.shots, _classical(step, problem)),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def answer_classically(step: StepInput) -> StepOutput:
    """The better of heuristic and baseline, in the shape of `score`, marked as degraded."""
    begun = time.perf_counter()
    problem, _ = opened(step)
    classical = _classical(step, problem)
    arm = min(classical, key=lambda name: (classical[name]["objective"], name))
    routes = needed(step, arm)["routes"]
    summary = {
        **_head("answer_classically", problem, degraded=True),
        "answer": _answer(problem, routes, arm),
        **unscored(classical, arm),
        "incumbent_paths": [],
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, problem, routes, ()))


def paths_of(table: SplitTable, state: int) -> list[list[str]]:
    """Both re-split paths as labels, their fixed ends included."""
    split, full = table.split, len(table.energy) - 1
    paths = []
    for path, subset in ((0, full ^ state), (1, state)):
        inner = [split.stops[at] for at in table.paths.order(path, subset)]
        nodes = [split.ends[path][0], *inner, split.ends[path][1]]
        paths.append([split.problem.labels[node] for node in nodes])
    return paths


def _table(problem: Problem, document: Mapping[str, Any]) -> SplitTable:
    return split_table(split_from(problem, document), energies(dict(document)))


def _classical(step: StepInput, problem: Problem) -> dict[str, dict[str, Any]]:
    """The classical arms that ran, their objectives recomputed here."""
    needed(step, "heuristic")
    found = {name: earlier(step, name) for name in ("heuristic", "baseline")}
    return {
        name: {
            "objective": check_solution(problem, result["routes"]),
            "method": result["method"],
            "feasible_share": 1.0,
            "seconds": result["seconds"],
        }
        for name, result in found.items()
        if result is not None
    }


def _head(name: str, problem: Problem, *, degraded: bool) -> dict[str, Any]:
    return {
        "step": name,
        "degraded": degraded,
        "name": problem.name,
        "kind": problem.kind,
        "stops": problem.stops,
        "unit": problem.unit,
    }


def _answer(problem: Problem, routes: Routes, arm: str) -> dict[str, Any]:
    """Routes as node numbers; without any, there is no objective either."""
    return {
        "from": arm,
        "objective": check_solution(problem, routes) if routes else None,
        "vehicles": len(routes),
        "routes": [list(route) for route in routes],
    }


def _artifacts(step: StepInput, problem: Problem, routes: Routes, window: Sequence[int]) -> dict[str, bytes]:
    """`solution`: the answer in the file's own labels; `picture`: places and the arms' routes as node numbers."""
    named = [[problem.labels[stop] for stop in route] for route in routes]
    loads = [int(problem.demand[list(route)].sum()) for route in routes]
    places = coordinates_of(problem)
    solution = {
        "problem": problem.name,
        "depot": problem.labels[0],
        "objective": check_solution(problem, routes) if routes else None,
        "unit": problem.unit,
        "routes": [{"stops": stops, "load": load} for stops, load in zip(named, loads, strict=True)],
    }
    others = {name: earlier(step, name) for name in ("heuristic", "baseline")}
    drawn = {
        "kind": "routes",
        "axes": _axes(problem),
        "labels": list(problem.labels),
        "places": [[float(x), float(y)] for x, y in places],
        "demand": problem.demand.tolist(),
        "window": list(window),
        "answer": [list(route) for route in routes],
        **{name: result["routes"] for name, result in others.items() if result is not None},
    }
    return {"solution": canonical(solution), "picture": canonical(drawn)}


def _axes(problem: Problem) -> str:
    if problem.coordinates is None:
        return "laid out from distances"
    return "longitude, latitude" if problem.unit == "m" else "x, y"
