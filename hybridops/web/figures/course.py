"""How one number of a backend went: a line over time, with its points, its ends and a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

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
)

HEIGHT, TOP, BOTTOM = 150, 22, 118
POINTS_MAX = 40  # that get a dot of their own


@dataclass(frozen=True, slots=True)
class Point:
    at: datetime
    value: float | None


def course(points: Sequence[Point], what: str, shown: Callable[[float | None], str]) -> Figure:
    """`what` names the number, `shown` writes it. Points are in the order of time; gaps are left out."""
    head = ("Seen", what)
    rows = [(f"{fmt.day(one.at)}, {fmt.clock(one.at)}", shown(one.value)) for one in points]
    known = [(one.at, value) for one in points if (value := finite(one.value)) is not None]
    if not known:
        empty = f"{what} was not reported yet."
        return figure(el("p", empty, cls="hint"), empty, head, rows)
    sentence = _sentence(known, what, shown)
    return figure(chart(HEIGHT, sentence, *_drawn(known, shown)), sentence, head, rows)


def _sentence(
    known: Sequence[tuple[datetime, float]], what: str, shown: Callable[[float | None], str]
) -> str:
    last = shown(known[-1][1])
    if len(known) == 1:
        return f"{what}: {last}, seen once."
    low, high = min(value for _, value in known), max(value for _, value in known)
    return f"{what}: {last} now, between {shown(low)} and {shown(high)} in {len(known)} looks."


def _drawn(known: Sequence[tuple[datetime, float]], shown: Callable[[float | None], str]) -> list[Raw]:
    first, last = known[0][0].timestamp(), known[-1][0].timestamp()
    low, high = min(value for _, value in known), max(value for _, value in known)
    at = [
        (1 + 97 * _share(moment.timestamp(), first, last), BOTTOM - (BOTTOM - TOP) * _share(value, low, high))
        for moment, value in known
    ]
    path = " ".join(f"{num(10 * x)},{num(y)}" for x, y in at)
    lines = stretched(HEIGHT, el("polyline", points=path, cls="ln s-qpu", stroke_width=2))
    dots = [el("circle", cx=pct(x), cy=y, r=2.5, cls="f-qpu") for x, y in at] if len(at) <= POINTS_MAX else []
    ends = [
        label(0, 144, fmt.day(known[0][0]), "", "start"),
        label(100, 144, fmt.day(known[-1][0]), "", "end"),
    ]
    x, y = at[-1]
    words = [label(x, y - 8, shown(known[-1][1]), "lab halo", edge_anchor(x))]
    if high > low:
        top = at[0][1] > TOP + 14  # where the line begins low there is room above it
        words.append(label(0, TOP + 4 if top else BOTTOM, shown(high if top else low), "halo", "start", 4))
    return [line(0, 100, BOTTOM + 8, BOTTOM + 8, "ax"), lines, *dots, *ends, *words]


def _share(value: float, low: float, high: float) -> float:
    """Where it lies between the two; in the middle where they are one."""
    return (value - low) / (high - low) if high > low else 0.5
