"""Cost per accepted solution over weeks, never without how many there were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from hybridops.web import fmt
from hybridops.web.figures.costs import Amount
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    chart,
    edge_anchor,
    el,
    figure,
    finite,
    join,
    label,
    line,
    num,
    pct,
    stretched,
    titled,
)


@dataclass(frozen=True, slots=True)
class Week:
    label: str
    accepted: int
    cost: Amount  # per accepted solution; None when none was accepted
    low: Amount = None  # the middle half of solutions
    high: Amount = None
    note: str = ""  # a price or version change that week


@dataclass(frozen=True, slots=True)
class Trend:
    weeks: tuple[Week, ...]
    currency: str = "USD"


def trend(data: Trend) -> Figure:
    """Cost per accepted solution by week, over how many there were: a ratio never without its denominator."""
    head = ("Week", "Per accepted", "Middle half", "Accepted")
    if not data.weeks:
        empty = "No week to show yet."
        return figure(el("p", empty, cls="hint"), empty, head, [])
    sentence = _trend_sentence(data)
    top = el("div", chart(190, sentence, *_cost_lines(data)), cls="pad")
    counts = chart(
        74, f"Accepted per week: {', '.join(str(w.accepted) for w in data.weeks)}.", *_counts(data.weeks)
    )
    markup = join((top, el("p", "Accepted solutions per week", cls="hint"), counts))
    return figure(markup, sentence, head, (_week_row(w, data.currency) for w in data.weeks))


def _week_row(week: Week, currency: str) -> tuple[str, ...]:
    cost = fmt.money(week.cost, currency) if week.cost is not None else "none accepted"
    known = week.low is not None and week.high is not None
    half = f"{fmt.money(week.low, currency)} to {fmt.money(week.high, currency)}" if known else "–"
    return (week.label, cost, half, fmt.number(week.accepted))


def _trend_sentence(data: Trend) -> str:
    known = [w for w in data.weeks if finite(w.cost) is not None]
    if not known:
        return "No solution was accepted in these weeks, so there is no cost per accepted solution."
    last = f"{fmt.money(known[-1].cost, data.currency)} in {known[-1].label}"
    if len(known) == 1:
        return f"Cost per accepted solution: {last}."
    first = f"{fmt.money(known[0].cost, data.currency)} in {known[0].label}"
    return f"Cost per accepted solution by week, from {first} to {last}."


def _mid(i: int, count: int) -> float:
    return 100 * (i + 0.5) / count


def _cost_lines(data: Trend) -> list[Raw]:
    weeks, n = data.weeks, len(data.weeks)
    values = [v for w in weeks for v in (finite(w.cost), finite(w.low), finite(w.high)) if v is not None]
    if not values:
        return [label(50, 95, "none accepted yet", "halo")]
    low, high = _span(values)
    costs = [(i, finite(w.cost)) for i, w in enumerate(weeks)]
    points = [[(_mid(i, n), _y(v, low, high)) for i, v in run if v is not None] for run in _runs(costs)]
    lines = [_band(weeks, n, low, high), *(_path(p) for p in points if len(p) > 1)]
    scale = _money_scale(low, high, data.currency)
    return [stretched(190, *lines), *scale, *_ends(points, data), *_notes(data, points)]


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high == low:
        return low - (abs(low) * 0.1 or 1.0), high + (abs(high) * 0.1 or 1.0)
    return low, high


def _y(value: float, low: float, high: float) -> float:
    return 16 + 158 * (high - value) / (high - low)


def _runs(costs: list[tuple[int, float | None]]) -> Iterable[list[tuple[int, float | None]]]:
    """Stretches without a gap: a week with none accepted breaks the line instead of falling to zero."""
    return [list(group) for known, group in groupby(costs, key=lambda c: c[1] is not None) if known]


def _path(points: list[tuple[float, float]]) -> Raw:
    return el("polyline", cls="ln s-pine", points=" ".join(f"{num(10 * x)},{num(y)}" for x, y in points))


def _band(weeks: tuple[Week, ...], n: int, low: float, high: float) -> Raw:
    ends = [(i, finite(w.low), finite(w.high)) for i, w in enumerate(weeks)]
    known = [(i, a, b) for i, a, b in ends if a is not None and b is not None]
    if len(known) < 2:
        return Raw("")
    upper = [f"{num(10 * _mid(i, n))},{num(_y(b, low, high))}" for i, _, b in known]
    lower = [f"{num(10 * _mid(i, n))},{num(_y(a, low, high))}" for i, a, _ in reversed(known)]
    return el("polygon", points=" ".join(upper + lower), cls="wash-pine")


def _money_scale(low: float, high: float, currency: str) -> list[Raw]:
    out = []
    for share in (0.1, 0.5, 0.9):
        value = Decimal(str(round(high - share * (high - low), 2)))
        words = fmt.money_whole(value, currency) if high - low > 5 else fmt.money(value, currency)
        out.append(label(0, 16 + 158 * share + 4, words, "halo", "start", 4))
    return out


def _ends(points: list[list[tuple[float, float]]], data: Trend) -> list[Raw]:
    x, y = points[-1][-1]
    cost = next(w.cost for w in reversed(data.weeks) if finite(w.cost) is not None)
    below = y + 20 if y < 160 else y - 12
    dots = [el("circle", cx=pct(x), cy=y, r=4.5, cls="f-pine")]
    lonely = [el("circle", cx=pct(p[0][0]), cy=p[0][1], r=3, cls="f-pine") for p in points if len(p) == 1]
    return [
        *dots,
        *lonely,
        label(min(x, 99), below, fmt.money(cost, data.currency), "lab halo", edge_anchor(x)),
    ]


def _notes(data: Trend, points: list[list[tuple[float, float]]]) -> list[Raw]:
    heights = {num(x): y for run in points for x, y in run}
    out = []
    for i, week in enumerate(data.weeks):
        x = _mid(i, len(data.weeks))
        if week.note and (y := heights.get(num(x))) is not None:
            top = max(14.0, y - 44)
            words = label(x, top, week.note, "halo wide", edge_anchor(x, 20))
            out += [line(x, x, top + 4, y - 6, "s-ink3", 1), words]
    return out


def _counts(weeks: tuple[Week, ...]) -> list[Raw]:
    n, most = len(weeks), max(w.accepted for w in weeks) or 1
    width = 100 / n * 0.66
    out = [line(0, 100, 54, 54, "ax")]
    for i, week in enumerate(weeks):
        x, height = _mid(i, n), 36.0 * week.accepted / most
        rect = el(
            "rect", x=pct(x - width / 2), width=pct(width), y=54 - height, height=height, cls="bar-pine"
        )
        out.append(titled(f"{week.label}: {week.accepted}", rect))
        every = max(1, -(-n // 6))
        words = "" if (n - 1 - i) % every == 0 else "wide"
        if n <= 26 or not words:
            out += [label(x, 50 - height, str(week.accepted), words), label(x, 69, week.label, words)]
    return out
