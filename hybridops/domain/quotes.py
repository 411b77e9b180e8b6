"""Quotes: what a run's QPU work costs by a price book, and what classical work costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hybridops.domain import rules
from hybridops.domain.money import Line, total
from hybridops.domain.pricebook import PriceBook
from hybridops.domain.rules import Rule
from hybridops.domain.work import Work


@dataclass(frozen=True, slots=True)
class Quote:
    """What one run's QPU work costs: likely, lowest, highest (the worst case that is reserved).

    `cap` is what the vendor can charge at most where it stops jobs after a time; elsewhere it is `high`.
    """

    lines: tuple[Line, ...]
    low: Decimal
    high: Decimal
    cap: Decimal
    price_book: str
    dated: date
    assumptions: tuple[str, ...]

    @property
    def likely(self) -> Decimal:
        return total(self.lines)

    def document(self) -> dict[str, Any]:
        """As JSON: money is text."""
        return {
            "lines": [
                {"what": one.what, "unit": one.unit, "quantity": str(one.quantity), "price": str(one.price)}
                for one in self.lines
            ],
            "likely": str(self.likely),
            "low": str(self.low),
            "high": str(self.high),
            "cap": str(self.cap),
            "book": self.price_book,
            "dated": self.dated.isoformat(),
            "assumptions": list(self.assumptions),
        }


def quote(
    book: PriceBook, rule: Rule, work: Work, *, submissions_max: int, submissions_likely: int = 1
) -> Quote:
    """Low is one submission of all shots, likely as many as the work usually takes; high is every allowed one."""
    once = rules.lines(rule, work)
    high = submissions_max * total(once)
    return Quote(
        lines=tuple(replace(line, quantity=submissions_likely * line.quantity) for line in once),
        low=total(once),
        high=high,
        cap=max(high, submissions_max * rule.seconds_max * rule.second),
        price_book=book.name,
        dated=book.dated,
        assumptions=tuple(_assumptions(book, rule, work)),
    )


def _assumptions(book: PriceBook, rule: Rule, work: Work) -> list[str]:
    found = [f"price book {book.name} of {book.dated.isoformat()}"]
    if rule.source:
        found.append(f"{rule.source}{f', {rule.dated.isoformat()}' if rule.dated else ''}")
    if rule.kind in rules.TIMED and work.shots:
        each = (rules.takes_seconds(rule, work) - rule.job_seconds) / work.shots * 1_000_000
        found.append(f"{rule.job_seconds} s of overhead a job and {each:.0f} µs a shot")
    if rule.kind in ("gate-shots", "credits"):
        gates = f"{work.one_qubit_gates} one-qubit and {work.two_qubit_gates} two-qubit gates"
        found.append(f"{gates}, {work.measured} measured qubits a circuit")
    return [*found, rule.note] if rule.note else found


def shots_within(cost: Callable[[int], Decimal], room: Decimal, most: int) -> int:
    """The largest number up to `most` whose cost fits into `room`; 0 where not one does.

    `cost` must not fall with the shots; it may have minimums, fixed parts and steps, so it is halved, not divided.
    """
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(middle) <= room else (low, middle - 1)
    return low


def compute_lines(book: PriceBook, *, cpu_seconds: float, gpu_seconds: float) -> Sequence[Line]:
    """Classical work at the book's rates."""
    return (
        Line("CPU time", "s", Decimal(repr(round(cpu_seconds, 3))), book.cpu_second),
        Line("GPU time", "s", Decimal(repr(round(gpu_seconds, 3))), book.gpu_second),
    )
