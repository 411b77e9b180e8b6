"""The explorer: money by any two of team, project, backend, workflow, outcome and stage, down to each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from hybridops.domain.errors import BadInput
from hybridops.domain.money import from_micro
from hybridops.experiments.cells import Cell, cells, listed
from hybridops.experiments.figures import narrowed
from hybridops.web import figures, fmt
from hybridops.web.answers import bold
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.spending import PERIODS, SHORT
from hybridops.web.pages.spending import Asked as Stretch
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels import pivot as tables
from hybridops.web.viewmodels.pivot import DIMENSIONS, MEASURES, STAGE, Pivot

NEEDS = "Cost pages need the Finance or the Auditor role."
RUNS_MAX, BARS_MAX = 100, 12
COUNTS = ("runs", "accepted")


@dataclass(frozen=True, slots=True)
class Asked:
    """`rows` by `columns`, empty for none; `only` filters."""

    rows: str
    columns: str
    measure: str
    period: str
    only: Mapping[str, str] = field(default_factory=dict)

    @property
    def since(self) -> datetime:
        return Stretch(period=self.period).since

    @property
    def staged(self) -> bool:
        return STAGE in (self.rows, self.columns, *self.only)

    def link(self, **changes: str) -> str:
        told = {"rows": self.rows, "columns": self.columns, "measure": self.measure, "period": self.period}
        return "?" + urlencode(
            {key: value for key, value in {**told, **self.only, **changes}.items() if value}
        )


def asked(query: QueryDict) -> Asked:
    """Raises BadInput for what is no dimension, measure or period, and for counts of runs by stage."""
    rows, columns = query.get("rows", "team"), query.get("columns", "")
    measure, period = query.get("measure", "spend"), query.get("period", "30")
    if rows not in DIMENSIONS or columns not in ("", *DIMENSIONS):
        raise BadInput(f"Rows and columns are {', '.join(DIMENSIONS)}.", field="rows")
    if measure not in MEASURES or period not in PERIODS:
        raise BadInput("Choose a measure and a period of the page.", field="measure")
    only = {name: key for name in DIMENSIONS if (key := query.get(name, ""))}
    found = Asked(rows, "" if columns == rows else columns, measure, period, only)
    if found.staged and measure in COUNTS:
        raise BadInput("Runs pass all stages, so only their money is told by stage.", field="measure")
    return found


def _cells(request: HttpRequest, question: Asked) -> list[Cell]:
    found = cells(reader(request), [question.since])
    return narrowed(tables.by_stage(found) if question.staged else found, question.only)


@page(refusal=NEEDS)
@require_GET
def explore(request: HttpRequest) -> HttpResponse:
    question = asked(request.GET)
    rows = _cells(request, question)
    found = tables.pivot(rows, question.rows, question.columns, question.measure)
    told: dict[str, Any] = {
        "asked": question,
        "pivot": found,
        "table": [_row(question, row) for row in found.rows],
        "margin": [tables.shown(value, question.measure) for value in found.margin],
        "all": tables.shown(found.all, question.measure),
        "answer": _answer(question, found, rows),
        "bars": _bars(question, found),
        "measure": MEASURES[question.measure][0],
        "filters": [(name, _name(rows, name, key), question.link(**{name: ""})) for name, key in question.only.items()],
        "csv": question.link(),
        **_choices(question),
        **_runs(request, question),
    }  # fmt: skip
    return render(request, "cost/explore.html", told)


def _choices(question: Asked) -> dict[str, Any]:
    """Every view has an address, so every choice is a link."""
    measures = [key for key in MEASURES if not (question.staged and key in COUNTS)]
    names = [(name, name) for name in DIMENSIONS]
    periods = [(key, SHORT[key]) for key in PERIODS]
    kinds = (
        ("rows", "Rows", names),
        ("columns", "Columns", [("", "none"), *[one for one in names if one[0] != question.rows]]),
        ("measure", "Measure", [(key, MEASURES[key][0]) for key in measures]),
        ("period", "Period", periods),
    )
    chosen = {kind: getattr(question, kind) for kind, _, _ in kinds}
    return {
        "choices": [
            (title, [(name, question.link(**{kind: key}), key == chosen[kind]) for key, name in entries])
            for kind, title, entries in kinds
        ]
    }


def _row(question: Asked, row: tables.Row) -> dict[str, Any]:
    free = [name for name in DIMENSIONS[:-1] if name not in {*question.only, question.rows, question.columns}]
    following = free[0] if free else question.rows
    here = {question.rows: row.key}
    return {
        "name": row.name,
        "link": question.link(**{"rows": following, **here}),
        "cells": [
            (tables.shown(value, question.measure), question.link(**{"rows": following, **here, question.columns: key}))
            for key, value in row.values
        ],
        "all": tables.shown(row.all, question.measure),
    }  # fmt: skip


def _name(rows: list[Cell], name: str, key: str) -> str:
    return rows[0].names[name] if rows else key


def _answer(question: Asked, found: Pivot, rows: list[Cell]) -> SafeString:
    spent = from_micro(sum(cell.micro for cell in rows))
    if not found.rows:
        return format_html("Nothing was submitted {} that fits.", PERIODS[question.period])
    first = found.rows[0]
    return format_html(
        "{} were spent {}; most of it by {} {}.",
        bold(fmt.money(spent)), PERIODS[question.period], question.rows, bold(first.name),
    )  # fmt: skip


def _bars(question: Asked, found: Pivot) -> figures.Figure:
    rows = tuple(
        figures.Part(row.name, row.all or Decimal(0), tables.shown(row.all, question.measure))
        for row in found.rows[:BARS_MAX]
    )
    more = len(found.rows) - len(rows)
    rest = f" The first {BARS_MAX}; {more} more are in the table." if more else ""
    sentence = f"{MEASURES[question.measure][0]} by {question.rows}, {PERIODS[question.period]}.{rest}"
    table = [(row.name, tables.shown(row.all, question.measure)) for row in found.rows]
    return figures.parts(rows, sentence, (question.rows.capitalize(), MEASURES[question.measure][0]), table)


def _runs(request: HttpRequest, question: Asked) -> dict[str, Any]:
    """The runs behind a filtered view, with both parts of their money."""
    only = {name: key for name, key in question.only.items() if name != STAGE}
    if not only:
        return {"runs": [], "runs_count": 0}
    rows, count = listed(reader(request), question.since, only, RUNS_MAX)
    told = [(row, from_micro(row.micro), from_micro(row.qpu_micro)) for row in rows]
    return {"runs": told, "runs_count": count}


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The table of the same address, its numbers exact."""
    question = asked(request.GET)
    found = tables.pivot(_cells(request, question), question.rows, question.columns, question.measure)
    return csv_of("explorer", _csv(question, found))


def _csv(question: Asked, found: Pivot) -> Iterator[list[str]]:
    yield [question.rows, *(name for _, name in found.columns), "all"]
    for row in found.rows:
        yield [row.name, *(tables.plain(value) for _, value in row.values), tables.plain(row.all)]
