"""Amounts of money, and the one rounding.

Amounts are Decimal US dollars in quotes and bills and integer micro-dollars in the ledger; `to_micro` rounds up,
once, at the border.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from hybridops.domain.errors import BadInput

MICRO = Decimal(1_000_000)
NANO = Decimal("1e-9")  # seconds are counted in these


def to_micro(amount: Decimal) -> int:
    """Whole micro-dollars, rounded up; refuses negative amounts and NaN."""
    if not amount >= 0:
        raise BadInput(f"{amount} is not an amount of money")
    return int((amount * MICRO).to_integral_value(rounding=ROUND_CEILING))


def from_micro(micro: int) -> Decimal:
    """Micro-dollars as dollars, exactly."""
    return Decimal(micro) / MICRO


def rounded(amount: Decimal) -> Decimal:
    """The amount as the ledger will hold it."""
    return from_micro(to_micro(amount))


def promised_seconds(seconds: Decimal) -> Decimal:
    """Seconds in a quote: whole nanoseconds, up."""
    return seconds.quantize(NANO, rounding=ROUND_CEILING)


def measured_seconds(seconds: float) -> Decimal:
    """Seconds that were measured, to the nearest nanosecond.

    The last digits of a double are far below one, so they never make a bill exceed what was promised.
    """
    return Decimal(repr(seconds)).quantize(NANO, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote or bill: quantity x unit price = amount, unrounded."""

    what: str
    unit: str
    quantity: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


def total(lines: Iterable[Line]) -> Decimal:
    """The sum of the lines, unrounded."""
    return sum((line.amount for line in lines), Decimal(0))
