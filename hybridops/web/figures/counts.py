"""Measured outcomes beside their ideal shares: a pair of bars for each bit string, the others as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    pct,
    swatch,
    titled,
)


@dataclass(frozen=True, slots=True)
class OutcomeShare:
    """A bit string, or "others": shares from 0 to 1."""

    bits: str
    measured: float
    ideal: float


@dataclass(frozen=True, slots=True)
class Counts:
    """`source` names the first bar of each pair, `kind` who made it: the QPU, or the CPU in its stead."""

    source: str
    shots: int
    outcomes: tuple[OutcomeShare, ...]
    kind: str = "qpu"  # cpu | qpu
    empty: str = "Nothing was measured."


ROW, BAR = 26.0, 9.0
NAMES, NUMBERS = 30.0, 14.0  # percent of the width, at the left and at the right
_FILLS = {"qpu": "bar-qpu", "cpu": "f-cpu"}


def counts(data: Counts) -> Figure:
    """One row for each outcome, in the order given; empty rows are left out."""
    head = ("Outcome", data.source, "Ideal")
    shown = [row for row in data.outcomes if _share(row.measured) or _share(row.ideal)]
    if not shown:
        return figure(el("p", data.empty, cls="hint"), data.empty, head, [])
    sentence = _sentence(data, shown)
    most = max(max(_share(row.measured), _share(row.ideal)) for row in shown)
    rows = [part for at, row in enumerate(shown) for part in _row(row, at, most, data)]
    drawing = el("div", chart(ROW * len(shown), sentence, *rows), cls="pad")
    legend = key((swatch(_FILLS[data.kind]), data.source), (swatch("f-ink3"), "ideal"))
    words = ((row.bits, _words(row.measured), _words(row.ideal)) for row in shown)
    return figure(join((drawing, legend)), sentence, head, words)


def _share(value: float) -> float:
    return min(1.0, max(0.0, finite(value) or 0.0))


def _words(value: float) -> str:
    return fmt.percent(value)


def _row(row: OutcomeShare, at: int, most: float, data: Counts) -> list[Raw]:
    top, room = at * ROW + 3, 100 - NAMES - NUMBERS
    pair = ((row.measured, _FILLS[data.kind], data.source), (row.ideal, "f-ink3", "ideal"))
    bars = [
        titled(
            f"{row.bits}, {words}: {_words(share)}",
            el(
                "rect",
                x=pct(NAMES),
                y=top + BAR * place,
                width=pct(room * _share(share) / most),
                height=BAR - 1,
                cls=cls,
            ),
        )
        for place, (share, cls, words) in enumerate(pair)
    ]
    middle = top + BAR + 3
    name = label(NAMES, middle, row.bits, "lab", "end", -8)
    return [name, *bars, label(100, middle, _words(row.measured), "lab", "end")]


def _sentence(data: Counts, shown: Sequence[OutcomeShare]) -> str:
    top = max(shown, key=lambda row: _share(row.ideal))
    told = (
        f"{data.source} {_words(top.measured)} of {fmt.shots(data.shots)} shots, ideally {_words(top.ideal)}"
    )
    apart = sum(abs(_share(row.measured) - _share(row.ideal)) for row in shown) / 2
    return f"Likeliest outcome {top.bits}: {told}. The bars are {_words(apart)} apart in all."
