"""Risk against return: ordinary choices as a cloud, the efficient ones joined, and the run's own on top.

The run's own differ in shape, and nest where they coincide: a square around a triangle around a dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from hybridops.web import fmt
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    chart,
    el,
    figure,
    finite,
    join,
    key,
    label,
    line,
    num,
    pct,
    stretched,
    titled,
)

BOTTOM, TOP = 236.0, 16.0
LEFT, RIGHT = 7.0, 97.0  # percent


@dataclass(frozen=True, slots=True)
class Place:
    """A portfolio: volatility and return a year, as shares; what it may lose over the horizon at 95 %."""

    risk: float
    gain: float
    name: str = ""
    detail: str = ""  # for the table: which assets
    value_at_risk: float | None = None


@dataclass(frozen=True, slots=True)
class Frontier:
    cloud: tuple[Place, ...]
    efficient: tuple[Place, ...] = ()
    heuristic: Place | None = None
    baseline: Place | None = None
    answer: Place | None = None
    horizon: str = "a quarter"  # of the value at risk


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one of the run's own portfolios is drawn: a path around the origin; `label` stands beside it."""

    field: str
    label: str
    path: str
    cls: str


_SHAPES = (  # outermost first
    _Shape("heuristic", "heuristic", "M-9-9h18v18h-18z", "f-none s-ink"),
    _Shape("baseline", "best classical", "M0-9L8 6h-16z", "f-none s-gpu"),
    _Shape("answer", "answer", "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", "f-pine s-pine"),
)
_DIAMOND = "M0-4L4 0L0 4L-4 0z"

type _Shown = list[tuple[_Shape, Place]]
type _Spans = tuple[tuple[float, float, float], tuple[float, float, float]]  # low, high, step of each axis


def frontier(data: Frontier) -> Figure:
    """The drawing with its sentence; its table has the named portfolios, not the cloud."""
    lost = f"95{fmt.THIN}% value at risk, {data.horizon}"
    head = ("Portfolio", "Volatility a year", "Return a year", lost, "Assets")
    shown = _marked(data)
    known = [p for p in (*data.cloud, *data.efficient, *(p for _, p in shown)) if _usable(p)]
    if not known:
        empty = "No portfolio to draw yet."
        return figure(el("p", empty, cls="hint"), empty, head, [])
    spans = _span([p.risk for p in known]), _span([p.gain for p in known])
    sentence = _sentence(data)
    parts = [*_axes(spans), *_cloud(data.cloud, spans), *_line(data.efficient, spans), *_marks(shown, spans)]
    drawing = el("div", chart(BOTTOM + 34, sentence, *parts), cls="pad")
    rows = (_row(p) for p in (*(p for _, p in shown), *data.efficient))
    return figure(join((drawing, _legend(data, shown))), sentence, head, rows)


def _usable(place: Place) -> bool:
    return finite(place.risk) is not None and finite(place.gain) is not None


def _marked(data: Frontier) -> _Shown:
    found = [(shape, getattr(data, shape.field)) for shape in _SHAPES]
    return [(shape, place) for shape, place in found if place and _usable(place)]


def _span(values: Sequence[float]) -> tuple[float, float, float]:
    """Round ends around all values, and the step between round lines."""
    low, high = min(values), max(values)
    wide = high - low or abs(high) * 0.2 or 0.01
    power = 10 ** floor(log10(wide / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wide / 5)
    return step * floor(low / step - 0.1), step * ceil(high / step + 0.1), step


def _at(place: Place, spans: _Spans) -> tuple[float, float]:
    """Percent from the left, pixels from the top."""
    (left, right, _), (low, high, _) = spans
    across, up = (place.risk - left) / (right - left), (place.gain - low) / (high - low)
    return LEFT + (RIGHT - LEFT) * across, BOTTOM - (BOTTOM - TOP) * up


def _axes(spans: _Spans) -> list[Raw]:
    out = [line(LEFT, RIGHT, BOTTOM, BOTTOM, "ax")]
    (left, right, step), (low, high, rise) = spans
    for at in range(round((right - left) / step) + 1):
        x, _ = _at(Place(left + at * step, low), spans)
        out.append(label(x, BOTTOM + 15, _percent(left + at * step, step), "wide" if at % 2 else ""))
    for at in range(round((high - low) / rise) + 1):
        _, y = _at(Place(left, low + at * rise), spans)
        out += [
            line(LEFT, RIGHT, y, y, "gl"),
            label(0, y + 4, _percent(low + at * rise, rise), "halo", "start"),
        ]
    return [
        *out,
        label(RIGHT, BOTTOM + 30, "risk: volatility a year", "dimt", "end"),
        label(LEFT, TOP - 4, "return a year", "dimt halo", "start", 4),
    ]


def _percent(value: float, step: float) -> str:
    return fmt.number(100 * value, "%", max(0, -floor(log10(100 * step) + 1e-9)))


def _cloud(cloud: Sequence[Place], spans: _Spans) -> list[Raw]:
    places = [_at(place, spans) for place in cloud if _usable(place)]
    return [el("circle", cx=pct(x), cy=y, r=2.2, cls="f-ink3 thin") for x, y in places]


def _line(efficient: Sequence[Place], spans: _Spans) -> list[Raw]:
    """The efficient choices, joined in order of risk; between them there is no portfolio of K."""
    known = sorted((p for p in efficient if _usable(p)), key=lambda p: (p.risk, p.gain))
    if not known:
        return []
    places = [_at(place, spans) for place in known]
    points = " ".join(f"{num(10 * x)},{num(y)}" for x, y in places)
    joined = stretched(BOTTOM, el("polyline", cls="ln dash s-ink3", points=points))
    dots = [
        titled(_full(place), _drawn(x, y, _DIAMOND, "f-surface s-ink"))
        for place, (x, y) in zip(known, places, strict=True)
    ]
    return [joined, *dots]


def _drawn(x: float, y: float, path: str, cls: str) -> Raw:
    return el("svg", el("path", d=path, cls=cls, stroke_width=2), x=pct(x), y=y, overflow="visible")


def _marks(shown: _Shown, spans: _Spans) -> list[Raw]:
    """Shapes, and one label for all that stand on one spot."""
    places = [(*_at(place, spans), shape, place) for shape, place in shown]
    shapes = [titled(_full(place), _drawn(x, y, shape.path, shape.cls)) for x, y, shape, place in places]
    groups: dict[tuple[float, float], list[str]] = {}
    for x, y, shape, _ in reversed(places):
        near = next((at for at in groups if abs(at[0] - x) < 1 and abs(at[1] - y) < 6), (x, y))
        groups.setdefault(near, []).append(shape.label)
    lower = {at: rank for rank, at in enumerate(sorted(groups, key=lambda at: at[1]))}
    words = {at: "all three" if len(names) == 3 else ", ".join(names) for at, names in groups.items()}
    return [*shapes, *(_label(at, words[at], lower[at]) for at in groups)]


def _label(at: tuple[float, float], words: str, rank: int) -> Raw:
    """Above and to the left, where no portfolio of the past was; a lower one below, so that two do not meet."""
    x, y = at
    anchor, dx = ("start", -9) if x < 25 else ("end", 9)
    return label(x, min(BOTTOM - 4, y + 22) if rank else max(12.0, y - 15), words, "lab halo", anchor, dx)


def _share(value: float) -> str:
    return fmt.number(100 * value, "%", 1)


def _words(place: Place) -> str:
    return f"{place.name}: {_share(place.gain)} return, {_share(place.risk)} volatility a year"


def _full(place: Place) -> str:
    return f"{_words(place)}, {place.detail}" if place.detail else _words(place)


def _row(place: Place) -> tuple[str, ...]:
    lost = finite(place.value_at_risk)
    shown = fmt.NOT_APPLICABLE if lost is None else _share(lost)
    return (place.name, _share(place.risk), _share(place.gain), shown, place.detail or fmt.NOT_APPLICABLE)


def _legend(data: Frontier, shown: _Shown) -> Raw:
    entries = [(_sample(shape.path, shape.cls), place.name) for shape, place in reversed(shown)]
    if data.efficient:
        entries.append((_sample(_DIAMOND, "f-surface s-ink"), "efficient choices, by share of risk"))
    if data.cloud:
        entries.append((el("circle", cx=11, cy=6.5, r=2.2, cls="f-ink3"), "random choices"))
    return key(*entries)


def _sample(path: str, cls: str) -> Raw:
    return el("path", d=path, cls=cls, stroke_width=2, transform="translate(11 6.5) scale(.65)")


def _sentence(data: Frontier) -> str:
    told = [_words(place) for _, place in reversed(_marked(data))]
    parts = [f"{fmt.number(len(data.cloud))} random choices"] if data.cloud else []
    parts += [f"{fmt.number(len(data.efficient))} efficient ones"] if data.efficient else []
    beside = f", beside {' and '.join(parts)}" if parts else ""
    return f"Risk against return{beside}. {'; '.join(told)}." if told else f"Risk against return{beside}."
