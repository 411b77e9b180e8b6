"""Paired differences: one mark an instance, in the order the answers came, with the mean and its interval."""

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
    label,
    line,
    num,
    pct,
    titled,
)

TOP, HEIGHT, FOOT = 20.0, 200.0, 24.0
DRAWN_MAX = 200
_CROSS = "M-4-4L4 4M-4 4L4-4"


@dataclass(frozen=True, slots=True)
class Dot:
    """`over`: how far above the reference, as a share, below zero is better; `failed` marks stand at zero."""

    over: float
    words: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Pairs:
    """The newest are below. Shares; `worth` is where an improvement begins to be worth having, below zero."""

    dots: tuple[Dot, ...]
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    worth: float | None = None
    bound: float = 1.0
    rows: tuple[tuple[str, ...], ...] = ()
    head: tuple[str, ...] = ()


def paired(data: Pairs) -> Figure:
    """The drawing with its sentence; its table is what the caller has of each pair."""
    sentence = _sentence(data)
    if not data.dots:
        return figure(el("p", sentence, cls="hint"), sentence, data.head, [])
    reach = _reach(data)
    drawn = data.dots[-DRAWN_MAX:]
    parts = [*_washes(data, reach), *_axis(reach), *_marks(drawn, reach), *_mean(data, reach)]
    markup = join((chart(TOP + HEIGHT + FOOT, sentence, *parts), _legend(data)))
    return figure(markup, sentence, data.head, data.rows)


def _sentence(data: Pairs) -> str:
    if not data.dots:
        return "No pair yet. The first stands here when a run that was sent has ended."
    better = sum(dot.over < 0 for dot in data.dots)
    failed = sum(dot.failed for dot in data.dots)
    worse = sum(dot.over > 0 for dot in data.dots)
    told = (
        f"Of {fmt.number(len(data.dots))} pairs {fmt.number(better)} lie below the best classical answer, "
        f"{fmt.number(worse)} above"
    )
    tail = f", and {fmt.number(failed)} had no answer" if failed else ""
    return f"{told}{tail}. Lower is better."


def _reach(data: Pairs) -> float:
    """The axis goes as far either way as the marks, and not much further than the rule lets one count."""
    far = max((abs(dot.over) for dot in data.dots), default=0.0)
    return min(1.4 * data.bound, 1.06 * max(far, 2 * abs(data.worth or 0.0), 0.002))


def _at(value: float, reach: float) -> float:
    return min(98.5, max(1.5, 50 + 50 * value / reach))  # what lies beyond stands at the edge


def _washes(data: Pairs, reach: float) -> list[Raw]:
    out = []
    if (worth := finite(data.worth)) is not None:
        x = _at(worth, reach)
        out += [
            el("rect", x="0", y=TOP, width=pct(x), height=HEIGHT, cls="wash-pine"),
            line(x, x, TOP, TOP + HEIGHT, "s-pine dot", 2),
            label(x, TOP - 6, "worth having", "lab halo", edge_anchor(x)),
        ]
    low, high = finite(data.low), finite(data.high)
    if low is not None and high is not None and high >= low:
        a, b = _at(low, reach), _at(high, reach)
        out.append(el("rect", x=pct(a), y=TOP, width=pct(max(0.2, b - a)), height=HEIGHT, cls="t-no thin"))
    return out


def _axis(reach: float) -> list[Raw]:
    foot = TOP + HEIGHT
    out = [line(0, 100, foot, foot, "ax"), line(50, 50, TOP, foot, "s-ink dash", 1.5)]
    places = 1 if reach >= 0.02 else 2
    for share in (-0.8, -0.4, 0.4, 0.8):
        x = 50 + 50 * share
        words = fmt.number(abs(100 * share * reach), "%", places)
        out += [
            line(x, x, TOP, foot, "gl"),
            label(
                x, foot + 16, f"{words} {'less' if share < 0 else 'more'}", "wide" if abs(share) < 0.5 else ""
            ),
        ]
    return [*out, label(50, foot + 16, "0", "lab")]


def _marks(dots: tuple[Dot, ...], reach: float) -> list[Raw]:
    step = (HEIGHT - 16) / max(1, len(dots) - 1) if len(dots) > 1 else 0.0
    return [_mark(dot, reach, TOP + 8 + step * place) for place, dot in enumerate(dots)]


def _mark(dot: Dot, reach: float, y: float) -> Raw:
    x = _at(dot.over, reach)
    if dot.failed:
        cross = el("path", d=_CROSS, cls="s-bad", stroke_width=2)
        return titled(dot.words, el("svg", cross, x=pct(x), y=num(y), overflow="visible"))
    return titled(dot.words, el("circle", cx=pct(x), cy=y, r=4, cls="f-qpu"))


def _mean(data: Pairs, reach: float) -> list[Raw]:
    if (middle := finite(data.mean)) is None:
        return []
    x = _at(middle, reach)
    return [line(x, x, TOP, TOP + HEIGHT, "s-qpu", 2)]


def _legend(data: Pairs) -> Raw:
    cross = el("svg", el("path", d=_CROSS, cls="s-bad", stroke_width=2), x="11", y="6.5", overflow="visible")
    entries = [(el("circle", cx=11, cy=6.5, r=4, cls="f-qpu"), "a pair")]
    if any(dot.failed for dot in data.dots):
        entries.append((cross, "no answer, counted as no improvement"))
    if finite(data.mean) is not None:
        band = join(
            (
                el("rect", width=22, height=13, cls="t-no thin"),
                el("path", d="M11 0v13", cls="s-qpu", stroke_width=2),
            )
        )
        entries.append((band, "mean and 95 % interval, valid at every look"))
    return key(*entries)
