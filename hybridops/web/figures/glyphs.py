"""The small staves: 96 by 16 for rows, and the prediction beside the submit form."""

from __future__ import annotations

from datetime import datetime

from hybridops.web import fmt
from hybridops.web.figures import axis as axes
from hybridops.web.figures.score import (
    HEAD,
    Kind,
    Placed,
    Stave,
    at,
    axis_of,
    nothing,
    placed_bars,
    rows,
    sentence_of,
)
from hybridops.web.figures.svg import Figure, Raw, chart, edge_anchor, el, figure, label, line, num, pct


def stave_glyph(score: Stave) -> Figure:
    """96 by 16, for rows."""
    sentence = sentence_of(score)
    axis = axis_of(score)
    lanes = (el("rect", x=0, y=4 * i, width=96, height=3, rx=1, cls="f-sunken") for i in range(4))
    placed = placed_bars(score, axis)
    bars = (_glyph_bar(p) for p in placed)
    drawing = [*lanes, *bars]
    if score.now and score.bars:
        drawing.append(
            el("path", d=f"M{num(0.96 * at(axis, score.now))} -1v17.5", cls="s-ink", stroke_width=1.25)
        )
    box = "0 0 96 16"
    markup = el("svg", *drawing, cls="glyph", viewbox=box, role="img", aria_label=sentence)
    return figure(markup, sentence, HEAD, rows(placed))


def _glyph_bar(p: Placed) -> Raw:
    x, width, y = 0.96 * p.x, max(1.0, 0.96 * p.width), 4 * p.bar.lane
    if p.bar.kind in (Kind.WAIT, Kind.LIMIT):
        return el("path", d=f"M{num(x)} {num(y + 1.5)}h{num(width)}", cls="s-ink3", stroke_dasharray="2 2")
    if p.bar.kind is Kind.GHOST:
        return el("rect", x=x + 0.4, y=y + 0.25, width=max(1.0, width - 0.8), height=2.5, rx=1, cls="ghost")
    cls = "f-bad" if p.bar.kind is Kind.FAILED else ("f-person", "f-cpu", "f-gpu", "f-qpu")[p.bar.lane]
    return el("rect", x=x, y=y, width=width, height=3, rx=1, cls=cls)


def stave_small(score: Stave) -> Figure:
    """The predicted one beside the submit form: true clock time, with the deadline."""
    sentence = sentence_of(score)
    ends = [bar.end for bar in score.bars] + ([score.deadline] if score.deadline else [])
    if not score.bars:
        return nothing(score, sentence)
    first, last = min(bar.start for bar in score.bars), max(ends)
    axis = axes.linear(first.timestamp(), last.timestamp())
    lanes = (el("rect", x=0, y=15 * i, width="100%", height=12, rx=2, cls="f-sunken") for i in range(4))
    placed = placed_bars(score, axis)
    bars = (_small_bar(p) for p in placed)
    markup = chart(78, sentence, *lanes, *bars, *_small_times(score, axis, first))
    return figure(markup, sentence, HEAD, rows(placed))


def _small_bar(p: Placed) -> Raw:
    y = 15 * p.bar.lane + 1
    work = ("f-person s-person", "f-cpu", "f-gpu", "f-qpu")[p.bar.lane]
    cls = "wait" if p.bar.kind in (Kind.WAIT, Kind.LIMIT) else work
    return el("rect", x=pct(p.x), y=y, width=pct(p.width), height=10, rx=1.5, cls=cls)


def _small_times(score: Stave, axis: axes.Axis, first: datetime) -> list[Raw]:
    done = max(bar.end for bar in score.bars)
    x = at(axis, done)
    out = [label(0, 73, fmt.clock(first), anchor="start")]
    if not score.deadline:
        return [*out, label(100, 73, fmt.clock(done), "lab", "end")]
    limit = at(axis, score.deadline)
    out += [
        line(limit, limit, -3, 60, "s-ink", 1.5),
        label(limit, 73, fmt.clock(score.deadline), "lab", _side(limit)),
    ]
    if abs(limit - x) > 16 and x > 16:
        out.append(label(x, 73, fmt.clock(done), anchor=_side(x)))
    return out


def _side(x: float) -> str:
    return edge_anchor(x, 10)
