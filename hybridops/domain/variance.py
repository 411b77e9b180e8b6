"""Why one period cost another sum than the one before: volume, yield, mix and price, which add up to the difference.

Taken one after the other in this order, each at what was not yet changed: accepted solutions at the old runs a
solution and the old mean price; runs a solution at the old mean price; where they ran at the old prices; prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Period:
    """`by` place (such as a backend): its runs and what they cost in micro-dollars. `accepted` of all runs."""

    accepted: int
    by: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        return sum(runs for runs, _ in self.by.values())

    @property
    def micro(self) -> int:
        return sum(micro for _, micro in self.by.values())

    def price(self, place: str) -> Fraction | None:
        """What a run there cost in the mean; None where none ran."""
        runs, micro = self.by.get(place, (0, 0))
        return Fraction(micro, runs) if runs else None


@dataclass(frozen=True, slots=True)
class Parts:
    """Micro-dollars, whole. `yields` is 0 where a period accepted nothing: then all of it is volume."""

    volume: int
    yields: int
    mix: int
    price: int

    @property
    def total(self) -> int:
        return self.volume + self.yields + self.mix + self.price


def split(before: Period, now: Period) -> Parts:
    """The difference of two periods in its four parts. Price takes the rounding, less than two micro-dollars.

    A place without a run before is priced as now, so that its part is mix and not price. Raises nothing.
    """
    if not before.runs or not now.runs:
        return Parts(now.micro - before.micro, 0, 0, 0)
    mean = Fraction(before.micro, before.runs)
    more = (now.runs - before.runs) * mean
    volume = more
    if before.accepted and now.accepted:
        volume = (now.accepted - before.accepted) * Fraction(before.runs, before.accepted) * mean
    old = sum((runs * _old_price(before, now, place) for place, (runs, _) in now.by.items()), Fraction(0))
    first, second, third = (round(part) for part in (volume, more - volume, old - now.runs * mean))
    return Parts(first, second, third, now.micro - before.micro - first - second - third)


def _old_price(before: Period, now: Period, place: str) -> Fraction:
    known = before.price(place)
    return known if known is not None else now.price(place) or Fraction(0)
