"""What an accepted solution costs, where the money went, whether the budgets hold."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.domain import clock
from hybridops.domain.errors import BadInput
from hybridops.domain.money import from_micro
from hybridops.experiments import figures as costs
from hybridops.experiments.cells import listed
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_seen
from hybridops.web.answers import cost as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages import cost_tables as tables
from hybridops.web.pages.budget_rows import budget_rows
from hybridops.web.pages.spending import PERIODS, View, asked, values, view_of
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels import unit_costs as units
from hybridops.web.viewmodels.benchmark import Line
from hybridops.web.viewmodels.difference import difference, difference_figure
from hybridops.web.viewmodels.outlook import outlooks
from hybridops.web.viewmodels.unit_costs import Delay, Run, Step

NEEDS = "Cost pages need the Finance or the Auditor role."
RUNS_MAX = 100


@page(refusal=NEEDS)
@require_GET
def cost(request: HttpRequest) -> HttpResponse:
    view = _view(request)
    told: dict[str, Any] = {**values(view), **_figures(view)}
    rows = list(budgets_seen(view.user, on=today()))
    told["answer"] = answers.answer(told["total"], told["before"], PERIODS[view.asked.period], rows)
    told["promised"] = costs.promised_usd(view.user)
    told["budgets"] = budget_rows(view.user, rows, {}, outlooks(view.user, rows)[0])
    told["runs"], told["runs_count"] = runs_of(view, RUNS_MAX)
    told["now"] = clock.now()
    return render(request, "cost/cost.html", told)


def _view(request: HttpRequest) -> View:
    return view_of(asked(request.GET), reader(request))


def _figures(view: View) -> dict[str, Any]:
    question = view.question
    lines, delays = units.lines(question, tables.going(view)), units.delays(question)
    steps, retained = units.steps(question)
    named: tuple[Line | Step | Delay, ...] = (*lines, *steps, *delays)
    parts = difference(view.before, view.rows)
    return {
        "lines": lines,
        "opened": {one.key: one.name for one in named}.get(view.asked.figure, ""),
        "steps": steps,
        "steps_figure": units.steps_figure(steps),
        "retained": retained,
        "delays": delays,
        "quotes": units.quote_errors(question),
        "difference": parts,
        "difference_figure": difference_figure(parts),
    }


def runs_of(view: View, most: int | None) -> tuple[list[Run], int]:
    """The runs behind an opened figure, else those of a filtered view; the newest first, and how many there are."""
    if view.asked.figure:
        return units.behind(view.question, view.asked.figure, most)
    if not view.asked.only:
        return [], 0
    rows, count = listed(view.user, view.asked.since, view.asked.only, most)
    return [
        Run(row.run, row.title, row.state, row.names["backend"], row.made_at, from_micro(row.micro),
            from_micro(row.qpu_micro))
        for row in rows
    ], count  # fmt: skip


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """What the same address shows as CSV: groups, the runs of a filtered view or of a figure, or one `table`."""
    view, table = _view(request), request.GET.get("table", "")
    if table and table not in tables.TABLES:
        raise BadInput(f"The tables are {', '.join(tables.TABLES)}.", field="table")
    if table:
        return csv_of(f"cost-{table}", tables.TABLES[table](view))
    if view.asked.figure or view.asked.only:
        return csv_of("cost", tables.runs(runs_of(view, None)[0]))
    return csv_of("cost", tables.groups(view))
