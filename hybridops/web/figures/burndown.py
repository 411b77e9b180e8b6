"""What a budget has left, day after day, to the end of its period: seen days, then the forecast's range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hybridops.web import fmt
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    chart,
    edge_anchor,
    el,
    figure,
    join,
    key,
    label,
    line,
    num,
    pct,
    stretched,
    swatch,
)

HEIGHT, TOP, BOTTOM = 220, 24, 184


@dataclass(frozen=True, slots=True)
class Left:
    """At the end of a day. What is not spent is free or promised."""

    day: date
    limit: Decimal
    spent: Decimal
    promised: Decimal

    @property
    def unspent(self) -> Decimal:
        return self.limit - self.spent

    @property
    def free(self) -> Decimal:
        return self.unspent - self.promised


@dataclass(frozen=True, slots=True)
class Burndown:
    """`ends` is what is not spent on the last day: low, likely, high. `runs_out`: half of the futures are at zero."""

    starts_on: date
    ends_on: date
    days: tuple[Left, ...]
    ends: tuple[Decimal, Decimal, Decimal] | None = None
    runs_out: date | None = None


def burndown(data: Burndown, sentence: str) -> Figure:
    head = ("End of", "Limit", "Spent", "Promised", "Free")
    if not data.days:
        return figure(el("p", sentence, cls="hint"), sentence, head, [])
    place = _Place(data)
    drawn = [*_scale(place), _areas(data, place), *_ahead(data, place), *_words(data, place)]
    markup = join((el("div", chart(HEIGHT, sentence, *drawn), cls="pad"), _key(data)))
    return figure(markup, sentence, head, [*map(_row, data.days), *_last_rows(data)])


class _Place:
    """Days and dollars as places in the drawing."""

    def __init__(self, data: Burndown) -> None:
        seen = [float(usd) for one in data.days for usd in (one.free, one.limit)]
        known = [*seen, *map(float, data.ends or ())]
        self.low, self.high = min(0.0, *known), max(1.0, *known)
        self.first, self.length = data.starts_on, max(1, (data.ends_on - data.starts_on).days + 1)

    def x(self, day: date) -> float:
        """The end of a day, in percent."""
        return 100 * min(1.0, ((day - self.first).days + 1) / self.length)

    def y(self, usd: Decimal | float) -> float:
        return TOP + (BOTTOM - TOP) * (self.high - float(usd)) / (self.high - self.low)

    def path(self, points: Sequence[tuple[date, Decimal]]) -> str:
        return " ".join(f"{num(10 * self.x(day))},{num(self.y(usd))}" for day, usd in points)


def _scale(place: _Place) -> list[Raw]:
    zero, top = place.y(0), place.y(place.high)
    words = label(0, top - 6, fmt.money_whole(Decimal(round(place.high))), "halo", "start")
    return [line(0, 100, top, top, "gl"), line(0, 100, zero, zero, "ax"), words]


def _areas(data: Burndown, place: _Place) -> Raw:
    """Free money from zero up, what is promised above it, and the even pace from the limit to nothing."""
    first = data.days[0]
    free = [(one.day, one.free) for one in data.days]
    unspent = [(one.day, one.unspent) for one in data.days]
    zero = [(data.days[-1].day, Decimal(0)), (first.day, Decimal(0))]
    even = f"0,{num(place.y(data.days[-1].limit))} 1000,{num(place.y(0))}"
    return stretched(
        HEIGHT,
        el("polygon", points=place.path([*free, *zero]), cls="wash-pine"),
        el("polygon", points=place.path([*unspent, *reversed(free)]), cls="t-no"),
        el("polyline", points=even, cls="ln s-ink3 dot thin"),
        el("polyline", points=place.path(unspent), cls="ln s-ink3"),
        el("polyline", points=place.path(free), cls="ln s-pine"),
    )


def _ahead(data: Burndown, place: _Place) -> list[Raw]:
    """From what is left now to the likely end, the range of the end, and the day at zero."""
    if data.ends is None:
        return []
    low, likely, high = data.ends
    last = data.days[-1]
    path = place.path([(last.day, last.unspent), (data.ends_on, likely)])
    drawn = [
        stretched(HEIGHT, el("polyline", points=path, cls="ln s-ink dash")),
        line(99.5, 99.5, place.y(high), place.y(low), "s-ink", 3),
        el("circle", cx=pct(99.5), cy=place.y(likely), r=4.5, cls="f-surface s-ink", stroke_width=2),
    ]
    if data.runs_out:
        x = place.x(data.runs_out)
        drawn += [
            line(x, x, TOP, place.y(0), "s-bad", 1.5),
            label(x, TOP - 6, f"used up {fmt.day(data.runs_out)}", "lab halo", edge_anchor(x, 18)),
        ]
    return drawn


def _words(data: Burndown, place: _Place) -> list[Raw]:
    last = data.days[-1]
    x = place.x(last.day)
    return [
        label(0, HEIGHT - 8, fmt.day(data.starts_on), "", "start"),
        label(100, HEIGHT - 8, fmt.day(data.ends_on), "", "end"),
        el("circle", cx=pct(x), cy=place.y(last.free), r=4, cls="f-pine"),
        label(x, place.y(last.free) + 18, f"{fmt.money(last.free)} free", "lab halo", edge_anchor(x, 20)),
    ]


def _key(data: Burndown) -> Raw:
    dots = el("path", d="M1 6.5h20", cls="s-ink3", stroke_dasharray="1 4", stroke_width=2)
    entries = [(swatch("wash-pine"), "free"), (swatch("t-no s-edge"), "promised"), (dots, "an even pace")]
    if data.ends:
        dash = el("path", d="M1 6.5h20", cls="s-ink", stroke_dasharray="5 4", stroke_width=2)
        entries.append((dash, "forecast of what is not spent, the bar holds 8 in 10"))
    return key(*entries)


def _row(one: Left) -> tuple[str, ...]:
    return (fmt.day(one.day), *map(fmt.money, (one.limit, one.spent, one.promised, one.free)))


def _last_rows(data: Burndown) -> list[tuple[str, ...]]:
    if data.ends is None:
        return []
    limit, day = data.days[-1].limit, fmt.day(data.ends_on)
    named = zip(("least left", "likely", "most left"), data.ends, strict=True)
    return [
        (f"{day}, {name}", fmt.money(limit), fmt.money(limit - left), "–", fmt.money(left))
        for name, left in named
    ]
