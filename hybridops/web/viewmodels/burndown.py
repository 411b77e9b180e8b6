"""The budget that is looked at: how its money went, and by the one forecast how it goes on."""

from __future__ import annotations

from hybridops.domain.money import from_micro
from hybridops.quotas.models import Budget
from hybridops.quotas.standings import Standing, standings
from hybridops.web import figures
from hybridops.web.viewmodels.outlook import Outlook


def burndown_of(budget: Budget, ahead: Outlook) -> figures.Burndown:
    limit = from_micro(budget.limit_micro)
    ends = None
    if ahead.ends:
        low, likely, high = (limit - spent for spent in reversed(ahead.ends))
        ends = (low, likely, high)
    return figures.Burndown(
        budget.starts_on,
        budget.ends_on,
        tuple(map(_left, standings(budget))),
        ends,
        ahead.runs_out,
    )


def _left(one: Standing) -> figures.Left:
    return figures.Left(one.day, *map(from_micro, (one.limit, one.spent, one.promised)))
