"""What a page says of a graph or a QUBO before anything is searched."""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.workflows.maxcut_instance import Instance

_TRIED_OUT, _SPARSE = 20, 0.15


def facts(instance: Instance) -> dict[str, Any]:
    """JSON; every figure recomputed from the file. `density` and `degree` are of pairs that are not 0."""
    n = instance.variables
    pairs = [(i, j) for i, j, weight in instance.terms if i != j and weight]
    degree = np.bincount(np.array(pairs).ravel(), minlength=n)
    weights = [weight for i, j, weight in instance.terms if weight]
    words = ("nodes", "edges") if instance.is_graph else ("variables", "pairs")
    density = 2 * len(pairs) / (n * (n - 1))
    return {
        "name": instance.name,
        "kind": instance.kind,
        "size": f"{n} {words[0]}, {len(pairs)} {words[1]}",
        "variables": n,
        "terms": len(instance.terms),
        "pairs": len(pairs),
        "density": density,
        "degree_max": int(degree.max()),
        "degree_mean": float(degree.mean()),
        "whole": instance.whole,
        "smallest": min(weights),
        "largest": max(weights),
        "minimised": minimised(instance),
        "unit": instance.unit,
        "advice": _advice(n, density),
    }


def minimised(instance: Instance) -> str:
    """In words, what a lower objective is."""
    if instance.is_graph:
        return "the weight of the edges that are not cut; with the weight that is cut it makes the weight of all edges"
    return "the energy: the offset and the terms of all variables that are 1"


def _advice(n: int, density: float) -> str:
    if n <= _TRIED_OUT:
        return "Small enough to try every answer: a QPU shows the way and finds nothing new."
    if density < _SPARSE:
        return "Sparse: roof duality or HiGHS may decide it before any QPU is asked."
    return "Dense: roof duality will decide little; tabu search and annealing are hard to beat."
