"""A placement's candidates as rows: what was known of each backend when one was chosen, and why not the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hybridops.experiments.models import Placement
from hybridops.web import fmt


@dataclass(frozen=True, slots=True)
class Weighed:
    """One candidate; `why_not` is the guard that removed it, or empty."""

    backend: str
    success: str
    wait: str
    in_time: str
    price: str
    chosen: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision. `weighed` is empty for classical stages and for what older versions wrote down."""

    stage: str
    made_at: datetime
    chosen: str
    why: str
    rejected: list[tuple[str, str]]
    weighed: list[Weighed]
    timed: bool


def decided(row: Placement) -> Decided:
    told = row.document
    candidates = told.get("candidates") or ()
    return Decided(
        stage=row.stage,
        made_at=row.made_at,
        chosen=told["chosen"],
        why=told["why"],
        rejected=[(name, why) for name, why in told["rejected"]],
        weighed=[_weighed(one, (told["provider"], told["chosen"])) for one in candidates],
        timed=any(one["in_time"] is not None for one in candidates),
    )


def _weighed(one: Mapping[str, Any], chosen: tuple[str, str]) -> Weighed:
    """What was not computed because a guard came first stands as a dash."""
    unasked = bool(one["guard"]) and not one["cost_usd"]
    dash = fmt.NOT_APPLICABLE if unasked else None
    return Weighed(
        backend=one["backend"],
        success=dash or _success(one["fidelity"], one["fidelity_error"]),
        wait=dash or _wait(one["wait_p50"], one["wait_p90"]),
        in_time=dash or fmt.percent(one["in_time"]),
        price=dash or fmt.money(Decimal(one["cost_usd"])),
        chosen=(one["provider"], one["backend"]) == chosen,
        why_not=one["guard"],
    )


def _success(share: float | None, error: float | None) -> str:
    if share is None or not error:
        return fmt.percent(share)
    return fmt.interval(share * 100, error * 100, places=0)


def _wait(half: float | None, most: float | None) -> str:
    """The wait that one in two and that nine in ten looks at the queue did not exceed."""
    if half is None or half == most:
        return fmt.duration(half)
    return f"{fmt.duration(half)}, {fmt.duration(most)}"
