"""Requests as rows: how long is left, who asks for what, why a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hybridops.approvals.claims import is_held
from hybridops.approvals.models import ApprovalRequest
from hybridops.domain import clock
from hybridops.teams.models import User
from hybridops.web import fmt
from hybridops.web.answers.today import ask_line
from hybridops.web.figures import Figure
from hybridops.web.pages.rows import glyphs_of

SOON = 3600  # seconds: what lapses within the hour is said in colour and in words


@dataclass(frozen=True, slots=True)
class AskRow:
    request: ApprovalRequest
    line: str
    cap: Decimal
    glyph: Figure | None
    left: str
    bar: int  # of 96, for the drawing
    soon: bool
    held: str


def ask_rows(user: User, requests: Sequence[ApprovalRequest]) -> list[AskRow]:
    """Rows for requests: as many queries for fifty as for one."""
    drawn, now = glyphs_of(user, requests), clock.now()
    return [_row(request, drawn.get(request.pk), now) for request in requests]


def _row(request: ApprovalRequest, glyph: Figure | None, now: datetime) -> AskRow:
    cap = Decimal(request.envelope["cost_usd_max"])
    fired = sorted((f for f in request.assessment["factors"] if f["fired"]), key=lambda f: -f["points"])
    left = max(0.0, (request.lapses_at - now).total_seconds())
    whole = max(1.0, (request.lapses_at - request.asked_at).total_seconds())
    return AskRow(
        request=request,
        line=ask_line(str(request.requester), cap, [f["name"] for f in fired]),
        cap=cap,
        glyph=glyph,
        left=f"{fmt.duration(left // 60 * 60 if left >= 60 else left)} left" if left else "lapsed",
        bar=round(96 * min(1.0, left / whole)),
        soon=left < SOON,
        held=f"{request.claimed_by} is deciding on it." if is_held(request) else "",
    )
