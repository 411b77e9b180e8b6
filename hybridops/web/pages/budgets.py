"""Budgets, level under level, and what finance does about them; above a sum two people do it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import strip_tags
from django.views.decorators.http import require_GET, require_POST

from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.ledger import Unit
from hybridops.domain.money import from_micro, to_micro
from hybridops.experiments import invoices
from hybridops.experiments.queries import run_for
from hybridops.quotas import limits, queries
from hybridops.quotas.models import Budget, Change
from hybridops.quotas.periods import today
from hybridops.teams.access import actor, check_may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web import figures, fmt
from hybridops.web.answers import money as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages import budget_tables as tables
from hybridops.web.pages.budget_forms import CloseForm, OpenForm
from hybridops.web.pages.budget_rows import BudgetForm, budget_rows, in_order, level
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels.burndown import burndown_of
from hybridops.web.viewmodels.outlook import Outlook, outlooks

NEEDS = "Budgets need the Finance or the Auditor role."


@page(refusal=NEEDS)
@require_GET
def budgets(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The budgets as CSV, or the days of the one that is looked at."""
    user = reader(request)
    check_may(user, Permission.SEE_COSTS)
    rows = in_order(queries.budgets_seen(user, on=today()))
    ahead, _ = outlooks(user, rows)
    if row := _looked_at(request, rows):
        return csv_of("budget", tables.days(row.name, burndown_of(row, ahead[row.pk])))
    return csv_of("budgets", tables.tree(rows, ahead))


def _looked_at(request: HttpRequest, rows: list[Budget]) -> Budget | None:
    """The budget of the address; raises BadInput whether it is absent, over, or another's to see."""
    asked = request.GET.get("budget", "")
    if not asked:
        return None
    found = next((row for row in rows if str(row.pk) == asked), None)
    if found is None:
        raise BadInput("There is no such budget that is open today.")
    return found


@page(second_factor=True)
@require_POST
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    budget = queries.managed_budget(user, pk)
    form = BudgetForm(request.POST, auto_id=f"b{pk}_%s")
    problem, status = "", 422
    if form.is_valid():
        try:
            with whole():
                made = _set(user, budget, form)
        except Conflict as changed:
            problem, status = f"{changed} It is {fmt.money(from_micro(budget.limit_micro))} now.", 409
            form.data = {**request.POST.dict(), "seen": str(budget.limit_micro)}
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            messages.success(request, _told(budget.name, form.cleaned_data["limit"], made is not None))
            return cast(HttpResponse, redirect("budgets"))
    return _shown(request, {pk: form}, problem=problem, status=status)


def _set(user: User, budget: Budget, form: BudgetForm) -> Change | None:
    """Shots and QPU time at once, where the form had them; money at once or as a proposal."""
    given = form.cleaned_data
    seconds = given["qpu_seconds"]
    asked = {"shots": given["shots"], "qpu_ms": None if seconds is None else int(seconds * 1000)}
    for unit, field in ((Unit.SHOTS, "shots"), (Unit.QPU_MS, "qpu_seconds")):
        if field in form.data and asked[unit] != getattr(budget, f"limit_{unit}"):
            limits.change_quantity(
                budget_id=budget.pk, unit=unit, limit=asked[unit], actor=actor(user), why=given["why"]
            )
    return limits.propose_limit(
        user=user,
        budget_id=budget.pk,
        limit_micro=to_micro(given["limit"]),
        seen_micro=given["seen"],
        why=given["why"],
    )


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
    budget = queries.managed_budget(user, pk)
    try:
        with whole():
            limits.clear_overrun(budget_id=pk, why=request.POST.get("why", "")[:300], actor=actor(user))
    except BadInput as wrong:
        return _shown(request, problem=str(wrong), status=422)
    messages.success(request, f"{budget.name} takes new work again. The overrun stays in its ledger.")
    return cast(HttpResponse, redirect("budgets"))


@page(refusal=NEEDS, second_factor=True)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Opens a budget for the organisation, a team, a project, or the experiment of a run."""
    user = reader(request)
    check_may(user, Permission.MANAGE_BUDGETS)
    form = OpenForm(user, request.POST)

    def act() -> str:
        asked = form.asked()
        if number := form.cleaned_data["run"]:
            experiment = run_for(user, number).experiment
            asked |= {"project_id": experiment.project_id, "experiment_id": experiment.pk}
            asked["team_id"] = experiment.project.team_id
        made, change = limits.open_as(user=user, **asked)
        if change is not None:
            return f"{made.name} is open with nothing in it; its limit waits for a second person."
        return f"{made.name} is open."

    return _done(request, form, act, open_form=form)


@page(refusal=NEEDS, second_factor=True)
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Closes the periods of a team, or of the organisation, that are over."""
    user = reader(request)
    check_may(user, Permission.MANAGE_BUDGETS)
    form = CloseForm(user, request.POST, prefix="close")

    def act() -> str:
        given = form.cleaned_data
        closed = limits.close_as(user=user, team_id=given["whose"], last=given["last"])
        return f"{len(closed)} closed. What comes later is corrected in the open period."

    return _done(request, form, act, close_form=form)


def _done(request: HttpRequest, form: Any, act: Callable[[], str], **forms: Any) -> HttpResponse:
    status = 422
    if form.is_valid():
        try:
            with whole():
                said = act()
        except (BadInput, Conflict) as wrong:
            field = getattr(wrong, "field", None)
            form.add_error(field if field in form.fields else None, str(wrong))
            status = 409 if isinstance(wrong, Conflict) else 422
        else:
            messages.success(request, said)
            return cast(HttpResponse, redirect("budgets"))
    return _shown(request, status=status, **forms)


@page(second_factor=True)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirms a proposed limit or difference, or declines it; anything but a clear yes is no yes."""
    user, verdict = reader(request), request.POST.get("verdict", "")
    if verdict not in ("confirm", "decline"):
        raise BadInput("Confirm it or decline it.")
    with whole():
        change = queries.open_change_of(user, pk)
        act = limits.decide_limit if change.budget_id else invoices.decide_difference
        act(user=user, change_id=pk, confirm=verdict == "confirm")
    messages.success(request, "Confirmed. It counts from now on." if verdict == "confirm" else "Declined.")
    if change.line is not None:
        return cast(HttpResponse, redirect("invoice", change.line.invoice_id))
    return cast(HttpResponse, redirect("budgets"))


def _shown(
    request: HttpRequest,
    forms: dict[int, BudgetForm] | None = None,
    *,
    problem: str = "",
    status: int = 200,
    open_form: OpenForm | None = None,
    close_form: CloseForm | None = None,
) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_COSTS)
    rows = in_order(queries.budgets_seen(user, on=today()))
    waiting = queries.open_changes(user)
    ahead, would_do = outlooks(user, rows)
    manages = bool(queries.manages_budgets(user))
    told = {
        "answer": answers.budgets(rows, len(waiting)),
        **_course(_looked_at(request, rows), ahead),
        "rows": budget_rows(user, rows, forms or {}, ahead),
        "would_do": would_do,
        "changes": [change_row(one, user) for one in waiting],
        "manages": manages,
        "open_form": (open_form or OpenForm(user)) if manages else None,
        "close_form": (close_form or CloseForm(user, prefix="close")) if manages else None,
        "over": [(row, level(row)) for row in queries.closable(user, on=today())],
        "problem": problem,
        "now": clock.now(),
    }
    return render(request, "cost/budgets.html", told, status=status)


def _course(row: Budget | None, ahead: dict[int, Outlook]) -> dict[str, Any]:
    """Of the budget that is looked at, its own answer and its burn-down."""
    if row is None:
        return {}
    answer = answers.budget(row, ahead[row.pk])
    drawn = figures.burndown(burndown_of(row, ahead[row.pk]), strip_tags(answer))
    return {"answer": answer, "looked_at": row, "burndown": drawn, "ahead": ahead[row.pk]}


def change_row(change: Change, user: User) -> dict[str, Any]:
    """A proposal with what it does, and whether this person may confirm it."""
    about = change.budget.name if change.budget else f"Bill of {change.line.job}" if change.line else ""
    return {
        "change": change,
        "about": about,
        "before": from_micro(change.from_micro),
        "after": from_micro(change.to_micro),
        "own": change.by_id == user.pk,
    }
