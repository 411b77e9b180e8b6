"""Small drawings over time: the audit's days, and the line in a table row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hybridops.web import fmt
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    el,
    figure,
    finite,
    join,
    key,
    label,
    line,
    num,
    pct,
    swatch,
    titled,
)
from hybridops.web.figures.svg import chart as _chart


@dataclass(frozen=True, slots=True)
class Day:
    on: date
    events: int
    pending: int = 0  # of the events, not yet under a checkpoint
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    days: tuple[Day, ...]


def day_strip(data: Days) -> Figure:
    """One column a day: verified, not yet in a checkpoint, or broken, which carries a cross."""
    head = ("Day", "Events", "Not yet in a checkpoint", "Record")
    if not data.days:
        empty = "No event yet."
        return figure(el("p", empty, cls="hint"), empty, head, [])
    most, n = max(d.events for d in data.days) or 1, len(data.days)
    columns = [part for i, d in enumerate(data.days) for part in _column(d, i, n, most)]
    sentence = _days_sentence(data)
    markup = join((_chart(74, sentence, *columns, line(0, 100, 52, 52, "ax")), _days_key(data)))
    return figure(markup, sentence, head, (_day_row(d) for d in data.days))


def _state(d: Day) -> str:
    return "broken" if d.broken else "not yet in a checkpoint" if d.pending else "verified"


def _day_row(d: Day) -> tuple[str, ...]:
    return (fmt.day(d.on), fmt.number(d.events), fmt.number(d.pending), _state(d))


def _column(d: Day, i: int, n: int, most: int) -> list[Raw]:
    x, width = 100 * i / n, 100 / n * 0.85
    height = 36.0 * d.events / most
    late = height * min(d.pending, d.events) / d.events if d.events else 0.0
    cls = "f-bad" if d.broken else "bar-pine"
    parts = [el("rect", x=pct(x), width=pct(width), y=52 - height + late, height=height - late, cls=cls)]
    if late:
        parts.append(el("rect", x=pct(x), width=pct(width), y=52 - height, height=late, cls="t-no s-edge"))
    middle = x + width / 2
    if d.broken:
        parts.append(label(middle, 47 - height, "✕", "lab f-bad"))
    group = titled(f"{fmt.day(d.on)}, {fmt.number(d.events)} events: {_state(d)}", *parts)
    every = 1 if n <= 10 else 7
    shown = i == n - 1 or (i % every == 0 and i < n - max(1, n // 12))
    return [group, label(middle, 68, str(d.on.day), "lab" if i == n - 1 else "")] if shown else [group]


def _days_sentence(data: Days) -> str:
    total, pending = sum(d.events for d in data.days), sum(d.pending for d in data.days)
    broken = [fmt.day(d.on) for d in data.days if d.broken]
    text = f"{fmt.number(total)} events on {fmt.number(len(data.days))} days"
    if broken:
        return f"{text}. The record breaks on {', '.join(broken)}."
    return (
        f"{text}, all verified."
        if not pending
        else f"{text}; {fmt.number(pending)} are not yet in a checkpoint."
    )


def _days_key(data: Days) -> Raw:
    entries = [(swatch("bar-pine"), "verified")]
    if any(d.pending for d in data.days):
        entries.append((swatch("t-no s-edge"), "not yet in a checkpoint"))
    if any(d.broken for d in data.days):
        entries.append((swatch("f-bad"), "broken"))
    return key(*entries)


def sparkline(values: Sequence[float | Decimal | None], words: str) -> Figure:
    """88 by 22 in a table row. Gaps are gaps; one value is a dot; equal values lie in the middle."""
    known = [(i, v) for i, value in enumerate(values) if (v := finite(value)) is not None]
    rows = [(str(i + 1), fmt.number(value)) for i, value in enumerate(values)]
    if not known:
        return figure(el("span", "–", cls="dim"), f"{words}: nothing reported", ("No.", "Value"), rows)
    low, high = min(v for _, v in known), max(v for _, v in known)
    step = 88 / max(1, len(values) - 1)
    at = [(i, i * step, 11.0 if high == low else 2.5 + 17 * (high - v) / (high - low)) for i, v in known]
    sentence = f"{words}: from {fmt.number(known[0][1])} to {fmt.number(known[-1][1])}"
    box = "0 0 88 22"
    markup = el("svg", *_pieces(at), cls="spark", role="img", aria_label=sentence, viewbox=box, aspect="none")
    return figure(markup, sentence, ("No.", "Value"), rows)


def _pieces(at: list[tuple[int, float, float]]) -> list[Raw]:
    runs: list[list[tuple[int, float, float]]] = []
    for point in at:
        if runs and point[0] == runs[-1][-1][0] + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    out = []
    for run in runs:
        points = " ".join(f"{num(x)},{num(y)}" for _, x, y in run)
        if len(run) == 1:
            out.append(el("circle", cx=run[0][1], cy=run[0][2], r=2, cls="f-ink"))
        else:
            out.append(el("polyline", cls="ln", points=points))
    return out
