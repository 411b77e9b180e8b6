"""Arms of a comparison as dots with intervals: heuristic, best classical, random control, quantum."""

from __future__ import annotations

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
    join,
    key,
    kind_mark,
    label,
    line,
    pct,
)


@dataclass(frozen=True, slots=True)
class Arm:
    name: str
    kind: str  # cpu | gpu | qpu
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""
    hot: bool = False  # the rows the sentence speaks about


@dataclass(frozen=True, slots=True)
class Arms:
    arms: tuple[Arm, ...]
    unit: str
    reference: float | None = None  # the best classical value: a dashed line through all rows
    reference_words: str = "best classical"
    worth: float | None = None  # the line worth having, washed on its good side
    lower_is_better: bool = True
    places: int | None = None
    interval_words: str = "95 % interval"
    span: tuple[float, float] | None = None  # the ends of the axis, where they are known before the values


def bars(data: Arms) -> Figure:
    """One row for each arm, all on one axis with its unit."""
    rows = [_row(arm, data) for arm in data.arms]
    sentence = _sentence(data)
    head = ("Arm", "Value", "Low", "High")
    if not any(finite(arm.value) is not None for arm in data.arms):
        empty = "No arm has a result yet."
        return figure(el("p", empty, cls="hint"), empty, head, rows)
    scale = _scale(data)
    body = [_arm(arm, data, scale) for arm in data.arms]
    ruler = chart(22, None, *_axis(data, scale))
    axis = el("div", el("span"), ruler, el("span"), cls="budget flush axis", aria_hidden="true")
    group = el("div", *body, axis, cls="arms", role="group", aria_label=sentence)
    return figure(join((group, _legend(data))), sentence, head, rows)


def _shown(value: float | None, data: Arms) -> str:
    return fmt.number(value, data.unit, data.places)


def _row(arm: Arm, data: Arms) -> tuple[str, ...]:
    ends = ("–" if finite(v) is None else _shown(v, data) for v in (arm.low, arm.high))
    return (arm.name, _shown(arm.value, data), *ends)


def _sentence(data: Arms) -> str:
    parts = (f"{arm.name} {_shown(arm.value, data)}" for arm in data.arms)
    better = "Lower" if data.lower_is_better else "Higher"
    return f"{'; '.join(parts)}. {better} is better."


type _Scale = tuple[float, float]


def _scale(data: Arms) -> _Scale:
    if data.span is not None:
        return data.span
    known = [v for arm in data.arms for v in map(finite, (arm.value, arm.low, arm.high)) if v is not None]
    known += [v for v in map(finite, (data.reference, data.worth)) if v is not None]
    low, high = min(known), max(known)
    margin = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _at(value: float, scale: _Scale) -> float:
    return min(100.0, max(0.0, 100 * (value - scale[0]) / (scale[1] - scale[0])))


def _lines(data: Arms, scale: _Scale, height: float) -> list[Raw]:
    out = []
    if (worth := finite(data.worth)) is not None:
        x = _at(worth, scale)
        start, width = (0.0, x) if data.lower_is_better else (x, 100 - x)
        out.append(el("rect", x=pct(start), width=pct(width), y=0, height=height, cls="wash-pine"))
        out.append(line(x, x, 0, height, "s-pine dot", 2))
    if (reference := finite(data.reference)) is not None:
        x = _at(reference, scale)
        out.append(line(x, x, 0, height, "s-ink dash", 1.5))
    return out


def _arm(arm: Arm, data: Arms, scale: _Scale) -> Raw:
    value, low, high = finite(arm.value), finite(arm.low), finite(arm.high)
    drawing = _lines(data, scale, 50)
    if low is not None and high is not None:
        drawing.append(line(_at(low, scale), _at(high, scale), 25, 25, f"s-{arm.kind}", 3))
    if value is not None:
        drawing.append(el("circle", cx=pct(_at(value, scale)), cy=25, r=5.5, cls=f"f-{arm.kind}"))
    name = el("span", el("span", kind_mark(arm.kind), el("b", arm.name), cls="kind"), *_note(arm))
    words = el("span", _shown(arm.value, data), cls="r soft")
    return el(
        "div", name, chart(50, None, *drawing), words, cls="budget flush hot" if arm.hot else "budget flush"
    )


def _note(arm: Arm) -> list[Raw]:
    return [el("br"), el("span", arm.note, cls="dim")] if arm.note else []


def _axis(data: Arms, scale: _Scale) -> list[Raw]:
    """The ends of the axis and the reference; more would only repeat the numbers at the right."""
    low, high = scale
    out = [line(0, 100, 1, 1, "ax")]
    places = data.places if data.places is not None else (0 if high - low > 20 else 2)
    marks = [low + (high - low) * share for share in (0.05, 0.95)]
    reference = finite(data.reference)
    if reference is not None:
        marks = [m for m in marks if abs(_at(m, scale) - _at(reference, scale)) > 24]
        x = _at(reference, scale)
        out.append(label(x, 16, fmt.number(reference, data.unit, places), "lab", edge_anchor(x)))
    return out + [label(_at(m, scale), 16, fmt.number(m, data.unit, places), "wide") for m in marks]


def _legend(data: Arms) -> Raw:
    entries = []
    if finite(data.reference) is not None:
        entries.append((el("path", d="M11 0v13", cls="s-ink dash", stroke_width=1.5), data.reference_words))
    if finite(data.worth) is not None:
        entries.append((el("rect", width=22, height=13, cls="wash-pine"), "worth having"))
    if any(finite(a.low) is not None and finite(a.high) is not None for a in data.arms):
        bar = el("path", d="M1 6.5h20", cls="s-qpu", stroke_width=3)
        dot = join((bar, el("circle", cx=11, cy=6.5, r=4, cls="f-qpu")))
        entries.append((dot, f"value and {data.interval_words}"))
    return key(*entries) if entries else Raw("")
