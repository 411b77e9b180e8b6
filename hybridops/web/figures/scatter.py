"""Cost against quality: one mark a run, and the line of those that nothing beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hybridops.web import fmt
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    chart,
    edge_anchor,
    el,
    figure,
    finite,
    label,
    line,
    num,
    pct,
    stretched,
    titled,
)

TOP, BOTTOM, LEFT = 14.0, 176.0, 9.0
NAMED_MAX = 8


@dataclass(frozen=True, slots=True)
class Spot:
    """`cost` in dollars, `gap` above the best classical answer as a share; less is better of both."""

    name: str
    cost: float
    gap: float | None
    where: str = ""


def scatter(spots: Sequence[Spot]) -> Figure:
    """The drawing with its sentence and table. Runs without an answer are in the table alone."""
    known = [spot for spot in spots if finite(spot.gap) is not None]
    head = ("Run", "Cost", "Above best classical", "Backend")
    rows = [(s.name, fmt.money(s.cost), fmt.difference(s.gap, 2), s.where or "no QPU") for s in spots]
    if not known:
        empty = "No run here has an answer to draw."
        return figure(el("p", empty, cls="hint"), empty, head, rows)
    front = _front(known)
    sentence = f"Nothing here is both cheaper and better than {', '.join(spot.name for spot in front)}."
    places = {spot: _place(spot, known) for spot in known}
    points = " ".join(f"{num(10 * places[spot][0])},{num(places[spot][1])}" for spot in front)
    joined = stretched(BOTTOM, el("polyline", cls="ln dash s-ink3", points=points))
    named = front if len(known) > NAMED_MAX else known
    marks = [part for spot in known for part in _mark(spot, places[spot], named=spot in named)]
    drawing = chart(BOTTOM + 34, sentence, *_axes(known), joined, *marks)
    return figure(drawing, sentence, head, rows)


def _front(spots: Sequence[Spot]) -> list[Spot]:
    out: list[Spot] = []
    for spot in sorted(spots, key=lambda one: (one.cost, one.gap or 0.0)):
        if not out or (spot.gap or 0.0) < (out[-1].gap or 0.0):
            out.append(spot)
    return out


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.1 or abs(high) * 0.1 or 0.01
    return low - margin, high + margin


def _place(spot: Spot, spots: Sequence[Spot]) -> tuple[float, float]:
    """Percent from the left, pixels from the top."""
    (left, right), (low, high) = _span([s.cost for s in spots]), _span([s.gap or 0.0 for s in spots])
    x = LEFT + (98 - LEFT) * (spot.cost - left) / (right - left)
    return x, BOTTOM - (BOTTOM - TOP) * ((spot.gap or 0.0) - low) / (high - low)


def _axes(spots: Sequence[Spot]) -> list[Raw]:
    costs, gaps = [spot.cost for spot in spots], [spot.gap or 0.0 for spot in spots]
    out = [line(LEFT, 98, BOTTOM, BOTTOM, "ax")]
    for value in dict.fromkeys((min(costs), max(costs))):
        x = _place(Spot("", value, gaps[0]), spots)[0]
        out.append(label(x, BOTTOM + 16, fmt.money(value), "", edge_anchor(x)))
    for value in dict.fromkeys((min(gaps), max(gaps))):
        y = _place(Spot("", costs[0], value), spots)[1]
        out += [line(LEFT, 98, y, y, "gl"), label(0, y + 4, fmt.difference(value), "halo", "start")]
    return [*out, label(98, BOTTOM + 30, "cost of the run", "dimt", "end")]


def _mark(spot: Spot, place: tuple[float, float], *, named: bool) -> list[Raw]:
    x, y = place
    words = f"{spot.name}: {fmt.money(spot.cost)}, {fmt.difference(spot.gap, 2)}"
    out = [titled(words, el("circle", cx=pct(x), cy=y, r=4.5, cls="f-qpu"))]
    if named:
        out.append(label(x, y - 8, spot.name, "lab halo", edge_anchor(x)))
    return out
