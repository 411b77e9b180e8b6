"""The two things finance does about a budget: a new limit, and clearing an overrun."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.money import from_micro, to_micro
from hybridops.quotas import limits
from hybridops.quotas.queries import managed_budget
from hybridops.teams.access import actor
from hybridops.web import fmt
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.budget_rows import BudgetForm
from hybridops.web.pages.cost import shown


@page(second_factor=True)
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
                made = limits.propose_limit(
                    user=user,
                    budget_id=pk,
                    limit_micro=to_micro(given["limit"]),
                    seen_micro=given["seen"],
                    why=given["why"],
                )
        except Conflict as changed:
            problem, status = f"{changed} It is {fmt.money(from_micro(budget.limit_micro))} now.", 409
            form.data = {**request.POST.dict(), "seen": str(budget.limit_micro)}
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            messages.success(request, _told(budget.name, given["limit"], made is not None))
            return cast(HttpResponse, redirect("cost"))
    return _again(request, {pk: form}, problem, status)


def _told(name: str, limit: Decimal, proposed: bool) -> str:
    if proposed:
        return (
            f"Proposed {fmt.money(limit)} for {name}. It counts once another person of finance confirms it."
        )
    return f"{name} has a limit of {fmt.money(limit)} now."


@page(second_factor=True)
@require_POST
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    budget = managed_budget(user, pk)
    try:
        with whole():
            limits.clear_overrun(budget_id=pk, why=request.POST.get("why", "")[:300], actor=actor(user))
    except BadInput as wrong:
        return _again(request, {}, str(wrong), 422)
    messages.success(request, f"{budget.name} takes new work again. The overrun stays in its ledger.")
    return cast(HttpResponse, redirect("cost"))


def _again(request: HttpRequest, forms: dict[int, BudgetForm], problem: str, status: int) -> HttpResponse:
    return shown(request, forms, problem, status)
