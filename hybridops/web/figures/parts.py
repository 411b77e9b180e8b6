"""Bars under their words, one a row: steps of a yield, parts of a difference. Those below zero go to the left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hybridops.web.figures.svg import Figure, Raw, chart, el, figure, finite, label, line, pct

_ROW = 36


@dataclass(frozen=True, slots=True)
class Part:
    """`words` stand at the right end; `cls` fills the bar."""

    name: str
    value: float | Decimal
    words: str
    cls: str = "bar-pine"


def parts(rows: Sequence[Part], sentence: str, head: Sequence[str], table: Iterable[Sequence[str]]) -> Figure:
    """One bar a row on one scale that holds zero."""
    values = [finite(row.value) or 0.0 for row in rows]
    low, high = min([0.0, *values]), max([0.0, *values])
    span = high - low or 1.0
    zero = 100 * (0.0 - low) / span
    drawn = [one for at, row in enumerate(rows) for one in _row(at, row, values[at] / span * 100, zero)]
    return figure(chart(_ROW * len(rows) + 4, sentence, *drawn), sentence, head, table)


def _row(at: int, row: Part, width: float, zero: float) -> list[Raw]:
    top = at * _ROW
    start = zero + min(0.0, width)
    bar = el("rect", x=pct(start), y=top + 18, width=pct(max(0.3, abs(width))), height=12, cls=row.cls)
    return [
        label(0, top + 13, row.name, "lab", "start"),
        label(100, top + 13, row.words, "", "end"),
        bar,
        line(zero, zero, top + 16, top + 32, "ax"),
    ]
