"""Budgets and costs, for whoever sees a team's money."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from hybridops.domain import clock
from hybridops.experiments.figures import Total, grouped, spends, total
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import budgets_seen
from hybridops.web.api.door import Asking, Token
from hybridops.web.api.shapes import NOS, usd

router = Router(tags=["Money"])
READS = Token("money:read")
DAYS_MAX = 400


class BudgetOut(Schema):
    """A limit over a period: `pending` is promised, `posted` spent, `overrun` what vendors billed beyond a promise."""

    id: int
    name: str
    backend: str
    starts_on: date
    ends_on: date
    frozen: bool
    limit_usd: str
    pending_usd: str
    posted_usd: str
    overrun_usd: str
    free_usd: str


class TotalOut(Schema):
    """Money of all runs counted; per accepted solution it is null where none was accepted, never zero."""

    key: str
    name: str
    runs: int
    accepted: int
    usd: str
    qpu_usd: str
    per_accepted_usd: str | None


class CostsOut(Schema):
    since: datetime
    by: str
    total: TotalOut
    groups: list[TotalOut]


@router.get("/budgets", response={200: list[BudgetOut], **NOS}, auth=READS)
def budgets(request: Asking) -> list[BudgetOut]:
    """The budgets that are open today, of the teams whose costs this token sees."""
    return [_budget(row) for row in budgets_seen(request.auth, on=clock.now().date())]


def _budget(row: Budget) -> BudgetOut:
    amounts = {f"{name}_usd": usd(getattr(row, f"{name}_micro")) for name in _AMOUNTS}
    names = ("name", "backend", "starts_on", "ends_on", "frozen")
    values: dict[str, Any] = {name: getattr(row, name) for name in names} | amounts
    return BudgetOut(id=row.pk, **values)


_AMOUNTS = ("limit", "pending", "posted", "overrun", "free")


@router.get("/costs", response={200: CostsOut, **NOS}, auth=READS)
def costs(
    request: Asking,
    by: Literal["project", "team", "backend", "workflow"] = "project",
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 90,
) -> CostsOut:
    """What the runs submitted in the last days cost so far, in all and by group."""
    first = clock.now().date() - timedelta(days=days - 1)
    since = datetime.combine(first, time(), timezone.get_current_timezone())
    rows = spends(request.auth, since)
    found = [_total(one.key, one.name, one.total) for one in grouped(rows, by)]
    return CostsOut(since=since, by=by, total=_total("", "all", total(rows)), groups=found)


def _total(key: str, name: str, found: Total) -> TotalOut:
    each = found.per_accepted
    return TotalOut(
        key=key,
        name=name,
        runs=found.runs,
        accepted=found.accepted,
        usd=f"{found.usd:f}",
        qpu_usd=f"{found.qpu_usd:f}",
        per_accepted_usd=None if each is None else f"{each:.6f}",
    )
