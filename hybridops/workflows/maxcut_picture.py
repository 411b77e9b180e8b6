"""The drawing of a cut: places by springs, computed once where the answer is, so that every page draws the same."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hybridops.workflows.maxcut_instance import Instance, check, cut_weight

NODES_MAX, EDGES_MAX = 200, 1_200  # beyond, nobody tells a line from its neighbour


def picture(instance: Instance, bits: str, register: tuple[int, ...]) -> dict[str, Any]:
    """JSON of a graph and its cut; without places and edges where there are too many to draw."""
    edges = [(i, j, weight) for i, j, weight in instance.terms if weight]
    small = instance.variables <= NODES_MAX and len(edges) <= EDGES_MAX
    return {
        "kind": "cut",
        "nodes": instance.variables,
        "edges": [[i, j, weight] for i, j, weight in edges] if small else [],
        "edge_count": len(edges),
        "cut_count": sum(1 for i, j, _ in edges if bits[i] != bits[j]),
        "labels": list(instance.labels) if small else [],
        "places": _places(instance, edges) if small else [],
        "sides": bits if small else "",
        "side_sizes": [bits.count("0"), bits.count("1")],
        "register": list(register) if small else [],
        "cut_weight": cut_weight(instance, bits),
        "uncut_weight": check(instance, bits),
    }


def _places(instance: Instance, edges: list[tuple[int, int, float]]) -> list[list[float]]:
    """(n, 2) by Fruchterman and Reingold 1991 from a fixed seed, weights left aside; rounded to what is drawn."""
    networkx = import_module("networkx")
    graph = networkx.Graph()
    graph.add_nodes_from(range(instance.variables))
    graph.add_edges_from((i, j) for i, j, _ in edges)
    found = networkx.spring_layout(graph, seed=7, iterations=80)
    return [
        [round(float(x), 4), round(float(y), 4)] for x, y in (found[at] for at in range(instance.variables))
    ]
