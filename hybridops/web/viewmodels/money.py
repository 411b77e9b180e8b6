"""What a run costs: quoted, promised, billed, line by line; and what a cancel would save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hybridops.domain.money import from_micro
from hybridops.domain.states import LIVE_SUBMISSION, ReservationState
from hybridops.experiments.models import Submission
from hybridops.quotas.models import Reservation


@dataclass(frozen=True, slots=True)
class CostLine:
    what: str
    promised: Decimal
    billed: Decimal | None
    state: str


@dataclass(frozen=True, slots=True)
class QuoteLine:
    what: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """`at_risk` is promised for jobs that are out: a cancel may come too late for them."""

    lines: list[CostLine]
    billed: Decimal
    promised: Decimal
    at_risk: Decimal
    reported: bool
    cap: Decimal

    @property
    def saves(self) -> Decimal:
        """What a cancel gives back for sure."""
        return self.promised - self.at_risk


def cost_of(rows: Sequence[Reservation], submissions: Sequence[Submission], cap_micro: int) -> Cost:
    out = {row.reservation for row in submissions if row.state in LIVE_SUBMISSION and row.sent_at}
    held = [row for row in rows if row.state == ReservationState.HELD]
    billed = [row.settled_micro for row in rows if row.settled_micro is not None]
    return Cost(
        lines=[
            CostLine(
                row.what,
                from_micro(row.amount_micro),
                None if row.settled_micro is None else from_micro(row.settled_micro),
                row.state,
            )
            for row in rows
        ],
        billed=from_micro(sum(billed)),
        promised=from_micro(sum(row.amount_micro for row in held)),
        at_risk=from_micro(sum(row.amount_micro for row in held if row.key in out)),
        reported=bool(billed),
        cap=from_micro(cap_micro),
    )


def quote_lines(lines: Sequence[Mapping[str, Any]]) -> list[QuoteLine]:
    """The arithmetic as it was signed into the compiled program's quote."""
    return [
        QuoteLine(
            line["what"],
            Decimal(line["quantity"]),
            line["unit"],
            Decimal(line["price"]),
            Decimal(line["quantity"]) * Decimal(line["price"]),
        )
        for line in lines
    ]
