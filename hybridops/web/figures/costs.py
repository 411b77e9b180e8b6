"""Drawings about money: the range with its ceiling, a budget, and what the money bought."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
    pct,
    titled,
)

type Amount = Decimal | None


@dataclass(frozen=True, slots=True)
class CostRange:
    low: Amount
    likely: Amount
    high: Amount
    cap: Amount
    currency: str = "USD"
    last: Amount = None  # what was approved last time


def cost_range(cost: CostRange) -> Figure:
    """Low, likely, high and the cap on one line from zero."""
    values = {"low": cost.low, "likely": cost.likely, "high": cost.high, "cap": cost.cap, "last": cost.last}
    known = {name: v for name, amount in values.items() if (v := finite(amount)) is not None}
    top = max(known.values(), default=0.0) * 1.08 or 1.0
    at = {name: 100 * max(0.0, v) / top for name, v in known.items()}
    drawing = [line(0, 100, 40, 40, "gl"), *_range_bar(at), *_range_words(cost, at)]
    rows = [(n, fmt.money(values[k], cost.currency)) for k, n in _RANGE_NAMES]
    sentence = fmt.money_estimate(cost.low, cost.likely, cost.high, cost.cap, cost.currency)
    return figure(chart(74, sentence, *drawing), sentence, ("", "Amount"), rows)


_RANGE_NAMES = (
    ("low", "Low"),
    ("likely", "Likely"),
    ("high", "High"),
    ("cap", "Cap"),
    ("last", "Last approved"),
)


def _range_bar(at: dict[str, float]) -> list[Raw]:
    out = []
    if "low" in at and "high" in at:
        width = max(0.6, at["high"] - at["low"])
        out.append(el("rect", x=pct(at["low"]), width=pct(width), y=32, height=16, rx=2, cls="bar-qpu"))
    if "last" in at:
        out.append(el("circle", cx=pct(at["last"]), cy=40, r=4.5, cls="f-surface s-ink", stroke_width=2))
    if "likely" in at:
        out.append(line(at["likely"], at["likely"], 29, 51, "s-qpu", 3))
    if "cap" in at:
        out.append(line(at["cap"], at["cap"], 15, 56, "s-ink", 1.5))
    return out


def _range_words(cost: CostRange, at: dict[str, float]) -> list[Raw]:
    """Cap, likely and range on three rows of their own, so they cannot collide."""
    out = []
    if "cap" in at:
        out.append(_word(at["cap"], 11, f"cap {fmt.money(cost.cap, cost.currency)}", "lab halo"))
    if "likely" in at:
        out.append(_word(at["likely"], 26, f"likely {fmt.money(cost.likely, cost.currency)}", "lab halo"))
    if "low" in at and "high" in at:
        words = f"{fmt.money(cost.low, cost.currency)} to {fmt.money(cost.high, cost.currency)}"
        out.append(_word((at["low"] + at["high"]) / 2, 68, words))
    return out


def _word(x: float, y: float, text: str, cls: str = "") -> Raw:
    """Near an edge the word moves to the edge, so that it is never cut."""
    anchor = edge_anchor(x, 22)
    place = {"start": 0.0, "middle": x, "end": 100.0}[anchor]
    return label(place, y, text, cls, anchor)


@dataclass(frozen=True, slots=True)
class Budget:
    spent: Decimal
    promised: Decimal
    limit: Amount
    currency: str = "USD"
    forecast: tuple[Decimal, Decimal, Decimal] | None = None  # low, likely, high


def budget_bullet(budget: Budget) -> Figure:
    """Spent, then promised, then free, up to the limit; the forecast over it."""
    spent, promised = finite(budget.spent) or 0.0, finite(budget.promised) or 0.0
    limit = finite(budget.limit)
    ahead = [finite(f) or 0.0 for f in budget.forecast] if budget.forecast else []
    top = max([spent + promised, limit or 0.0, *ahead]) * 1.04 or 1.0
    over = limit is not None and max([spent + promised, *ahead[1:2]]) > limit
    scale = 100 / top
    drawing = [
        el("rect", x=0, y=12, width=pct((limit or top) * scale), height=14, rx=2, cls="f-sunken"),
        el("rect", x=0, y=12, width=pct(spent * scale), height=14, rx=2, cls="f-deg" if over else "f-pine"),
        el("rect", x=pct(spent * scale), y=12, width=pct(promised * scale), height=14, cls="t-no s-edge"),
        *_forecast([a * scale for a in ahead]),
    ]
    if limit is not None:
        drawing.append(line(limit * scale, limit * scale, 6, 32, "s-ink", 2))
    sentence = _budget_sentence(budget)
    return figure(chart(38, sentence, *drawing), sentence, ("", "Amount"), _budget_rows(budget))


def _forecast(at: list[float]) -> list[Raw]:
    if len(at) != 3:
        return []
    low, likely, high = at
    ring = el("circle", cx=pct(likely), cy=19, r=4, cls="f-surface s-ink", stroke_width=2)
    return [line(low, high, 19, 19, "s-ink", 1.5), ring]


def _free(budget: Budget) -> Amount:
    return None if budget.limit is None else budget.limit - budget.spent - budget.promised


def _budget_rows(b: Budget) -> list[tuple[str, str]]:
    cells = [("Spent", b.spent), ("Promised", b.promised)]
    rows = [(name, fmt.money(value, b.currency)) for name, value in cells]
    free, limit = _free(b), b.limit
    rows.append(("Free", fmt.money(fmt.NOT_APPLICABLE if free is None else free, b.currency)))
    return [*rows, ("Limit", fmt.money(fmt.NOT_SET if limit is None else limit, b.currency))]


def _budget_sentence(b: Budget) -> str:
    limit = "no limit is set" if b.limit is None else f"the limit is {fmt.money(b.limit, b.currency)}"
    text = f"{fmt.money(b.spent, b.currency)} spent, {fmt.money(b.promised, b.currency)} promised, {limit}"
    return text + (f", forecast {fmt.money(b.forecast[1], b.currency)}." if b.forecast else ".")


def budget_key() -> Raw:
    """One legend for a list of budgets."""
    ring = join(
        (
            line(0, 100, 6.5, 6.5, "s-ink", 1.5),
            el("circle", cx=11, cy=6.5, r=3.5, cls="f-surface s-ink", stroke_width=1.8),
        )
    )
    spent, promised = (el("rect", y=2, width=22, height=9, cls=cls) for cls in ("f-pine", "t-no"))
    tick = el("path", d="M11 0v13", cls="s-ink", stroke_width=2)
    return key((spent, "spent"), (promised, "promised"), (ring, "forecast, 8 in 10 chance"), (tick, "limit"))


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: str  # accepted | finished | baseline | failed | cancelled
    words: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Outcomes:
    parts: tuple[Outcome, ...]
    currency: str = "USD"


_OUTCOME_FILL = {
    "accepted": "f-pine",
    "finished": "bar-pine",
    "baseline": "f-cpu",
    "failed": "f-bad",
    "cancelled": "t-no s-edge",
}


def outcome_bar(spend: Outcomes) -> Figure:
    """What the money bought: one bar, and the same shares as a list with amounts."""
    total = sum((p.amount for p in spend.parts), Decimal(0))
    if total <= 0:
        empty = "Nothing was spent."
        return figure(el("p", empty, cls="hint"), empty, ("Outcome", "Spent", "Share"), [])
    rows = [
        (p.words, fmt.money(p.amount, spend.currency), fmt.percent(p.amount / total)) for p in spend.parts
    ]
    x, bars = 0.0, []
    for part in spend.parts:
        width = float(100 * part.amount / total)
        bars.append(_slice(part, x, width))
        x += width
    sentence = (
        "Of " + fmt.money(total, spend.currency) + ": " + ", ".join(f"{r[0]} {r[2]}" for r in rows) + "."
    )
    entries = (_outcome_row(p, row) for p, row in zip(spend.parts, rows, strict=True))
    markup = join((chart(26, sentence, *bars), el("ul", *entries, cls="outcome")))
    return figure(markup, sentence, ("Outcome", "Spent", "Share"), rows)


def _slice(part: Outcome, x: float, width: float) -> Raw:
    rect = el(
        "rect", x=pct(x), y=2, width=pct(max(0.0, width - 0.2)), height=22, cls=_OUTCOME_FILL[part.kind]
    )
    return titled(part.words, rect)


def _outcome_row(part: Outcome, row: tuple[str, str, str]) -> Raw:
    square = el("rect", x=0.5, y=0.5, width=13, height=13, rx=2, cls=_OUTCOME_FILL[part.kind])
    mark = el("svg", square, viewbox="0 0 14 14", aria_hidden="true")
    return el("li", mark, el("span", row[0]), el("span", row[1], cls="n"), el("span", row[2], cls="r dim"))
