"""Before the gate: check a table, its classical classifiers, the exact kernel and all choices, the template."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers.arrays import array_module
from hybridops.solvers.feature_map import embedded, kernel, nbytes, overlaps
from hybridops.solvers.kernel_svm import COSTS, decided, folds, rbf, validated
from hybridops.solvers.problem import Ints
from hybridops.workflows.kernels_choices import BANDWIDTHS, WIDTHS, chosen
from hybridops.workflows.kernels_circuit import circuit_facts, text_of
from hybridops.workflows.kernels_order import Target
from hybridops.workflows.kernels_prepare import Points, points_of
from hybridops.workflows.kernels_settings import REFERENCES, SUBMISSIONS, settings_of
from hybridops.workflows.register_steps import needed
from hybridops.workflows.table_csv import Table, parse

_FOLDS = 2  # stream of the run's seed


def facts(table: Table) -> dict[str, Any]:
    """What a page says of a table (JSON)."""
    rows, features = table.values.shape
    counts = {name: int((table.labels == at).sum()) for at, name in enumerate(table.classes)}
    told = " and ".join(f"{count} {name}" for name, count in counts.items())
    return {
        "name": table.name,
        "kind": "Table of two classes",
        "size": f"{rows} rows, {features} features, {told}",
        "rows": rows,
        "features": features,
        "target": table.target,
        "classes": counts,
    }


def check(step: StepInput) -> StepOutput:
    """Reads the file again within all limits."""
    begun = time.perf_counter()
    settings_of(step.parameters)
    found = facts(parse(step.problem))
    return StepOutput({"step": "check", **found, "seconds": time.perf_counter() - begun})


def baseline(step: StepInput) -> StepOutput:
    """An RBF machine on all training points: width, C, and all columns or components, by inner cross-validation."""
    begun = time.perf_counter()
    points = points_of(step)
    labels = points.labels[points.train]
    fold = folds(labels, (step.seed, _FOLDS))
    tried: list[tuple[float, int, str, float, float]] = []
    for name, columns in (("components", points.components), ("all columns", points.columns)):
        for width in WIDTHS:
            gamma = width / columns.shape[1]
            train = columns[points.train]
            step.report(len(tried) / (2 * len(WIDTHS)), "Cross-validating the RBF machine")
            wrong = validated(rbf(train, train, gamma), labels, fold)
            tried.append((min(wrong), len(tried), name, gamma, COSTS[int(np.argmin(wrong))]))
    inner, _, name, gamma, cost = min(tried)
    columns = points.components if name == "components" else points.columns
    train, test = columns[points.train], columns[points.test]
    found = decided(rbf(train, train, gamma), labels, rbf(test, train, gamma), cost)
    return StepOutput(
        _told("baseline", "RBF-SVM on all training points", found, points, begun)
        | {"columns": name, "gamma": gamma, "cost": cost, "inner_wrong": inner}
    )


def heuristic(step: StepInput) -> StepOutput:
    """The class whose mean is nearer, on the components."""
    begun = time.perf_counter()
    points = points_of(step)
    labels, train = points.labels[points.train], points.components[points.train]
    centres = np.array([train[labels == at].mean(axis=0) for at in (0, 1)])
    away = ((points.components[points.test][:, None, :] - centres[None]) ** 2).sum(axis=2)
    return StepOutput(_told("heuristic", "nearest class mean", away.argmin(axis=1), points, begun))


def _told(step: str, method: str, found: Ints, points: Points, begun: float) -> dict[str, Any]:
    """A classifier's answers on every held-out point: `right` has a 1 for each it got right, in their order."""
    right = found == points.labels[points.test]
    return {
        "step": step,
        "method": method,
        "objective": wrong_share(right.tolist()),
        "held_out": len(right),
        "right": "".join("1" if one else "0" for one in right),
        "seconds": time.perf_counter() - begun,
    }


def wrong_share(right: Sequence[bool]) -> float | None:
    """The objective: percent of the points that were got wrong; None of none."""
    return round(100 * (1 - sum(right) / len(right)), 4) if right else None


def simulate(step: StepInput) -> StepOutput:
    """The exact quantum kernel by inner cross-validation, then all choices of the small machine that is measured."""
    begun = time.perf_counter()
    settings, points = settings_of(step.parameters), points_of(step)
    xp, device = array_module(step.prefer_gpu)
    labels = points.labels[points.train]
    fold = folds(labels, (step.seed, _FOLDS))
    grams, tried = [], []
    for at, bandwidth in enumerate(BANDWIDTHS):
        step.report(at / len(BANDWIDTHS), f"Simulating a kernel of {points.qubits} qubits")
        states = embedded(bandwidth * points.components[points.train], xp)
        grams.append(overlaps(states, states, xp))
        wrong = validated(grams[-1], labels, fold)
        tried.append((min(wrong), at, COSTS[int(np.argmin(wrong))]))
    inner, best, cost = min(tried)
    test, train = (BANDWIDTHS[best] * points.components[rows] for rows in (points.test, points.train))
    held = kernel(test, train, xp)
    found = decided(grams[best], labels, held, cost)
    step.report(0.9, "Choosing what to measure")
    choices = chosen(step, points, grams)
    wanted = choices.target
    summary = _told("simulate", "exact quantum kernel, all training points", found, points, begun) | {
        "inner": {"bandwidth": BANDWIDTHS[best], "cost": cost, "wrong": inner},
        "bandwidth": choices.bandwidth,
        "qubits": points.qubits,
        "shots": settings.shots,
        "target": [wanted.landmarks, wanted.tests],
        "landmarks": _listed(points, points.train[list(choices.landmarks)], choices.bandwidth),
        "tests": _listed(points, points.test[: wanted.tests], choices.bandwidth),
        "costs": choices.costs,
        "alike": choices.alike,
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    rows = len(points.train) + len(points.test)
    return StepOutput(summary, {}, device, nbytes(rows, points.qubits) + 8 * len(grams) * len(labels) ** 2)


def _listed(points: Points, rows: Ints, bandwidth: float) -> list[dict[str, Any]]:
    """Points as the later stages know them: row of the table from 0, class, and angles in radians."""
    turned = bandwidth * points.components
    return [{"row": int(at), "label": int(points.labels[at]), "x": turned[at].tolist()} for at in rows]


def target_of(step: StepInput) -> Target:
    """What `simulate` planned."""
    return Target(*needed(step, "simulate")["target"])


def encode(step: StepInput) -> StepOutput:
    """The template with its inputs, their ranges and its digests: what is approved once for all entries."""
    begun = time.perf_counter()
    settings, found = settings_of(step.parameters), needed(step, "simulate")
    most = min(settings.bindings_max, REFERENCES + -(-target_of(step).entries // SUBMISSIONS))
    summary = {
        "step": "encode",
        "circuit": circuit_facts(found["qubits"], found["bandwidth"], most, SUBMISSIONS),
        "angles": {},
        "made_by": "coordinates of points of the data and their products, within the ranges approved here",
        "shots": settings.shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, {"circuit": text_of(found["qubits"]).encode()})
