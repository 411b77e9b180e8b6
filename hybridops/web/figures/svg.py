"""How figures are written: a tiny SVG builder that escapes, and the record every figure returns.

Charts follow one technique: the outer `<svg>` has no viewBox and a height in pixels, x positions are
percentages, so bars are fluid while text stays 11 px at every width. Lines that join points sit in an
inner `<svg viewBox preserveAspectRatio="none">`. Colours are classes; there is no inline style.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from django.utils.safestring import SafeString, mark_safe


class Raw(str):
    """Markup built here. Any other string is a value and gets escaped."""


@dataclass(frozen=True, slots=True)
class Table:
    """The figure again, as rows of words and numbers already formatted."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    svg: SafeString
    sentence: str
    table: Table


def figure(markup: Raw, sentence: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Figure:
    table = Table(tuple(head), tuple(tuple(row) for row in rows))
    return Figure(mark_safe(markup), sentence, table)  # noqa: S308 - every value passed through el()


_NAMES = {"cls": "class", "viewbox": "viewBox", "aspect": "preserveAspectRatio", "to": "href"}


def el(tag: str, *children: str, **attrs: str | int | float | None) -> Raw:
    """One element. `cls` is class, `_` in a name is `-`, None leaves the attribute out."""
    parts = [f"<{tag}"]
    for key, value in attrs.items():
        if value is not None:
            name = _NAMES.get(key) or key.replace("_", "-")
            shown = value if isinstance(value, str) else num(value)
            parts.append(f' {name}="{escape(shown)}"')
    if not children:
        parts.append("/>" if tag not in _CONTAINERS else f"></{tag}>")
    else:
        inside = "".join(c if isinstance(c, Raw) else escape(c) for c in children)
        parts.append(f">{inside}</{tag}>")
    return Raw("".join(parts))


_CONTAINERS = {"div", "span", "p", "ul", "li", "ol", "b", "text", "g"}


def join(parts: Iterable[str]) -> Raw:
    return Raw("".join(p if isinstance(p, Raw) else escape(p) for p in parts))


def num(value: float) -> str:
    """A coordinate: at most two decimals, never nan."""
    if not math.isfinite(value):
        raise ValueError("a coordinate must be finite")
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def pct(value: float) -> str:
    return f"{num(value)}%"


def chart(height: float, sentence: str | None, *children: str, cls: str = "chart") -> Raw:
    """A fluid chart. Without a sentence it is decoration, told by its neighbours."""
    if sentence is None:
        return el("svg", *children, cls=cls, height=height, aria_hidden="true")
    return el("svg", *children, cls=cls, height=height, role="img", aria_label=sentence)


def stretched(height: float, *children: str, y: float = 0) -> Raw:
    """The inner picture for lines: 1000 wide, stretched to the chart."""
    box = f"0 0 1000 {num(height)}"
    return el("svg", *children, x="0", y=y, width="100%", height=height, viewbox=box, aspect="none")


def line(x1: float, x2: float, y1: float, y2: float, cls: str, width: float | None = None) -> Raw:
    """A straight line; x in percent."""
    return el("line", x1=pct(x1), x2=pct(x2), y1=y1, y2=y2, cls=cls, stroke_width=width)


def label(
    x: float, y: float, text: str, cls: str = "", anchor: str = "middle", dx: float | None = None
) -> Raw:
    return el("text", text, x=pct(x), y=y, dx=dx, text_anchor=anchor, cls=cls or None)


def titled(title: str, *children: str) -> Raw:
    return el("g", el("title", title), *children)


def edge_anchor(x: float, margin: float = 12) -> str:
    """Keeps a label inside the chart: start near the left edge, end near the right one."""
    return "start" if x < margin else "end" if x > 100 - margin else "middle"


def finite(value: float | Decimal | None) -> float | None:
    """A usable number or None: not reported, NaN and infinity are all the same to a drawing."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def key(*entries: tuple[str, str]) -> Raw:
    """The legend under a chart: (sample markup, words)."""
    spans = (
        el("span", el("svg", Raw(mark), viewbox="0 0 22 13", aria_hidden="true"), words)
        for mark, words in entries
    )
    return el("div", *spans, cls="key")


def swatch(cls: str) -> Raw:
    return el("rect", x=1, y=1, width=20, height=11, rx=2, cls=cls)


def kind_mark(kind: str) -> Raw:
    """The small square that stands for a kind of compute: texture as well as colour."""
    square = el("rect", x=1, y=1, width=12, height=12, rx=2, cls=KIND_FILL[kind])
    return el("svg", square, viewbox="0 0 14 14", aria_hidden="true")


KIND_FILL = {"person": "f-person s-person", "cpu": "f-cpu", "gpu": "t-gpu", "qpu": "t-qpu"}


def tx_defs() -> SafeString:
    """Textures, once per document: they tell compute kinds apart without colour."""
    return mark_safe(_TX)  # noqa: S308 - a constant


def _pattern(name: str, size: int, turn: int | None, *inside: Raw) -> Raw:
    transform = f"rotate({turn})" if turn else None
    return el(
        "pattern",
        *inside,
        id=name,
        width=size,
        height=size,
        patternUnits="userSpaceOnUse",
        patternTransform=transform,
    )


_TX = join(
    (
        _pattern(
            "tx-gpu",
            6,
            45,
            el("rect", width=6, height=6, cls="f-gpu"),
            el("rect", width=1.6, height=6, cls="f-surface", opacity=".5"),
        ),
        _pattern(
            "tx-qpu",
            6,
            None,
            el("rect", width=6, height=6, cls="f-qpu"),
            el("circle", cx=1.5, cy=1.5, r=0.9, cls="f-surface", opacity=".75"),
            el("circle", cx=4.5, cy=4.5, r=0.9, cls="f-surface", opacity=".75"),
        ),
        _pattern(
            "tx-no",
            5,
            -45,
            el("rect", width=5, height=5, cls="f-sunken"),
            el("rect", width=1, height=5, cls="f-ink3", opacity=".55"),
        ),
    )
)
