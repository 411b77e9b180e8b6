"""Money: quotes from dated price books, worst cases, and the one rounding.

Amounts are Decimal US dollars in quotes and integer micro-dollars in the ledger; `to_micro` rounds up,
once, at the border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.ports import Usage

MICRO = Decimal(1_000_000)
NANO = Decimal(
    "1e-9"
)  # seconds are counted in these: the last digits of a double must not make a bill exceed its quote
SCHEMA = "hybridops.pricebook/1"


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


@dataclass(frozen=True, slots=True)
class Rule:
    """How one backend bills. Unit prices in US dollars; `failed` is what a failed job costs.

    kind "task+shot": task x circuits + shot x shots. kind "seconds": second x (job_seconds a job + qpu seconds).
    """

    provider: str
    backend: str
    kind: str
    task: Decimal = Decimal(0)
    shot: Decimal = Decimal(0)
    second: Decimal = Decimal(0)
    job_seconds: Decimal = Decimal(0)
    failed: str = "free"


@dataclass(frozen=True, slots=True)
class PriceBook:
    name: str
    currency: str
    source: str
    dated: date
    valid_to: date
    cpu_second: Decimal
    gpu_second: Decimal
    rules: tuple[Rule, ...]

    def rule_for(self, provider: str, backend: str) -> Rule:
        """Raises Refused where the book has no price: an unknown price is never zero."""
        for rule in self.rules:
            if rule.provider == provider and rule.backend in (backend, "*"):
                return rule
        raise Refused(f"{self.name} has no price for {backend} at {provider}. Add one to a price book first.")


def parse(document: Mapping[str, Any]) -> PriceBook:
    """The price book in a verified payload; raises BadInput for what it does not know."""
    if document.get("schema") != SCHEMA:
        raise BadInput(f"expected schema {SCHEMA}", field="schema")
    try:
        rules = tuple(_rule(item) for item in document["rules"])
        return PriceBook(
            name=document["name"],
            currency=document["currency"],
            source=document["source"],
            dated=date.fromisoformat(document["dated"]),
            valid_to=date.fromisoformat(document["valid_to"]),
            cpu_second=Decimal(document["cpu_second"]),
            gpu_second=Decimal(document["gpu_second"]),
            rules=rules,
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as problem:
        raise BadInput(f"the price book is incomplete or malformed: {problem}") from problem


def _rule(item: Mapping[str, Any]) -> Rule:
    money = ("task", "shot", "second", "job_seconds")
    values: dict[str, Any] = {key: Decimal(value) if key in money else value for key, value in item.items()}
    rule = Rule(**values)
    if rule.kind not in ("task+shot", "seconds") or rule.failed not in ("free", "full"):
        raise BadInput(f"the price of {rule.backend} has an unknown kind", field="rules")
    return rule


@dataclass(frozen=True, slots=True)
class Quote:
    """What one run's QPU work costs: likely, lowest, highest (the worst case that is reserved)."""

    lines: tuple[Line, ...]
    low: Decimal
    high: Decimal
    price_book: str
    dated: date
    assumptions: tuple[str, ...]

    @property
    def likely(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


def qpu_lines(
    rule: Rule, *, submissions: int, shots: int, shot_seconds: float, circuits: int = 1
) -> tuple[Line, ...]:
    """The arithmetic for `submissions` jobs of `shots` shots each lasting `shot_seconds` (with rep_delay).

    `shots` are those of a whole job, spread over its `circuits`, each of which is a task of its own.
    """
    tasks, total = Decimal(submissions * circuits), Decimal(submissions) * Decimal(shots)
    if rule.kind == "task+shot":
        return (Line("QPU tasks", "task", tasks, rule.task), Line("QPU shots", "shot", total, rule.shot))
    seconds = submissions * rule.job_seconds + total * Decimal(repr(shot_seconds))
    seconds = seconds.quantize(NANO, rounding=ROUND_CEILING)
    return (Line("QPU time", "s", seconds, rule.second),)


def quote(
    book: PriceBook,
    rule: Rule,
    *,
    submissions_max: int,
    shots: int,
    shot_seconds: float,
    circuits: int = 1,
    submissions_likely: int = 1,
) -> Quote:
    """Low is one submission of all shots, likely as many as the work usually takes; high is every allowed one."""
    size = {"shots": shots, "circuits": circuits}
    once = qpu_lines(rule, submissions=1, shot_seconds=shot_seconds, **size)
    usual = qpu_lines(rule, submissions=submissions_likely, shot_seconds=shot_seconds, **size)
    worst = qpu_lines(rule, submissions=submissions_max, shot_seconds=shot_seconds, **size)
    assumptions = [f"price book {book.name} of {book.dated.isoformat()}"]
    if rule.kind == "seconds":
        assumptions.append(f"{rule.job_seconds} s of overhead a job and {shot_seconds * 1e6:.0f} µs a shot")
    return Quote(
        lines=usual,
        low=sum((line.amount for line in once), Decimal(0)),
        high=sum((line.amount for line in worst), Decimal(0)),
        price_book=book.name,
        dated=book.dated,
        assumptions=tuple(assumptions),
    )


def bill(rule: Rule, usage: Usage, *, failed: bool) -> Decimal:
    """What a provider charges for one job by its rule; raises nothing, a failed job may be free."""
    if failed and rule.failed == "free":
        return Decimal(0)
    if rule.kind == "task+shot":
        return rule.task * usage.tasks + rule.shot * usage.shots
    jobs = min(1, usage.tasks)
    return rule.second * (rule.job_seconds * jobs + Decimal(repr(usage.qpu_seconds)).quantize(NANO))


def compute_lines(book: PriceBook, *, cpu_seconds: float, gpu_seconds: float) -> Sequence[Line]:
    """Classical work at the book's rates."""
    return (
        Line("CPU time", "s", Decimal(repr(round(cpu_seconds, 3))), book.cpu_second),
        Line("GPU time", "s", Decimal(repr(round(gpu_seconds, 3))), book.gpu_second),
    )
