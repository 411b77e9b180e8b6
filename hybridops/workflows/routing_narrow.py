"""Narrowing a routing problem to one register."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import windows
from hybridops.solvers.angles import Angles, choose_angles
from hybridops.solvers.arrays import array_module
from hybridops.solvers.embedding import k_means, stop_features
from hybridops.solvers.ising import Ising
from hybridops.solvers.problem import Problem
from hybridops.solvers.routes import Routes, check_solution
from hybridops.solvers.split import Split, split_ising, split_of
from hybridops.trust.canonical import canonical
from hybridops.workflows.register_circuit import angles_document, ising_facts, made_by
from hybridops.workflows.register_steps import needed
from hybridops.workflows.routing_steps import opened

SCHEMA = "hybridops.routing-split/1"
NOTE = (
    "The incumbent is the heuristic's solution. PyVRP solves instances of this size outright, "
    "so the split demonstrates a hybrid run and is not the way to the best routes."
)
_TABLE = 10


def narrow(step: StepInput) -> StepOutput:
    """Chooses the stops to re-split, states their QUBO as spins, and chooses the angles."""
    begun = time.perf_counter()
    problem, settings = opened(step)
    routes = needed(step, "heuristic")["routes"]
    objective = check_solution(problem, routes)
    xp, device = array_module(step.prefer_gpu)
    step.report(0.1, "Grouping stops by place and demand")
    clusters = k_means(stop_features(problem, xp), max(2, len(routes)), xp)
    found = windows.propose(problem, routes, settings.qubits_max)
    step.report(0.4, f"Scoring {len(found)} candidate windows")
    scores = windows.score(problem, routes, found, clusters, xp)
    order = np.argsort(-scores.score, kind="stable")
    split = split_of(problem, routes, found[int(order[0])])
    ising = split_ising(split)
    step.report(0.6, f"Choosing angles: {settings.angle_strategy}")
    angles = choose_angles(ising, settings.angle_strategy, settings.layers, step.seed, xp)
    summary = {
        "step": "narrow",
        "incumbent": {"from": "heuristic", "objective": objective, "note": NOTE},
        "method": windows.METHOD,
        "windows": len(found),
        "candidates": [
            {"rank": rank, **_row(problem, routes, found[at], scores, at)}
            for rank, at in enumerate(order[:_TABLE].tolist(), start=1)
        ],
        "chosen": _chosen(split),
        "embedding": {
            "features": 6,
            "clusters": int(clusters.max()) + 1,
            "layout": "coordinates" if problem.coordinates is not None else "laid out from distances",
        },
        "qubits": split.qubits,
        "angles": angles_document(angles),
        "made_by": made_by(angles),
        "ising": ising_facts(ising),
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    document = _document(split, ising, angles)
    return StepOutput(summary, {"subproblem": canonical(document)}, device, angles.nbytes)


def split_from(problem: Problem, document: Mapping[str, Any]) -> Split:
    """The split of a stored document, built anew from the problem and the incumbent's routes."""
    first, second = (windows.Segment(*part) for part in document["window"])
    return split_of(problem, document["routes"], (first, second))


def _document(split: Split, ising: Ising, angles: Angles) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "routes": [list(route) for route in split.routes],
        "window": [[part.route, part.start, part.stop] for part in split.window],
        "stops": list(split.stops),
        "ising": ising.document(),
        "angles": angles_document(angles),
    }


def _chosen(split: Split) -> dict[str, Any]:
    """The register: label and present path of the stop behind each qubit."""
    labels = split.problem.labels
    first = len(split.window[0])
    return {
        "stops": [labels[stop] for stop in split.stops],
        "nodes": list(split.stops),
        "paths": [0] * first + [1] * (split.qubits - first),
        "ends": [[labels[node] for node in ends] for ends in split.ends],
        "fixed_load": list(split.fixed_load),
        "capacity": split.capacity,
        "whole_routes": all(len(part) == len(split.routes[part.route]) for part in split.window),
    }


def _row(
    problem: Problem, routes: Routes, window: windows.Window, scores: windows.Scores, at: int
) -> dict[str, Any]:
    parts: list[Sequence[int]] = [routes[part.route][part.start : part.stop] for part in window]
    return {
        "routes": [part.route + 1 for part in window],
        "stops": [[problem.labels[stop] for stop in part] for part in parts],
        "saving_bound": float(scores.saving_bound[at]),
        "mixing": float(scores.mixing[at]),
        "score": float(scores.score[at]),
    }
