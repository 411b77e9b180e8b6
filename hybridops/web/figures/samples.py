"""What the QPU returned: how many samples kept the rules, and how good those are against classical."""

from __future__ import annotations

from collections.abc import Sequence
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
    stretched,
    swatch,
    titled,
)


@dataclass(frozen=True, slots=True)
class Bin:
    low: float
    high: float
    count: int
    control: int | None = None  # the same bin filled by uniform random samples


@dataclass(frozen=True, slots=True)
class Histogram:
    bins: tuple[Bin, ...]
    unit: str
    shots: int
    valid: int | None
    broken: tuple[tuple[str, int], ...] = ()  # rule in words, samples that broke it
    best_classical: float | None = None
    lower_is_better: bool = True
    control_words: str = "uniform random samples"
    empty: str = "Fills after the first results."


HEIGHT, TOP = 150.0, 18.0


def histogram(data: Histogram) -> Figure:
    head = ("From", "To", "Samples", "Control")
    sentence = _sentence(data)
    if not data.shots:
        return figure(el("p", data.empty, cls="hint"), data.empty, head, [])
    parts = [chart(40, _valid_words(data), *_valid_bar(data))] if data.valid is not None else []
    if data.bins:
        parts.append(el("div", chart(172, sentence, *_bins(data)), cls="pad"))
        parts.append(_legend(data))
    return figure(join(parts), sentence, head, (_row(b, data.unit) for b in data.bins))


def _row(b: Bin, unit: str) -> tuple[str, ...]:
    control = "–" if b.control is None else fmt.number(b.control)
    return (fmt.number(b.low, unit), fmt.number(b.high, unit), fmt.number(b.count), control)


def _valid_words(data: Histogram) -> str:
    kept = data.valid or 0
    parts = [f"{fmt.percent(kept / data.shots)} of {fmt.shots(data.shots)} shots kept all rules"]
    return "; ".join(parts + [f"{words} {fmt.percent(n / data.shots)}" for words, n in data.broken]) + "."


def _sentence(data: Histogram) -> str:
    if not data.bins:
        return f"{_valid_words(data)} No sample can be ranked." if data.shots else data.empty
    top = max(data.bins, key=lambda b: b.count)
    text = f"Most samples lie between {fmt.number(top.low)} and {fmt.number(top.high, data.unit)}"
    mark = finite(data.best_classical)
    if mark is None:
        return text + "."
    good = sum(b.count for b in data.bins if _is_good(b, data))
    best = fmt.number(mark, data.unit)
    least = "at least " if any(b.low <= mark < b.high and b.count for b in data.bins) else ""
    return f"{text}; {least}{fmt.shots(good)} are at or past the best classical value, {best}."


def _is_good(b: Bin, data: Histogram) -> bool:
    """Whether all of a bin is at or past the best classical value; what is in the bin around it nobody can see."""
    best = finite(data.best_classical)
    if best is None:
        return False
    return b.high <= best if data.lower_is_better else b.low >= best


def _valid_bar(data: Histogram) -> list[Raw]:
    share = 100 * min(1.0, (data.valid or 0) / data.shots)
    out = [el("rect", x=0, y=0, width=pct(max(0.0, share - 0.3)), height=16, cls="t-qpu")]
    x, rest = share, sum(n for _, n in data.broken)
    for words, count in data.broken:
        width = (100 - share) * count / rest if rest else 0.0
        rect = el("rect", x=pct(x), y=0, width=pct(max(0.0, width - 0.3)), height=16, cls="t-no s-edge")
        out.append(titled(f"{words}: {fmt.shots(count)}", rect))
        x += width
    if not data.broken and share < 100:
        out.append(el("rect", x=pct(share), y=0, width=pct(100 - share), height=16, cls="t-no s-edge"))
    out.append(label(0, 33, f"{fmt.percent(share / 100)} valid", "lab", "start"))
    return (
        [*out, label(100, 33, f"{fmt.percent(1 - share / 100)} broke a rule", "", "end")]
        if share < 100
        else out
    )


def _bins(data: Histogram) -> list[Raw]:
    most = max([b.count for b in data.bins] + [b.control or 0 for b in data.bins]) or 1
    rects = [_bar(b, i, data, most) for i, b in enumerate(data.bins)]
    return [*_scale(most), *rects, *_control(data.bins, most), *_classical(data), *_x_axis(data)]


def _y(count: int, most: int) -> float:
    return HEIGHT - (HEIGHT - TOP) * count / most


def _bar(b: Bin, i: int, data: Histogram, most: int) -> Raw:
    step, y = 100 / len(data.bins), _y(b.count, most)
    cls = "f-pine" if _is_good(b, data) else "bar-qpu"
    rect = el("rect", x=pct(i * step + step * 0.04), width=pct(step * 0.92), y=y, height=HEIGHT - y, cls=cls)
    return titled(
        f"{fmt.number(b.low)} to {fmt.number(b.high, data.unit)}: {fmt.shots(b.count)} samples", rect
    )


def _scale(most: int) -> list[Raw]:
    step = _round_step(most)
    out = []
    for value in range(step, most + 1, step):
        y = _y(value, most)
        words = fmt.shots(value) + (" samples" if value + step > most else "")
        out += [line(0, 100, y, y, "gl"), label(100, y - 3, words, "halo", "end", -4)]
    return out


def _round_step(most: int) -> int:
    """Three or four lines at round counts."""
    power = 10 ** max(0, len(str(most)) - 1)
    steps = (f * power // 10 for f in (1, 2, 5, 10, 20, 30))
    return next((step for step in steps if step >= max(1, most / 3.6)), most)


def _control(bins: Sequence[Bin], most: int) -> list[Raw]:
    if all(b.control is None for b in bins):
        return []
    step, points = 1000 / len(bins), []
    for i, b in enumerate(bins):
        y = num(_y(b.control or 0, most))
        points += [f"{num(i * step)},{y}", f"{num((i + 1) * step)},{y}"]
    return [stretched(HEIGHT, el("polyline", cls="ln s-ink", points=" ".join(points)))]


def _classical(data: Histogram) -> list[Raw]:
    best = finite(data.best_classical)
    low, high = data.bins[0].low, data.bins[-1].high
    if best is None or high <= low:
        return []
    x = min(100.0, max(0.0, 100 * (best - low) / (high - low)))
    beyond = "" if low <= best <= high else " is further out"
    anchor, dx = ("start", 6) if x < 60 else ("end", -6)
    return [
        line(x, x, 0, HEIGHT, "s-ink dash", 1.5),
        label(x, 11, f"best classical{beyond}", "lab halo", anchor, dx),
    ]


def _x_axis(data: Histogram) -> list[Raw]:
    count = len(data.bins)
    every, out = max(1, -(-count // 5)), [line(0, 100, HEIGHT, HEIGHT, "ax")]
    for i in range(0, count, every):
        x = 100 * i / count
        if x <= 92:
            cls = "" if i % (2 * every) == 0 else "wide"
            out.append(label(x, 165, fmt.number(data.bins[i].low), cls, edge_anchor(x, 4)))
    return [*out, label(100, 165, data.unit, "halo", "end")] if data.unit else out


def _legend(data: Histogram) -> Raw:
    entries = [(swatch("bar-qpu"), "QPU samples")]
    if finite(data.best_classical) is not None:
        entries.append((swatch("f-pine"), "at or past best classical"))
    if any(b.control is not None for b in data.bins):
        entries.append(
            (el("path", d="M1 10h7v-7h7v5h6", cls="f-none s-ink", stroke_width=2), data.control_words)
        )
    return key(*entries)
