"""A CSV of prices: a header of `date` and one name an asset, then a row for each day or week, oldest first.

Names hold no comma, so that a column is a column. Lines that start with # are comments; the first of them
names the data. Every row has every price: what is missing is refused, never filled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.markowitz import ASSETS_MAX, Market
from hybridops.solvers.problem import Floats
from hybridops.workflows.text import Token

ROWS_MIN, ROWS_MAX = 20, 5_000
NAME_MAX = 40
_PRICES = (1e-9, 1e12)
_JUMP_MAX = 20.0  # within one period: beyond it a price is more likely wrong, or the unit changed
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Rows a year by the median gap between rows in days: trading days leave out weekends, weeks do not.
DAILY, WEEKLY = 252, 52
_GAPS = (((1, 4), DAILY), ((5, 9), WEEKLY))


def is_csv(lines: Sequence[str]) -> bool:
    """Whether the first line that is no comment has commas: moments have none."""
    return "," in next((line for line in lines if line.strip() and not line.startswith("#")), "")


def parse_csv(lines: Sequence[str]) -> Market:
    """The market in a CSV; raises BadInput with line and column."""
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    comments = [line.lstrip("# ").strip() for _, line in numbered if line.startswith("#")]
    head, *rows = [(number, line) for number, line in numbered if not line.startswith("#")]
    labels = _labels(_fields(*head))
    if not ROWS_MIN <= len(rows) <= ROWS_MAX:
        raise BadInput(
            f"expected {ROWS_MIN} to {ROWS_MAX:,} rows of prices, found {len(rows):,}",
            line=rows[min(ROWS_MAX, len(rows) - 1)][0] if rows else head[0],
            column=1,
        )
    days, prices = _table(rows, len(labels))
    returns = prices[1:] / prices[:-1] - 1
    return Market(
        name=(comments[0][:80] if comments else "") or "Prices",
        labels=labels,
        mean=returns.mean(axis=0),
        covariance=np.cov(returns, rowvar=False),
        periods=_periods(days, rows[0][0]),
        returns=returns,
    )


def _table(rows: Sequence[tuple[int, str]], assets: int) -> tuple[list[date], Floats]:
    """Dates in order, and prices (rows, assets)."""
    days, prices = list[date](), np.empty((len(rows), assets))
    for at, (number, line) in enumerate(rows):
        fields = _fields(number, line, assets + 1)
        days.append(_day(fields[0], days[-1] if days else None))
        for asset, token in enumerate(fields[1:]):
            prices[at, asset] = _price(token, float(prices[at - 1, asset]) if at else None)
    return days, prices


def _fields(number: int, line: str, count: int | None = None) -> list[Token]:
    found, column = list[Token](), 1
    for part in line.split(","):
        found.append(Token(part.strip(), number, column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    if count is not None and len(found) != count:
        raise BadInput(
            f"expected {count} fields (the date and {count - 1} prices), found {len(found)}",
            line=number, column=1,
        )  # fmt: skip
    return found


def _labels(head: Sequence[Token]) -> tuple[str, ...]:
    if head[0].text.lower() != "date":
        raise head[0].refuse("the column date, then a column for each asset")
    if not 2 <= len(head) - 1 <= ASSETS_MAX:
        raise BadInput(
            f"expected 2 to {ASSETS_MAX} assets, found {len(head) - 1}", line=head[0].line, column=1
        )
    seen: set[str] = set()
    for token in head[1:]:
        if not 1 <= len(token.text) <= NAME_MAX or not token.text.isprintable():
            raise token.refuse(f"a name of 1 to {NAME_MAX} printable characters")
        if token.text in seen:
            raise token.refuse("a name that no other column has")
        seen.add(token.text)
    return tuple(token.text for token in head[1:])


def _day(token: Token, before: date | None) -> date:
    """A date like 2026-01-31, later than the one before."""
    try:
        found = date.fromisoformat(token.text) if _DATE.fullmatch(token.text) else None
    except ValueError:
        found = None
    if found is None:
        raise token.refuse("a date like 2026-01-31")
    if before is not None and found <= before:
        raise token.refuse(f"a date after {before}")
    return found


def _price(token: Token, before: float | None) -> float:
    if not token.text:
        raise token.refuse("a price; fill the gap or leave the asset out")
    price = token.number("a price", *_PRICES)
    if before is not None and not before / _JUMP_MAX <= price <= before * _JUMP_MAX:
        raise token.refuse(f"a price within {_JUMP_MAX:g} times the one before, {before:g}")
    return price


def _periods(days: Sequence[date], line: int) -> int:
    """Rows a year; raises BadInput at `line` where rows are neither days nor weeks."""
    gap = float(np.median([(later - day).days for day, later in pairwise(days)]))
    for (low, high), periods in _GAPS:
        if low <= gap <= high:
            return periods
    raise BadInput(f"expected a row a day or a week, found {gap:g} days between rows", line=line, column=1)
