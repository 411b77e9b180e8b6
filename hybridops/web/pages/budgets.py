"""Budgets beside the costs: how much is left, and the two things finance does about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hybridops.domain.budget import from_micro, to_micro
from hybridops.domain.errors import BadInput, Conflict
from hybridops.quotas import services
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import managed_budget, manages_budgets
from hybridops.teams.access import actor
from hybridops.teams.models import User
from hybridops.web import figures, fmt
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
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


@page()
@require_POST
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    budget = managed_budget(user, pk)
    form = BudgetForm(request.POST, auto_id=f"b{pk}_%s")
    problem, status = "", 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            with whole():
                services.change_limit(
                    budget_id=pk,
                    limit_micro=to_micro(given["limit"]),
                    seen_micro=given["seen"],
                    actor=actor(user),
                    why=given["why"],
                )
        except Conflict as changed:
            problem, status = f"{changed} It is {fmt.money(from_micro(budget.limit_micro))} now.", 409
            form.data = {**request.POST.dict(), "seen": str(budget.limit_micro)}
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            messages.success(request, f"{budget.name} has a limit of {fmt.money(given['limit'])} now.")
            return cast(HttpResponse, redirect("cost"))
    return _again(request, {pk: form}, problem, status)


@page()
@require_POST
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    budget = managed_budget(user, pk)
    try:
        with whole():
            services.clear_overrun(budget_id=pk, why=request.POST.get("why", "")[:300], actor=actor(user))
    except BadInput as wrong:
        return _again(request, {}, str(wrong), 422)
    messages.success(request, f"{budget.name} takes new work again. The overrun stays in its ledger.")
    return cast(HttpResponse, redirect("cost"))


def _again(request: HttpRequest, forms: dict[int, BudgetForm], problem: str, status: int) -> HttpResponse:
    from hybridops.web.pages.cost import shown  # the page these forms stand on

    return shown(request, forms, problem, status)
