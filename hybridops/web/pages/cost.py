"""What an accepted solution costs, where the money went, whether the budgets hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.domain import clock
from hybridops.domain.money import from_micro
from hybridops.experiments import figures as costs
from hybridops.experiments.figures import Total
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_seen
from hybridops.web import fmt
from hybridops.web.answers import cost as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.budget_rows import budget_rows
from hybridops.web.pages.spending import PERIODS, Asked, View, asked, earliest, values, view_of
from hybridops.web.spreadsheets import csv_of

NEEDS = "Cost pages need the Finance or the Auditor role."
RUNS_MAX = 200


@page(refusal=NEEDS)
@require_GET
def cost(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    view = _view(request)
    told: dict[str, Any] = values(view)
    rows = list(budgets_seen(user, on=today()))
    told["answer"] = answers.answer(told["total"], told["before"], PERIODS[view.asked.period], rows)
    told["promised"] = costs.promised_usd(user)
    told["budgets"] = budget_rows(user, rows, {})
    told["runs"], told["runs_count"] = [_run(row) for row in told["runs"][:RUNS_MAX]], len(told["runs"])
    told["now"] = clock.now()
    return render(request, "cost/cost.html", told)


def _view(request: HttpRequest) -> View:
    question: Asked = asked(request.GET)
    return view_of(question, costs.spends(reader(request), earliest(question)))


def _run(row: costs.Spend) -> dict[str, Any]:
    return {"row": row, "usd": from_micro(row.micro), "qpu_usd": from_micro(row.qpu_micro)}


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The table of the same address as CSV: groups, or the runs where the view is filtered."""
    view = _view(request)
    return csv_of("cost", _runs_csv(view) if view.asked.only else _groups_csv(view))


def _groups_csv(view: View) -> Iterator[list[str]]:
    yield [view.asked.by, "runs", "accepted", "spend", "of_it_qpu", "per_accepted", "currency"]
    for group in costs.grouped(view.rows, view.asked.by):
        yield [group.name, *_totals_csv(group.total), "USD"]


def _totals_csv(total: Total) -> list[str]:
    amounts = map(fmt.csv_number, (total.usd, total.qpu_usd, total.per_accepted))
    return [str(total.runs), str(total.accepted), *amounts]


def _runs_csv(view: View) -> Iterator[list[str]]:
    yield ["run", "name", *costs.GROUPS, "state", "submitted_at", "spend", "of_it_qpu", "currency"]
    for row in view.rows:
        names = [row.names[group] for group in costs.GROUPS]
        amounts = map(fmt.csv_number, (from_micro(row.micro), from_micro(row.qpu_micro)))
        yield [f"R-{row.run}", row.title, *names, row.state, fmt.utc(row.made_at), *amounts, "USD"]
