"""Budgets as they stand, level under level, each with the form that finance may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django import forms

from hybridops.domain.money import from_micro
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import manages_all, manages_budgets
from hybridops.teams.models import User
from hybridops.web import figures, fmt
from hybridops.web.pages.fields import Count, Dollars
from hybridops.web.viewmodels.outlook import Outlook


class BudgetForm(forms.Form):
    """New limits, with the one in money that the person was looking at. An empty one of the others is none."""

    limit = Dollars(min_value=0, max_digits=14, decimal_places=2, label="New limit in USD")
    shots = Count(min_value=0, max_value=10**15, required=False, label="Shots at most")
    qpu_seconds = Dollars(
        min_value=0, max_digits=12, decimal_places=3, required=False, label="QPU seconds at most"
    )
    why = forms.CharField(max_length=300, label="Why", strip=True)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def budget_rows(
    user: User,
    rows: Sequence[Budget],
    refused: dict[int, BudgetForm],
    ahead: Mapping[int, Outlook] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    teams, everything = manages_budgets(user), manages_all(user)
    return [
        _row(
            budget,
            budget.team_id in teams or (everything and budget.team_id is None),
            refused.get(budget.pk),
            ahead.get(budget.pk),
        )
        for budget in in_order(rows)
    ]


def in_order(rows: Iterable[Budget]) -> list[Budget]:
    """The organisation first, then each team with its projects and their experiments; those of a backend last."""
    return sorted(rows, key=_place)


def _place(budget: Budget) -> tuple[str, str, int, str, str]:
    names = (str(budget.team or ""), str(budget.project or ""))
    return *names, budget.experiment_id or 0, budget.backend, budget.name


def depth(budget: Budget) -> int:
    """0 for the organisation, 1 a team, 2 a project, 3 an experiment."""
    return sum(one is not None for one in (budget.team_id, budget.project_id, budget.experiment_id))


def level(budget: Budget) -> str:
    """What it limits, in words."""
    names = [budget.team, budget.project, budget.experiment_id and f"experiment {budget.experiment_id}"]
    where = ", ".join(str(name) for name in names if name) or "The organisation"
    return f"{where}, {budget.backend}" if budget.backend else where


def _row(budget: Budget, manages: bool, refused: BudgetForm | None, ahead: Outlook | None) -> dict[str, Any]:
    spent, promised, limit = (
        from_micro(micro) for micro in (budget.posted_micro, budget.pending_micro, budget.limit_micro)
    )
    return {
        "budget": budget,
        "level": level(budget),
        "depth": depth(budget),
        "bullet": figures.budget_bullet(
            figures.Budget(spent, promised, limit, forecast=ahead.ends if ahead else None)
        ),
        "spent": spent,
        "promised": promised,
        "limit": limit,
        "free": from_micro(budget.free_micro),
        "overrun": from_micro(budget.overrun_micro),
        "quantities": list(_quantities(budget)),
        "manages": manages,
        "form": (refused or _fresh(budget)) if manages else None,
        "open": refused is not None,
        "ahead": ahead,
    }


def _fresh(budget: Budget) -> BudgetForm:
    seconds = None if budget.limit_qpu_ms is None else fmt.csv_number(from_ms(budget.limit_qpu_ms))
    now = {"seen": budget.limit_micro, "shots": budget.limit_shots, "qpu_seconds": seconds}
    return BudgetForm(initial=now, auto_id=f"b{budget.pk}_%s")


def from_ms(milliseconds: int) -> Any:
    """Milliseconds as seconds, exactly."""
    return from_micro(milliseconds * 1000)


def _quantities(budget: Budget) -> Iterable[str]:
    if budget.limit_shots is not None:
        yield f"{fmt.number(budget.free_of('shots'))} of {fmt.number(budget.limit_shots)} shots free"
    if budget.limit_qpu_ms is not None:
        free, limit = (from_ms(ms) for ms in (budget.free_of("qpu_ms"), budget.limit_qpu_ms))
        yield f"{fmt.duration(free)} of {fmt.duration(limit)} of QPU time free"
