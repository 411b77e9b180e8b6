"""Budgets as they stand beside the costs, each with the form that finance may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from hybridops.domain.money import from_micro
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import manages_budgets
from hybridops.teams.models import User
from hybridops.web import figures
from hybridops.web.pages.fields import Dollars


class BudgetForm(forms.Form):
    """A new limit, with the one the person was looking at."""

    limit = Dollars(min_value=0, max_digits=14, decimal_places=2, label="New limit in USD")
    why = forms.CharField(max_length=300, label="Why", strip=True)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def budget_rows(user: User, rows: Sequence[Budget], refused: dict[int, BudgetForm]) -> list[dict[str, Any]]:
    teams = manages_budgets(user)
    return [_row(budget, budget.team_id in teams, refused.get(budget.pk)) for budget in rows]


def _row(budget: Budget, manages: bool, refused: BudgetForm | None) -> dict[str, Any]:
    spent, promised, limit = (
        from_micro(micro) for micro in (budget.posted_micro, budget.pending_micro, budget.limit_micro)
    )
    fresh = BudgetForm(initial={"seen": budget.limit_micro}, auto_id=f"b{budget.pk}_%s")
    return {
        "budget": budget,
        "bullet": figures.budget_bullet(figures.Budget(spent, promised, limit)),
        "spent": spent,
        "limit": limit,
        "free": from_micro(budget.free_micro),
        "overrun": from_micro(budget.overrun_micro),
        "manages": manages,
        "form": (refused or fresh) if manages else None,
        "open": refused is not None,
    }
