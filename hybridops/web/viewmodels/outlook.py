"""Whether budgets hold: what is approved and not run, how spending goes on, what each waiting decision would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import open_about_money
from hybridops.domain.money import from_micro
from hybridops.domain.states import RequestState
from hybridops.evidence.forecast import Forecast, forecast
from hybridops.experiments.models import Run
from hybridops.quotas.burning import daily_micro
from hybridops.quotas.models import Budget
from hybridops.quotas.periods import today
from hybridops.teams.models import User
from hybridops.web import fmt
from hybridops.web.viewmodels.evidence import SEED


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one budget: `approved` may start at any time, `ends` holds low, likely and high at the end of the period."""

    approved: Decimal
    waiting: Decimal
    ends: tuple[Decimal, Decimal, Decimal] | None
    over: float | None
    runs_out: date | None
    days_seen: int

    @property
    def told(self) -> str:
        """The forecast as a sentence."""
        if self.ends is None or self.over is None:
            return f"Too early for a forecast: {self.days_seen} of 7 whole days were seen."
        low, _, high = (fmt.money_whole(one) for one in self.ends)
        range_ = f"8 in 10 futures end between {low} and {high}, drawn from {self.days_seen} days"
        if self.runs_out:
            return f"{range_}. Half of them have used it up by {fmt.day(self.runs_out)}."
        return f"{range_}; {fmt.percent(self.over)} exceed the limit."


@dataclass(frozen=True, slots=True)
class WouldDo:
    """A request that waits or is approved, and what of the budget it leaves least in. `left` below zero: no room."""

    request: ApprovalRequest
    cap: Decimal
    budget: Budget | None
    left: Decimal

    @property
    def fits(self) -> bool:
        return self.budget is not None and self.left >= 0


@dataclass(frozen=True, slots=True)
class _Open:
    request: ApprovalRequest
    micro: int
    place: tuple[int, int | None, int | None]
    backends: frozenset[str]

    def counts(self, budget: Budget) -> bool:
        team, project, experiment = self.place
        levels = ((budget.team_id, team), (budget.project_id, project), (budget.experiment_id, experiment))
        return all(one is None or one == own for one, own in levels) and (
            not budget.backend or budget.backend in self.backends
        )


def _opened(user: User) -> list[_Open]:
    rows = list(open_about_money(user))
    runs = [int(row.envelope["run"]) for row in rows]
    found = Run.objects.filter(pk__in=runs).values_list("pk", "experiment__project", "experiment")
    places = {pk: (project, experiment) for pk, project, experiment in found}
    return [
        _Open(
            row,
            int(Decimal(row.envelope["cost_usd_max"]) * 1_000_000),
            (row.team_id, *places.get(int(row.envelope["run"]), (None, None))),
            frozenset(one["backend"] for one in row.envelope["programs"]),
        )
        for row in rows
    ]


def outlooks(user: User, budgets: Sequence[Budget]) -> tuple[dict[int, Outlook], list[WouldDo]]:
    """By budget how it goes on, and for each open request what it would do to the tightest of its budgets."""
    asked, daily = _opened(user), daily_micro(budgets)
    promised = {one.pk: _sum(asked, one, RequestState.APPROVED) for one in budgets}
    found = {
        one.pk: _outlook(one, promised[one.pk], _sum(asked, one, RequestState.PENDING), daily[one.pk])
        for one in budgets
    }
    waiting = [one for one in asked if one.request.state == RequestState.PENDING]
    return found, [_would_do(one, budgets, promised) for one in waiting]


def _sum(asked: Iterable[_Open], budget: Budget, state: RequestState) -> int:
    return sum(one.micro for one in asked if one.request.state == state and one.counts(budget))


def _would_do(one: _Open, budgets: Sequence[Budget], promised: Mapping[int, int]) -> WouldDo:
    left = [
        (budget.free_micro - promised[budget.pk] - one.micro, budget.pk, budget)
        for budget in budgets
        if one.counts(budget)
    ]
    if not left:
        return WouldDo(one.request, from_micro(one.micro), None, Decimal(0))
    least, _, budget = min(left, key=lambda row: row[:2])
    return WouldDo(one.request, from_micro(one.micro), budget, from_micro(least))


def _outlook(budget: Budget, approved: int, waiting: int, daily: Sequence[int]) -> Outlook:
    days = (budget.ends_on - today()).days + 1
    room = budget.limit_micro - budget.posted_micro
    found = _forecast(tuple(daily), days, room)
    ends = None
    if found:
        spent = from_micro(budget.posted_micro)
        low, likely, high = (spent + Decimal(round(one, 2)) for one in (found.low, found.likely, found.high))
        ends = (low, likely, high)
    return Outlook(
        approved=from_micro(approved),
        waiting=from_micro(waiting),
        ends=ends,
        over=found.over if found else None,
        runs_out=today() + timedelta(days=found.runs_out - 1) if found and found.runs_out else None,
        days_seen=len(daily),
    )


@lru_cache(256)
def _forecast(daily: tuple[int, ...], days: int, room: int) -> Forecast | None:
    return forecast([one / 1e6 for one in daily], days, room=room / 1e6, seed=SEED)
