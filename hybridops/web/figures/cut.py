"""A graph and its cut: circles on one side, squares on the other, cut edges solid, the others dashed and thin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hybridops.web import fmt
from hybridops.web.figures.svg import Figure, Raw, el, figure, finite, join, key, num

WIDTH, HEIGHT, MARGIN = 520.0, 340.0, 16.0
_SMALL = 60  # nodes, beyond which they are drawn smaller


@dataclass(frozen=True, slots=True)
class Node:
    """`one`: on the side whose bit is 1. `open`: among those that the QPU's register held."""

    x: float
    y: float
    name: str
    one: bool
    open: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Without `nodes` the graph is too large to draw, and the counts say what there is. Weights are formatted."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    side_sizes: tuple[int, int]
    edge_count: int
    cut_count: int
    cut_weight: str
    uncut_weight: str


def cut(graph: Cut) -> Figure:
    sentence, rows = _sentence(graph), _rows(graph)
    if not graph.nodes:
        too_many = f"{sentence} There are too many to tell one line from another, so none is drawn."
        return figure(el("p", too_many, cls="hint"), too_many, ("What", "How many"), rows)
    places = _places(graph.nodes)
    known = [edge for edge in graph.edges if max(edge.start, edge.end) < len(places)]
    order = sorted(known, key=lambda edge: _is_cut(graph, edge))  # cut edges on top
    lines = [_line(graph, edge, places) for edge in order]
    box = f"0 0 {num(WIDTH)} {num(HEIGHT)}"
    parts = [el("g", *lines), *(_node(graph, at, place) for at, place in enumerate(places))]
    drawing = el("svg", *parts, cls="map", viewbox=box, width="100%", role="img", aria_label=sentence)
    markup = join((el("div", drawing, cls="pad"), _legend(graph)))
    return figure(markup, sentence, ("Node", "Side", "Edges that are cut"), rows)


def _places(nodes: Sequence[Node]) -> list[tuple[float, float]]:
    """Stretched to the whole drawing: distances say nothing. All on one spot or one line is no special case."""
    found = []
    for values, size in (
        ([finite(node.x) or 0.0 for node in nodes], WIDTH),
        ([finite(node.y) or 0.0 for node in nodes], HEIGHT),
    ):
        low, wide = min(values), max(values) - min(values)
        found.append([MARGIN + (v - low) / wide * (size - 2 * MARGIN) if wide else size / 2 for v in values])
    return list(zip(*found, strict=True))


def _is_cut(graph: Cut, edge: Edge) -> bool:
    return graph.nodes[edge.start].one != graph.nodes[edge.end].one


def _line(graph: Cut, edge: Edge, places: Sequence[tuple[float, float]]) -> Raw:
    (x1, y1), (x2, y2) = places[edge.start], places[edge.end]
    return el("line", x1=x1, y1=y1, x2=x2, y2=y2, cls="e-cut" if _is_cut(graph, edge) else "e-kept")


def _node(graph: Cut, at: int, place: tuple[float, float]) -> Raw:
    node, (x, y) = graph.nodes[at], place
    r = 5.0 if len(graph.nodes) <= _SMALL else 3.2
    title = el("title", f"{node.name}, side {int(node.one)}")
    if node.one:
        shape = el("rect", x=x - r, y=y - r, width=2 * r, height=2 * r, cls="n-one")
    else:
        shape = el("circle", cx=x, cy=y, r=r, cls="n-zero")
    ring = [el("circle", cx=x, cy=y, r=r + 3.5, cls="n-open")] if node.open else []
    return el("g", title, *ring, shape)


def _legend(graph: Cut) -> Raw:
    zeros, ones = (fmt.number(size) for size in graph.side_sizes)
    kept = graph.edge_count - graph.cut_count
    entries = [
        (el("circle", cx=11, cy=6.5, r=5, cls="n-zero"), f"side 0, {zeros} nodes"),
        (el("rect", x=6, y=1.5, width=10, height=10, cls="n-one"), f"side 1, {ones} nodes"),
        (
            el("path", d="M1 6.5h20", cls="e-cut"),
            f"{fmt.number(graph.cut_count)} edges cut, weight {graph.cut_weight}",
        ),
        (el("path", d="M1 6.5h20", cls="e-kept"), f"{fmt.number(kept)} not cut, weight {graph.uncut_weight}"),
    ]
    if any(node.open for node in graph.nodes):
        entries.append((el("circle", cx=11, cy=6.5, r=5, cls="n-open"), "in the QPU's register"))
    return key(*entries)


def _rows(graph: Cut) -> list[tuple[str, ...]]:
    if not graph.nodes:
        zeros, ones = (fmt.number(size) for size in graph.side_sizes)
        counts = (fmt.number(graph.cut_count), fmt.number(graph.edge_count - graph.cut_count))
        return [
            ("nodes on side 0", zeros),
            ("nodes on side 1", ones),
            ("edges cut", counts[0]),
            ("edges not cut", counts[1]),
        ]
    cuts = [0] * len(graph.nodes)
    for edge in graph.edges:
        if max(edge.start, edge.end) < len(cuts) and _is_cut(graph, edge):
            cuts[edge.start] += 1
            cuts[edge.end] += 1
    rows = zip(graph.nodes, cuts, strict=True)
    return [(node.name, str(int(node.one)), fmt.number(count)) for node, count in rows]


def _sentence(graph: Cut) -> str:
    nodes, edges, done = (
        fmt.number(count) for count in (sum(graph.side_sizes), graph.edge_count, graph.cut_count)
    )
    return (
        f"Graph of {nodes} nodes and {edges} edges in two sides: {done} edges are cut, of weight "
        f"{graph.cut_weight}, and weight {graph.uncut_weight} is not."
    )
