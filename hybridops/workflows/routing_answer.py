"""The last step of routing: samples to an answer beside its controls, or the classical answer instead."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers.embedding import coordinates_of
from hybridops.solvers.ising import cost_diagonal, from_document
from hybridops.solvers.problem import Floats, Problem
from hybridops.solvers.qaoa import Qaoa
from hybridops.solvers.routes import Routes, check_solution
from hybridops.solvers.split import SplitTable, split_table
from hybridops.trust.canonical import canonical
from hybridops.workflows import routing_score as scoring
from hybridops.workflows.routing_narrow import split_from, subproblem
from hybridops.workflows.routing_steps import earlier, needed, opened
from hybridops.workflows.routing_verdict import judge, stand_in

_IDEAL, _RANDOM = 2, 3  # streams of the run's seed; training has 1


def score(step: StepInput) -> StepOutput:
    """Decodes what came back (it may be partial), treats every arm alike, and judges by the signed rule."""
    begun = time.perf_counter()
    problem, settings = opened(step)
    table, distribution = _table(problem, subproblem(step))
    step.report(0.3, "Decoding and repairing samples")
    arms = _arms(step, table, distribution)
    classical = _classical(step, problem)
    target = float(classical["heuristic"]["objective"])
    shown = {**classical, **_sampled(table, arms, target), "exact_split": _exact(table)}
    best = shown["quantum"]["bits"]
    routes = [] if best is None else table.solution(int(best, 2))
    summary = {
        **_head("score", problem, degraded=False),
        "answer": _answer(problem, routes, "quantum"),
        "arms": shown,
        **_judged(judge(shown, settings.acceptance)),
        "samples": _samples(step, arms[0].shots),
        "rules": {arm.name: scoring.rules_kept(table, arm) for arm in arms},
        "histogram": scoring.histogram(table, arms, _marks(shown)),
        "candidates": scoring.candidates(table, arms),
        "incumbent_paths": scoring.paths_of(table, table.split.incumbent),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, problem, routes, table.split.stops))


def control(step: StepInput) -> StepOutput:
    """What comes of it without a QPU: the classical arms, and as many random bits as shots, treated as samples are."""
    begun = time.perf_counter()
    problem, settings = opened(step)
    table, _ = _table(problem, subproblem(step))
    step.report(0.5, f"{settings.shots} random shots through the same repair")
    arms = _classical(step, problem)
    arm = scoring.polish(table, "random", _uniform(step, table, settings.shots))
    arms["random"] = scoring.arm_summary(table, arm, float(arms["heuristic"]["objective"]), raw=False)
    summary = {
        "step": "control",
        "control": {name: found["objective"] for name, found in arms.items()},
        "shots": settings.shots,
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
        "arms": classical,
        **_judged(stand_in(classical[arm]["objective"], arm, classical)),
        "samples": None,
        "rules": {},
        "histogram": None,
        "candidates": [],
        "incumbent_paths": [],
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, problem, routes, ()))


def _table(problem: Problem, document: Mapping[str, Any]) -> tuple[SplitTable, Floats]:
    """The split's table, and the ideal distribution of the circuit that was sent."""
    ising, angles = from_document(document["ising"]), document["angles"]
    energy = cost_diagonal(ising)
    table = split_table(split_from(problem, document), energy)
    ideal = Qaoa(energy, batch=1).probabilities(np.array(angles["gammas"]), np.array(angles["betas"]))
    return table, ideal


def _arms(step: StepInput, table: SplitTable, distribution: Floats) -> list[scoring.Arm]:
    """The samples, as many uniformly random states, as many ideal shots: polished by the same function."""
    shots = scoring.read_samples(step.samples, table.split.qubits)
    waited = sum(part.seconds for part in step.samples)
    uniform = _uniform(step, table, shots.total)
    ideal = scoring.drawn_shots(distribution, shots.total, (step.seed, _IDEAL))
    return [
        scoring.polish(table, "quantum", shots, waited),
        scoring.polish(table, "random", uniform),
        scoring.polish(table, "ideal", ideal),
    ]


def _uniform(step: StepInput, table: SplitTable, count: int) -> scoring.Shots:
    """The random control, the same states before the gate and at the score."""
    return scoring.random_shots(table.split.qubits, count, (step.seed, _RANDOM))


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


def _sampled(table: SplitTable, arms: Sequence[scoring.Arm], target: float) -> dict[str, dict[str, Any]]:
    shown = {}
    for arm in arms:
        shown[f"{arm.name}_raw"] = scoring.arm_summary(table, arm, target, raw=True)
        shown[arm.name] = scoring.arm_summary(table, arm, target, raw=False)
    return shown


def _exact(table: SplitTable) -> dict[str, Any]:
    """The best split there is, by enumeration: what no sample can beat. Feasible share is of all states."""
    feasible = np.flatnonzero(table.excess == 0)
    best = int(feasible[table.length[feasible].argmin()])
    return {
        "objective": check_solution(table.split.problem, table.solution(best)),
        "bits": scoring.bits_of(table, best),
        "feasible_share": len(feasible) / len(table.length),
    }


def _marks(shown: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    names = ("heuristic", "baseline", "exact_split")
    return {name: shown[name]["objective"] for name in names if name in shown}


def _judged(found: dict[str, Any]) -> dict[str, Any]:
    """`quality` and `credit_why` also stand alone: the engine puts its own verdict in place of this one."""
    return {"verdict": found, "quality": found["quality"], "credit_why": found["credit_why"]}


def _samples(step: StepInput, shots: scoring.Shots) -> dict[str, Any]:
    return {
        "shots_asked": sum(part.shots_asked for part in step.samples),
        "shots_done": shots.total,
        "distinct": len(shots.states),
        "partial": any(part.partial for part in step.samples),
        "backends": sorted({part.backend for part in step.samples}),
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
