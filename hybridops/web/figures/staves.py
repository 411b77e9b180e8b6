"""The large stave: lane names, axis with zigzags, bars, decisions, now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from hybridops.web import fmt
from hybridops.web.figures import axis as axes
from hybridops.web.figures.score import (
    HEAD,
    WORDS,
    Bar,
    Kind,
    Lane,
    Mark,
    Placed,
    Stave,
    at,
    axis_of,
    length,
    nothing,
    placed_bars,
    rows,
    sentence_of,
)
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    edge_anchor,
    el,
    figure,
    join,
    key,
    kind_mark,
    label,
    line,
    pct,
    swatch,
    titled,
)

MARKS = ("person", "cpu", "gpu", "qpu")
ZIGZAGS = 24  # folds; more would be a hedge, so the whole ruler is dashed instead


def stave(score: Stave) -> Figure:
    """The large one: lane names, axis with zigzags, bars, decisions, now."""
    sentence = sentence_of(score)
    if not score.bars:
        return nothing(score, sentence)
    axis = axis_of(score)
    placed = placed_bars(score, axis)
    drawing = (
        *_lanes(),
        *_links(placed),
        *map(_draw_bar, placed),
        *_names(placed),
        *_ruler(axis),
        *_times(score, axis),
        *_now(score, axis),
        *(_mark(m, axis) for m in score.marks),
    )
    picture = el("svg", *drawing, cls="chart", height=178, role="group", aria_label=sentence)
    body = el("div", _lane_names(), picture, cls="stave")
    return figure(join((body, _legend(score))), sentence, HEAD, rows(placed))


def _top(lane: Lane) -> int:
    return 35 + 36 * lane


def _lanes() -> list[Raw]:
    return [el("rect", cls="lane", x=0, y=30 + 36 * i, width="100%", height=32, rx=3) for i in range(4)]


def _lane_names() -> Raw:
    names = (
        el("span", el("span", kind_mark(mark), words, cls="kind"))
        for mark, words in zip(MARKS, WORDS, strict=True)
    )
    return el("div", el("span"), *names, cls="lanes")


_FILL = {
    Kind.WORK: ("f-person s-person", "f-cpu", "t-gpu", "t-qpu"),
    Kind.WAIT: ("wait",) * 4,
    Kind.LIMIT: ("wait s-deg",) * 4,
    Kind.GHOST: ("ghost",) * 4,
    Kind.FAILED: ("f-bad",) * 4,
}


def _draw_bar(p: Placed) -> Raw:
    bar = p.bar
    fill = _FILL[bar.kind][bar.lane]
    rect = el("rect", cls=fill, x=pct(p.x), width=pct(p.width), y=_top(bar.lane), height=22, rx=3)
    return titled(f"{bar.name}: {fmt.duration(length(bar))}, {bar.kind}", rect, *_inside(p))


def _inside(p: Placed) -> list[Raw]:
    """Words in the bar, only where they surely fit; narrow panels hide them."""
    bar, middle, y = p.bar, p.x + p.width / 2, _top(p.bar.lane) + 15
    choices, cls = _words(bar)
    fits = next((words for words in choices if words and len(words) * 0.82 + 0.8 <= p.width), None)
    return [label(middle, y, fits, cls)] if fits else []


def _words(bar: Bar) -> tuple[tuple[str, ...], str]:
    """What may stand in the bar, the longest first."""
    seconds = length(bar)
    if bar.kind is Kind.WAIT:
        return (_stopwatch(seconds),), "wide"
    if bar.kind is Kind.LIMIT:
        return (f"{_stopwatch(seconds)} limit", _stopwatch(seconds)), "wide f-deg lab0"
    if bar.kind is Kind.GHOST:
        return (f"≈ {_stopwatch(seconds)}" if seconds > axes.FOLD_OVER else "",), "wide"
    if bar.lane is Lane.PERSON:
        return (fmt.duration(round(seconds / 60) * 60 if seconds >= 60 else seconds),), "wide on-person"
    if bar.lane is Lane.GPU and bar.kind is Kind.WORK:
        took = fmt.duration(seconds)
        return (f"{bar.name}, {took}", bar.name, took), "wide on-gpu"
    return (), ""


def _stopwatch(seconds: float) -> str:
    whole = round(seconds)
    return (
        f"{whole // 60}:{whole % 60:02d}" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d}"
    )


def _names(placed: Sequence[Placed]) -> list[Raw]:
    """QPU bars are dotted, so names stand above; one that would touch its neighbour stays away."""
    out, free = [], 0.0
    for p in placed:
        if p.bar.lane is not Lane.QPU or p.bar.kind not in (Kind.WORK, Kind.FAILED) or p.count > 1:
            continue
        need, end = len(p.bar.name) * 0.72 + 0.8, p.x + p.width
        if end - need >= free and p.width >= 0.8:
            out.append(label(end, 139, p.bar.name, "wide", "end", -4))
            free = end
    return out


def _links(placed: Sequence[Placed]) -> list[Raw]:
    """Thin verticals where work passes from one lane to another."""
    out = []
    for a, b in pairwise(placed):
        gap = abs((b.bar.start - a.bar.end).total_seconds())
        if gap <= 1.5 and a.bar.lane is not b.bar.lane:
            out.append(line(b.x, b.x, _top(a.bar.lane) + 11, _top(b.bar.lane) + 11, "s-ink3 thin"))
    return out


def _ruler(axis: axes.Axis) -> list[Raw]:
    if sum(axis.folds) > ZIGZAGS:
        return [line(0, 100, 18.5, 18.5, "s-ink3 dash")]
    out = []
    for i, fold in enumerate(axis.folds):
        x1, x2 = axis.places[i], axis.places[i + 1]
        out.append(_zigzag(x1, x2 - x1) if fold else line(x1, x2, 18.5, 18.5, "s-ink3"))
    return out


def _zigzag(x: float, width: float) -> Raw:
    points = "0,4.5 18,4.5 22,1 30,8 38,1 42,4.5 60,4.5"
    teeth = el("polyline", points=points, cls="f-none s-ink3", vector_effect="non-scaling-stroke")
    return el("svg", teeth, x=pct(x), y=14, width=pct(width), height=9, viewbox="0 0 60 9", aspect="none")


def _times(score: Stave, axis: axes.Axis) -> list[Raw]:
    """Clock times that matter: start, now, end, and where a fold is over, if there is room."""
    now = at(axis, score.now) if score.now else None
    end = max(bar.end for bar in score.bars)
    taken = [(0.0, 5.0), (86.0 if score.now else 95.0, 100.0)]
    if now is not None:
        left, right = (now, now + 12) if now < 12 else (now - 12, now) if now > 88 else (now - 6, now + 6)
        taken = [t for t in taken if t[1] < left or t[0] > right] + [(left, right)]
    out = []
    if now is None or now > 20:
        start = min(bar.start for bar in score.bars)
        out.append(label(0, 9, fmt.clock(start), anchor="start"))
    if now is None or now < 74:
        out.append(label(100, 9, f"done ≈ {fmt.clock(end)}" if score.now else fmt.clock(end), "wide", "end"))
    return out + _fold_ends(axis, taken)


def _fold_ends(axis: axes.Axis, taken: list[tuple[float, float]]) -> list[Raw]:
    out = []
    for i, fold in enumerate(axis.folds):
        x = axis.places[i + 1]
        if fold and all(x + 3.5 < a or x - 3.5 > b for a, b in taken):
            moment = datetime.fromtimestamp(axis.cuts[i + 1], UTC)
            out.append(label(x, 9, fmt.clock(moment), "wide"))
            taken.append((x - 3.5, x + 3.5))
    return out


def _now(score: Stave, axis: axes.Axis) -> list[Raw]:
    if not score.now:
        return []
    x = at(axis, score.now)
    words = f"now {fmt.clock(score.now, seconds=True)}"
    return [line(x, x, 12, 172, "s-ink", 1.5), label(x, 9, words, "lab", edge_anchor(x))]


def _mark(mark: Mark, axis: axes.Axis) -> Raw:
    x, y = at(axis, mark.at), _top(mark.lane) + 22
    x = min(max(x, 0.8), 99.2)
    disc = (
        el("circle", cx=pct(x), cy=y, r=12, cls="hit"),
        el("circle", cx=pct(x), cy=y, r=7.5),
        label(x, y + 3.5, str(mark.number)),
    )
    words = f"Decision {mark.number}" + (f": {mark.words}" if mark.words else "")
    return el("a", *disc, to=f"#d{mark.number}", cls="mark", aria_label=words)


_KEYS: tuple[tuple[Kind, str, str], ...] = (
    (Kind.WAIT, "wait", "waiting in a provider queue"),
    (Kind.LIMIT, "wait s-deg", "queue limit reached"),
    (Kind.GHOST, "ghost", "expected"),
    (Kind.FAILED, "f-bad", "failed"),
)


def _legend(score: Stave) -> Raw:
    kinds = {bar.kind for bar in score.bars}
    entries = [(swatch(cls), words) for kind, cls, words in _KEYS if kind in kinds]
    if score.marks:
        entries.append((el("circle", cx=11, cy=6.5, r=6, cls="f-ink"), "decision, explained below"))
    return key(*entries) if entries else Raw("")
