"""The benchmark report of a workflow: ninety days on one sheet that prints, each figure with its runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.domain import clock
from hybridops.domain.errors import BadInput
from hybridops.domain.money import from_micro
from hybridops.experiments import findings
from hybridops.experiments.outcome import Outcome
from hybridops.web import fmt
from hybridops.web.answers import evidence as answers
from hybridops.web.errors import page
from hybridops.web.pages.evidence import NEEDS, View, reads, version_asked, view_of
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels import benchmark as figures
from hybridops.web.viewmodels.benchmark import Line
from hybridops.web.viewmodels.evidence_tables import plain

DAYS = 90
RUNS_MAX = 50


def _read(request: HttpRequest, name: str) -> tuple[View, QuerySet[Outcome], list[Line]]:
    user = reads(request)
    document, _ = version_asked(request, name)
    now = clock.now()
    rows = findings.period(user, name, now - timedelta(days=DAYS), now)
    return view_of(user, document), rows, figures.lines(rows)


@page(refusal=NEEDS)
@require_GET
def report(request: HttpRequest, name: str) -> HttpResponse:
    view, rows, lines = _read(request, name)
    chosen = request.GET.get("figure", "")
    if chosen and chosen not in figures.BEHIND:
        raise BadInput("There is no such figure in the report.", field="figure")
    runs, count = figures.behind(rows, chosen, RUNS_MAX) if chosen else ([], 0)
    told = {
        "view": view,
        "lines": lines,
        "opened": next((line for line in lines if line.key == chosen), None),
        "runs": [(row, from_micro(row.cost_micro)) for row in runs],
        "count": count,
        "now": clock.now(),
        "since": clock.now() - timedelta(days=DAYS),
        "days": DAYS,
        "answer": answers.report(view.title, _ended(lines), _cost(lines), DAYS),
        "verdict": answers.answer(view.rule, view.found, len(view.rows)),
    }
    return render(request, "evidence/report.html", told)


def _ended(lines: Sequence[Line]) -> int:
    return next(line.count for line in lines if line.key == "cost")


def _cost(lines: Sequence[Line]) -> str:
    line = next(line for line in lines if line.key == "cost")
    if line.found.value is None:
        return f"{line.shown}."
    return f"an accepted solution cost {line.shown} ({line.interval})."


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest, name: str) -> HttpResponse:
    """The report's figures as CSV, or with `figure` the runs behind one of them."""
    _, rows, lines = _read(request, name)
    chosen = request.GET.get("figure", "")
    if chosen in figures.BEHIND:
        return csv_of(f"{name}-{chosen}-runs", _runs_csv(rows, chosen))
    return csv_of(f"{name}-report", _lines_csv(lines))


def _lines_csv(lines: Iterable[Line]) -> Iterable[Sequence[str]]:
    yield "figure", "n", "of", "unit", "value", "low", "high", "definition"
    for line in lines:
        ends = (plain(number) for number in (line.found.value, line.found.low, line.found.high))
        yield line.name, str(line.count), line.of, line.unit, *ends, line.means


def _runs_csv(rows: QuerySet[Outcome], key: str) -> Iterable[Sequence[str]]:
    yield "run", "name", "outcome", "backend", "wait_seconds", "cost_usd"
    for row in figures.behind(rows, key, findings.SEEN_MAX)[0]:
        money = fmt.csv_number(from_micro(row.cost_micro))
        yield f"R-{row.run}", row.title, row.outcome, row.backend, plain(row.wait_seconds), money
