"""What a movement of the ledger is: amounts of one unit that leave accounts and arrive in others, together nothing.

Accounts of a budget: `available` may still be promised, `pending` is promised, `posted` is spent, `overrun` is what a
vendor took beyond a promise, `contingency` is what finance keeps for that, and `source` is where limits come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

ACCOUNTS = ("available", "pending", "posted", "overrun", "contingency", "source")


class Unit(StrEnum):
    MICRO = "micro"  # millionths of a US dollar
    SHOTS = "shots"
    QPU_MS = "qpu_ms"


class Kind(StrEnum):
    ALLOCATE = "ALLOCATE"
    RESERVE = "RESERVE"
    SETTLE = "SETTLE"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    OVERRUN = "OVERRUN"
    ADJUST = "ADJUST"


@dataclass(frozen=True, slots=True)
class Amounts:
    """So much of each unit. What is asked for or used is never below zero."""

    micro: int = 0
    shots: int = 0
    qpu_ms: int = 0

    def each(self) -> Iterator[tuple[Unit, int]]:
        """Money always, the others where there are any."""
        yield Unit.MICRO, self.micro
        if self.shots:
            yield Unit.SHOTS, self.shots
        if self.qpu_ms:
            yield Unit.QPU_MS, self.qpu_ms


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry. The six amounts add up to zero; `amount` is how much it is about, for people."""

    kind: Kind
    unit: Unit
    amount: int
    available: int = 0
    pending: int = 0
    posted: int = 0
    overrun: int = 0
    contingency: int = 0
    source: int = 0


def allocated(unit: Unit, change: int, amount: int) -> Movement:
    """A limit that was set to `amount`, `change` more or less than before."""
    return Movement(Kind.ALLOCATE, unit, amount, available=change, source=-change)


def reserved(unit: Unit, amount: int) -> Movement:
    """A promise: what is available becomes pending."""
    return Movement(Kind.RESERVE, unit, amount, available=-amount, pending=amount)


def given_back(kind: Kind, unit: Unit, amount: int) -> Movement:
    """A promise that ends without a bill."""
    return Movement(kind, unit, amount, available=amount, pending=-amount)


def settled(unit: Unit, promised: int, used: int) -> list[Movement]:
    """The promise ends: what was used is spent, the rest is available again, and more than the promise is an overrun.

    Money beyond the promise is contingency's, outside the limit; shots and time beyond it count against the limit.
    """
    within = min(used, promised)
    made = [
        Movement(Kind.SETTLE, unit, within, available=promised - within, pending=-promised, posted=within)
    ]
    if over := used - within:
        made.append(overran(over) if unit is Unit.MICRO else _longer(unit, over))
    return made


def overran(micro: int) -> Movement:
    """What a vendor took beyond a promise, lent by contingency."""
    return Movement(Kind.OVERRUN, Unit.MICRO, micro, overrun=micro, contingency=-micro)


def _longer(unit: Unit, over: int) -> Movement:
    return Movement(Kind.OVERRUN, unit, over, available=-over, posted=over)


def corrected(difference: int, *, room: int, overrun: int) -> list[Movement]:
    """A bill that turned out `difference` higher or lower, in a period that is open.

    What is higher is spent as far as there is `room`, the rest is an overrun. What is lower ends an `overrun` first.
    """
    if difference >= 0:
        within = min(difference, max(0, room))
        made = [Movement(Kind.ADJUST, Unit.MICRO, within, available=-within, posted=within)]
        return [*made, overran(difference - within)] if difference > within else made
    back = -difference
    ended = min(back, overrun)
    spent = back - ended
    return [
        Movement(
            Kind.ADJUST, Unit.MICRO, back,
            available=spent, posted=-spent, overrun=-ended, contingency=ended,
        )
    ]  # fmt: skip


def returned(micro: int) -> Movement:
    """What a vendor gives back for a period that is closed: it is contingency's, no new room in the limit."""
    return Movement(Kind.ADJUST, Unit.MICRO, micro, contingency=micro, source=-micro)
