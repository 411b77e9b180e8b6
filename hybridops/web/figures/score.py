"""A run as a score: who worked or waited when, placed on the folded axis, in words and as a table.

What the large stave, the glyph and the small prediction have in common; none of it draws but `nothing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum

from hybridops.web import fmt
from hybridops.web.figures import axis as axes
from hybridops.web.figures.svg import Figure, el, figure


class Lane(IntEnum):
    PERSON = 0
    CPU = 1
    GPU = 2
    QPU = 3


class Kind(StrEnum):
    WORK = "worked"
    WAIT = "waited in a provider queue"
    LIMIT = "queue limit reached"
    GHOST = "expected"
    FAILED = "failed"


WORDS = ("Person", "CPU", "GPU", "QPU")
MERGE_OVER = 160  # bars; beyond that neighbours that touch are drawn as one


@dataclass(frozen=True, slots=True)
class Bar:
    lane: Lane
    start: datetime
    end: datetime
    name: str
    kind: Kind = Kind.WORK


@dataclass(frozen=True, slots=True)
class Mark:
    """A scheduler decision, explained at #d<number>."""

    number: int
    at: datetime
    lane: Lane
    words: str = ""


@dataclass(frozen=True, slots=True)
class Stave:
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()
    now: datetime | None = None  # None once the run has ended
    deadline: datetime | None = None
    folded: bool = True
    empty: str = "Fills when the run starts."


@dataclass(frozen=True, slots=True)
class Placed:
    bar: Bar
    x: float
    width: float
    count: int = 1


def nothing(score: Stave, sentence: str) -> Figure:
    return figure(el("p", score.empty, cls="hint"), sentence, HEAD, [])


def axis_of(score: Stave) -> axes.Axis:
    spans = [axes.Span(b.start.timestamp(), max(b.start, b.end).timestamp(), _busy(b)) for b in score.bars]
    if score.now and spans:
        at = score.now.timestamp()
        if not spans[0].start <= at <= max(s.end for s in spans):
            spans.append(axes.Span(at, at, busy=False))
    if score.folded or not spans:
        return axes.folded(spans)
    return axes.linear(min(s.start for s in spans), max(s.end for s in spans))


def _busy(bar: Bar) -> bool:
    return bar.lane is not Lane.PERSON and bar.kind in (Kind.WORK, Kind.FAILED)


def at(axis: axes.Axis, moment: datetime) -> float:
    return axis.at(moment.timestamp())


def placed_bars(score: Stave, axis: axes.Axis) -> list[Placed]:
    return _merge([_place(bar, axis) for bar in sorted(score.bars, key=lambda b: (b.start, b.lane))])


def _place(bar: Bar, axis: axes.Axis) -> Placed:
    x = at(axis, bar.start)
    width = max(0.3, at(axis, max(bar.start, bar.end)) - x)
    return Placed(bar, min(x, 100 - width), width)


def _merge(placed: list[Placed]) -> list[Placed]:
    """A loop of hundreds of submissions stays readable, and the page small."""
    if len(placed) <= MERGE_OVER:
        return placed
    last: dict[tuple[Lane, Kind], int] = {}
    out: list[Placed] = []
    for p in placed:
        where = (p.bar.lane, p.bar.kind)
        i = last.get(where)
        if i is not None and p.x - (out[i].x + out[i].width) < 0.6:
            out[i] = _joined(out[i], p)
        else:
            last[where] = len(out)
            out.append(p)
    return out


def _joined(a: Placed, b: Placed) -> Placed:
    count = a.count + b.count
    end = max(a.bar.end, b.bar.end)
    width = max(a.width, b.x + b.width - a.x)
    return Placed(replace(a.bar, end=end, name=f"{count} pieces of work"), a.x, width, count)


def length(bar: Bar) -> float:
    return max(0.0, (bar.end - bar.start).total_seconds())


HEAD = ("Lane", "What", "From", "To", "Length", "How")


def rows(placed: Sequence[Placed]) -> list[tuple[str, ...]]:
    return [_row(p.bar) for p in placed]


def _row(b: Bar) -> tuple[str, ...]:
    times = (fmt.clock(t, seconds=True) for t in (b.start, b.end))
    return (WORDS[b.lane], b.name, *times, fmt.duration(length(b)), str(b.kind))


def sentence_of(score: Stave) -> str:
    """What an ear needs: who worked how long, how long it waited, when it ends."""
    if not score.bars:
        return score.empty
    spent = {words: _total(score, Lane(i)) for i, words in enumerate(WORDS)}
    parts = [f"{words} {fmt.duration(seconds)}" for words, seconds in spent.items() if seconds]
    waited = sum(length(b) for b in score.bars if b.kind in (Kind.WAIT, Kind.LIMIT))
    if waited:
        parts.append(f"waiting for a provider {fmt.duration(waited)}")
    end = fmt.clock(max(b.end for b in score.bars))
    when = f"expected to end at {end}" if score.now or _planned(score) else f"ended at {end}"
    return f"Timeline: {', '.join(parts) or 'nothing yet'}; {when}."


def _planned(score: Stave) -> bool:
    return any(b.kind is Kind.GHOST for b in score.bars)


def _total(score: Stave, lane: Lane) -> float:
    return sum(length(b) for b in score.bars if b.lane is lane and b.kind in (Kind.WORK, Kind.FAILED))
