"""The week of finance and of the head of the lab: what it cost, why, what is left, what needs a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from hybridops.definitions import reading
from hybridops.domain import clock
from hybridops.domain.promotion import propose
from hybridops.domain.states import DocumentState
from hybridops.experiments import figures as costs
from hybridops.experiments.cells import Cell, cells
from hybridops.experiments.figures import Total
from hybridops.experiments.worth import worth_of
from hybridops.quotas import queries
from hybridops.quotas.periods import today
from hybridops.teams.models import User
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, sentence
from hybridops.web.answers import cost as words
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.budget_rows import budget_rows
from hybridops.web.pages.standing import undecided
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels.difference import difference, difference_figure
from hybridops.web.viewmodels.outlook import outlooks

NEEDS = "Cost pages need the Finance or the Auditor role."
WEEK = timedelta(days=7)


@page(refusal=NEEDS)
@require_GET
def week(request: HttpRequest) -> HttpResponse:
    user, now = reader(request), clock.now()
    rows, before = _weeks(user, now)
    budgets = list(queries.budgets_seen(user, on=today()))
    ahead, would_do = outlooks(user, budgets)
    total, parts = costs.total(rows), difference(before, rows)
    told: dict[str, Any] = {
        "answer": _answer(total, costs.total(before)),
        "total": total,
        "per_accepted": words.per_accepted(total),
        "before": costs.total(before),
        "per_accepted_before": words.per_accepted(costs.total(before)),
        "difference_figure": difference_figure(parts),
        "workflows": _workflows(user, rows),
        "undecided": undecided(user),
        "budgets": [row for row in budget_rows(user, budgets, {}, ahead) if _tight(row)],
        "no_room": [one for one in would_do if not one.fits],
        "waiting": len(would_do),
        "bills": queries.left_over(queries.open_lines(user)),
        "changes": len(queries.open_changes(user)),
        "since": now - WEEK,
        "now": now,
    }
    return render(request, "cost/week.html", told)


def _weeks(user: User, now: datetime) -> tuple[list[Cell], list[Cell]]:
    """The cells of these seven days and of the seven before."""
    found = cells(user, [now - 2 * WEEK, now - WEEK])
    rows, before = (costs.between(found, now - back * WEEK, now - (back - 1) * WEEK) for back in (1, 2))
    return rows, before


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The figures of the week beside those of the week before, its parts, and its workflows, as one CSV."""
    user = reader(request)
    rows, before = _weeks(user, clock.now())
    return csv_of("week", _csv(rows, before, _workflows(user, rows)))


def _csv(
    rows: Sequence[Cell], before: Sequence[Cell], workflows: Iterable[dict[str, Any]]
) -> Iterator[list[str]]:
    yield ["about", "name", "spend", "per_accepted", "accepted", "runs", "currency", "proposed"]
    yield ["week", "this", *_amounts(costs.total(rows)), ""]
    yield ["week", "before", *_amounts(costs.total(before)), ""]
    for part in difference(before, rows).parts:
        yield ["difference", part.name, fmt.csv_number(part.usd), "", "", "", "USD", ""]
    for one in workflows:
        yield ["workflow", one["name"], *_amounts(one["total"]), one["proposed"]]


def _amounts(total: Total) -> list[str]:
    amounts = map(fmt.csv_number, (total.usd, total.per_accepted))
    return [*amounts, str(total.accepted), str(total.runs), "USD"]


def _answer(now: Total, before: Total) -> SafeString:
    spent = bold(sentence(fmt.money(now.usd)))
    accepted = counted(now.accepted, "accepted solution")
    if now.accepted:
        each = fmt.money(now.per_accepted)
        return format_html(
            "{} bought {} in seven days, {} each; it was {} the week before.",
            spent, accepted, each, words.per_accepted(before),
        )  # fmt: skip
    return format_html("{} were spent in seven days, and no result was accepted.", spent)


def _tight(row: dict[str, Any]) -> bool:
    """Frozen, nearly used, or likely to run out before its end."""
    budget, ahead = row["budget"], row["ahead"]
    return bool(budget.frozen or budget.free_micro * 5 <= budget.limit_micro or (ahead and ahead.runs_out))


def _workflows(user: User, rows: Sequence[Cell]) -> list[dict[str, Any]]:
    """Each workflow of the week, the dearest first, with what the review of definitions proposes."""
    worth = worth_of(user)
    proposed = {
        row.name: propose(worth[row.digest]).verdict
        for row in reading.documents().filter(kind="workflow").exclude(state=DocumentState.RETIRED)
        if row.digest in worth
    }
    return [
        {
            "name": group.name,
            "total": group.total,
            "per_accepted": words.per_accepted(group.total),
            "proposed": proposed.get(group.key, ""),
        }
        for group in costs.grouped(rows, "workflow")
    ]
