"""A kernel matrix as a heat map: every judged point against the landmarks, as measured beside as computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

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
    pct,
    titled,
)

ROW, TOP = 15.0, 36.0
NAMES, GAP = 27.0, 3.0  # percent of the width
_SAMPLES = 5  # of the scale in the legend
_LOW_MAX = 0.9  # where the scale begins at most

type Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class KernelRow:
    """A point: its row in the table, its class, what it was `decided` to be (nothing for a landmark), and its kernel
    with each landmark, from 0 to 1; `measured` is None where no QPU was used.
    """

    row: int
    name: str
    decided: str
    exact: Values
    measured: Values | None


@dataclass(frozen=True, slots=True)
class Kernel:
    """Landmarks first, then test points; `source` says who decided."""

    rows: tuple[KernelRow, ...]
    landmarks: int
    source: str


def kernel(data: Kernel) -> Figure:
    """Two blocks side by side, or the exact one alone; its table has every value."""
    head = ("Point", "Decided", *(f"L{at + 1}" for at in range(data.landmarks)))
    if not data.rows or not data.landmarks:
        empty = "No point was judged."
        return figure(el("p", empty, cls="hint"), empty, head, [])
    sentence = _sentence(data)
    blocks = [("exact", [row.exact for row in data.rows])]
    if all(row.measured is not None for row in data.rows):
        blocks.insert(0, ("measured", [row.measured or () for row in data.rows]))
    low = _low([one for _, values in blocks for one in values])
    wide = (100 - NAMES - GAP * (len(blocks) - 1)) / len(blocks)
    parts = [_name(data, at) for at in range(len(data.rows))]
    for at, (words, values) in enumerate(blocks):
        parts += _block(data, words, values, NAMES + at * (wide + GAP), wide, low)
    split = TOP + ROW * data.landmarks
    parts.append(line(0, 100, split, split, "s-ink3", 1))
    drawing = el("div", chart(TOP + ROW * len(data.rows) + 2, sentence, *parts), cls="pad")
    return figure(
        join((drawing, _legend(low))), sentence, head, (_row(data, at) for at in range(len(data.rows)))
    )


def _low(values: Sequence[Values]) -> float:
    """Where the scale begins: a round tenth below everything, since a kernel may be near 1 everywhere."""
    known = [share for row in values for one in row if (share := _share(one)) is not None]
    return min(_LOW_MAX, floor(10 * min(known, default=0.0)) / 10)


def _block(
    data: Kernel, words: str, values: Sequence[Values], left: float, wide: float, low: float
) -> list[Raw]:
    """One matrix with its heading and the names of the landmarks above the columns."""
    cell = wide / data.landmarks
    height = ROW * len(data.rows)
    out = [
        label(left, 12, words, "dimt", "start"),
        el("rect", x=pct(left), y=TOP, width=pct(wide), height=height, cls="f-sunken"),
    ]
    every = 1 if data.landmarks <= 8 else 2
    named = range(0, data.landmarks, every)
    out += [label(left + cell * (column + 0.5), TOP - 6, f"L{column + 1}") for column in named]
    for at, row in enumerate(values):
        for column, value in enumerate(row[: data.landmarks]):
            known = _share(value)
            if known is not None:
                out.append(_cell(data, at, column, known, words, left + cell * column, cell, low))
    return out


def _cell(
    data: Kernel, at: int, column: int, value: float, words: str, x: float, wide: float, low: float
) -> Raw:
    box = el(
        "rect",
        x=pct(x),
        y=TOP + ROW * at,
        width=pct(wide),
        height=ROW - 1,
        cls="f-qpu" if words == "measured" else "f-gpu",
        fill_opacity=(value - low) / (1 - low),
    )
    return titled(f"{_words(data, at)} with L{column + 1}, {words}: {_number(value)}", box)


def _share(value: float | None) -> float | None:
    known = finite(value)
    return None if known is None else min(1.0, max(0.0, known))


def _number(value: float | None) -> str:
    return fmt.NOT_APPLICABLE if value is None else fmt.number(value, "", 2)


def _words(data: Kernel, at: int) -> str:
    row = data.rows[at]
    name = f"L{at + 1}, " if at < data.landmarks else ""
    return f"{name}row {row.row}, {row.name}"


def _wrong(data: Kernel, at: int) -> bool:
    return at >= data.landmarks and data.rows[at].decided != data.rows[at].name


def _name(data: Kernel, at: int) -> Raw:
    row = data.rows[at]
    first = f"L{at + 1}" if at < data.landmarks else f"{row.row}"
    shown = row.name if len(row.name) <= 14 else f"{row.name[:13]}…"
    mark = ", wrong" if _wrong(data, at) else ""
    return label(NAMES, TOP + ROW * at + 11, f"{first} {shown}{mark}", "lab", "end", -6)


def _row(data: Kernel, at: int) -> tuple[str, ...]:
    row = data.rows[at]
    cells = [_pair(row, column) for column in range(data.landmarks)]
    decided = row.decided if at >= data.landmarks else "landmark"
    return (_words(data, at), f"{decided}, wrong" if _wrong(data, at) else decided, *cells)


def _pair(row: KernelRow, column: int) -> str:
    """Measured, and exact in brackets; exact alone where nothing was measured."""
    exact = _number(_share(row.exact[column]) if column < len(row.exact) else None)
    if row.measured is None:
        return exact
    return f"{_number(_share(row.measured[column]) if column < len(row.measured) else None)} ({exact})"


def _sentence(data: Kernel) -> str:
    tests = len(data.rows) - data.landmarks
    wrong = sum(_wrong(data, at) for at in range(len(data.rows)))
    told = f"{fmt.number(tests)} test points against {fmt.number(data.landmarks)} landmarks, decided by {data.source}"
    away = [
        abs(measured - exact)
        for row in data.rows
        for one, other in zip(row.measured or (), row.exact, strict=False)
        if (measured := _share(one)) is not None and (exact := _share(other)) is not None
    ]
    off = (
        f" Measured entries are {_number(sum(away) / len(away))} off the exact ones on average."
        if away
        else ""
    )
    return f"{told}: {fmt.number(wrong)} wrong.{off}"


def _legend(low: float) -> Raw:
    shares = [at / (_SAMPLES - 1) for at in range(_SAMPLES)]
    entries = [
        (
            join(
                (
                    el("rect", width=22, height=13, cls="f-sunken"),
                    el("rect", width=11, height=13, cls="f-qpu", fill_opacity=share),
                    el("rect", x=11, width=11, height=13, cls="f-gpu", fill_opacity=share),
                )
            ),
            _number(low + share * (1 - low)),
        )
        for share in shares
    ]
    return key(*entries)
