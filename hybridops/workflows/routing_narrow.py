"""Narrowing a routing problem to one register, and writing its circuit."""

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
from hybridops.solvers.ising import Ising, from_document
from hybridops.solvers.problem import Problem
from hybridops.solvers.routes import Routes, check_solution
from hybridops.solvers.split import Split, split_ising, split_of
from hybridops.trust.canonical import canonical, digest_of, read
from hybridops.workflows.qaoa_circuit import qaoa_circuit
from hybridops.workflows.routing_steps import needed, opened

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
        "angles": _angles(angles),
        "made_by": _made_by(angles),
        "ising": {
            "digest": digest_of(ising.document()),
            "fields": int(np.count_nonzero(ising.fields)),
            "couplings": int(np.count_nonzero(ising.couplings)),
            "offset": ising.offset,
        },
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    document = _document(split, ising, angles)
    return StepOutput(summary, {"subproblem": canonical(document)}, device, angles.nbytes)


def encode(step: StepInput) -> StepOutput:
    """The chosen subproblem's circuit as OpenQASM 3, its counts and its digests. Needs no quantum library."""
    begun = time.perf_counter()
    document = subproblem(step)
    ising, angles = from_document(document["ising"]), document["angles"]
    angles_by = {"strategy": angles["strategy"], "scaled_by": "rms local field"}
    circuit = qaoa_circuit(ising, angles["gammas"], angles["betas"], angles_by)
    one, two = (sum(circuit.gates.get(g, 0) for g in kinds) for kinds in (("h", "rz", "rx"), ("cx",)))
    summary = {
        "step": "encode",
        "circuit": {
            "qubits": ising.qubits,
            "layers": len(angles["gammas"]),
            "gates": circuit.gates,
            "one_qubit_gates": one,
            "two_qubit_gates": two,
            "depth": circuit.depth,
            "template_digest": circuit.template_digest,
            "digest": circuit.digest,
        },
        "shots": opened(step)[1].shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, {"circuit": circuit.text.encode()})


def subproblem(step: StepInput) -> dict[str, Any]:
    """The document that `narrow` stored, fetched by its digest."""
    document: dict[str, Any] = read(step.artifact(needed(step, "narrow")["artifacts"]["subproblem"]))
    return document


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
        "angles": _angles(angles),
    }


def _angles(angles: Angles) -> dict[str, Any]:
    return {
        "strategy": angles.strategy,
        "source": angles.source,
        "layers": len(angles.gammas),
        "gammas": list(angles.gammas),
        "betas": list(angles.betas),
        "scale": angles.scale,
        "evaluations": angles.evaluations,
        "expected_energy": angles.expected_energy,
        "precision": "float32",
    }


def _made_by(angles: Angles) -> str:
    """How the angles were made, for the approval's envelope."""
    how = {
        "ramp": "a fixed linear ramp",
        "transferred": "published for the Sherrington-Kirkpatrick model",
        "donor": f"taken from donors of like structure ({angles.source})",
        "trained": f"trained on {angles.evaluations} simulated circuits",
    }[angles.strategy]
    return f"{how}, scaled to this problem, bound before approval"


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
