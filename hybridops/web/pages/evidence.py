"""Is quantum helping? For each signed workflow the verdict, what it rests on, and the way down to every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.definitions import lifecycle, reading
from hybridops.definitions.models import SignedDocument, WeeklyNote
from hybridops.definitions.queries import workflows
from hybridops.definitions.services import signed
from hybridops.domain import workflow
from hybridops.domain.errors import BadInput, Unsigned
from hybridops.domain.helping import HELPING, NOT_HELPING, TOO_EARLY, UNCLEAR, Rule
from hybridops.domain.states import DocumentState
from hybridops.domain.workflow import Definition
from hybridops.engine import wiring
from hybridops.evidence.verdict import Finding
from hybridops.experiments import findings
from hybridops.experiments.findings import PairRow
from hybridops.teams.access import check_may, may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web import fmt
from hybridops.web.answers import evidence as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels import evidence as seen
from hybridops.web.viewmodels import evidence_figures as drawn
from hybridops.web.viewmodels import evidence_tables as tables

NEEDS = "Evidence is for people with a role in a team."
WORDS = {
    HELPING: ("good", "check"),
    NOT_HELPING: ("bad", "x"),
    UNCLEAR: ("", "half"),
    TOO_EARLY: ("", "clock"),
    answers.NO_RULE: ("", "no"),
}
LISTED = 40
LOCAL = frozenset(wiring.SIMULATED)


@dataclass(frozen=True, slots=True)
class View:
    """One signed version of a workflow with its pairs, as this person may see them."""

    document: SignedDocument
    definition: Definition | None
    rows: tuple[PairRow, ...]
    found: Finding | None
    backend: str = ""

    @property
    def rule(self) -> Rule | None:
        return self.definition.helping if self.definition else None

    @property
    def word(self) -> str:
        return self.found.ruling.word if self.found else answers.NO_RULE

    @property
    def title(self) -> str:
        return self.definition.title if self.definition else self.document.name

    @property
    def look(self) -> tuple[str, str]:
        return WORDS[self.word]

    @property
    def is_clear(self) -> bool:
        """Whether the rule has said yes or no."""
        return self.word in (HELPING, NOT_HELPING)

    @property
    def simulated(self) -> bool:
        """Whether no pair ran on a machine."""
        return bool(self.rows) and all(row.provider in LOCAL for row in self.rows)


def view_of(user: User, document: SignedDocument, backend: str = "") -> View:
    """The evidence of one version; without a rule or a valid signature nothing is judged."""
    try:
        definition = workflow.parse(signed(document))
    except (BadInput, Unsigned):
        definition = None
    rule = definition.helping if definition else None
    found = findings.pairs(user, document.digest, backend)
    rows = tuple(replace(row, scale=rule.scale) if rule else row for row in found)
    return View(document, definition, rows, seen.finding(rule, rows) if rule else None, backend)


def reads(request: HttpRequest) -> User:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    return user


@page(refusal=NEEDS)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    views = _views(reads(request))
    last = reading.last_notes()
    told = answers.overview([(view.title, view.word) for view in views])
    return render(
        request,
        "evidence/list.html",
        {"views": [(view, last.get(view.document.pk)) for view in views], "answer": told},
    )


def _views(user: User) -> list[View]:
    return [view_of(user, row) for row, _, _ in workflows()]


@page(refusal=NEEDS)
@require_GET
def overview_export(request: HttpRequest) -> HttpResponse:
    """The verdict of every workflow as CSV."""
    return csv_of("evidence", tables.verdicts(_views(reads(request)), reading.last_notes()))


def version_asked(request: HttpRequest, name: str) -> tuple[SignedDocument, list[SignedDocument]]:
    """The version that the address asks for, else the newest, and all of them."""
    rows = list(SignedDocument.objects.filter(kind="workflow", name=name).order_by("-version"))
    asked = request.GET.get("version", "")
    found = next((row for row in rows if not asked or str(row.version) == asked), None)
    if found is None:
        raise Http404
    return found, rows


def _asked(request: HttpRequest, name: str) -> tuple[User, View, list[SignedDocument]]:
    user = reads(request)
    document, versions = version_asked(request, name)
    return user, view_of(user, document, request.GET.get("backend", "")[:60]), versions


@page(refusal=NEEDS)
@require_GET
def evidence(request: HttpRequest, name: str) -> HttpResponse:
    user, view, versions = _asked(request, name)
    digest = view.document.digest
    told: dict[str, Any] = {
        "view": view,
        "versions": versions,
        "backends": findings.backends(user, digest),
        "answer": answers.answer(view.rule, view.found, len(view.rows)),
        "excluded": [(int(one.instance[2:]), one.why) for one in view.found.excluded[:LISTED]]
        if view.found
        else [],
        "left": findings.left_counts(user, digest),
        "left_rows": findings.left_rows(user, digest, LISTED),
        "tables": tables.TABLES,
        "pairs": drawn.pairs_figure(view.rule, view.found, view.rows),
        "recommended": view.document.pk in reading.recommended(),
        "notes": [Noted(row, *_then(row.numbers)) for row in reading.notes_of(name)[:LISTED]],
        "decides": may(user, Permission.REVIEW_DEFINITIONS) and view.document.state != DocumentState.RETIRED,
        "verdicts": lifecycle.VERDICTS,
        "newest": list(reversed(view.rows))[:20],
        **_facts(view),
        **_below(user, view),
    }
    return render(request, "evidence/page.html", told)


@dataclass(frozen=True, slots=True)
class Noted:
    """A decision with the figures of its moment: the verdict, its pairs, the difference to the best classical answer.
    Those before figures were kept have none.
    """

    row: WeeklyNote
    word: str
    pairs: int | None
    against: str


def _then(numbers: Mapping[str, Any]) -> tuple[str, int | None, str]:
    estimate = numbers.get("against", {}).get("baseline", {}).get("estimate", "")
    against = fmt.difference(-float(estimate), 2) if estimate else ""
    return numbers.get("verdict", ""), numbers.get("pairs"), against


def _facts(view: View) -> dict[str, Any]:
    if view.found is None or view.rule is None:
        return {}
    against = {name: _against(view.found, name) for name in ("baseline", "random")}
    return {"against": against, "controls": drawn.controls(view.rule, view.rows)}


def _against(found: Finding, name: str) -> dict[str, str]:
    """A difference as the facts strip has it: below zero is better, as everywhere on the page."""
    one = found.against[name]
    if one.estimate is None:
        return {"value": fmt.NOT_APPLICABLE, "ends": "no pair yet"}
    ends = (fmt.difference(-end, 2) for end in (one.high, one.low))
    return {"value": fmt.difference(-one.estimate, 2), "ends": " to ".join(ends)}


def _below(user: User, view: View) -> dict[str, Any]:
    repeats = tuple(findings.repeats(user, view.document.digest))
    windows, times = seen.windows(repeats), seen.times(repeats)
    spread, groups, runs = seen.spread(repeats)
    return {
        "rates": drawn.shares(seen.rates(view.rows)),
        "earned": drawn.shares(seen.earned(view.rows)),
        "stability": drawn.stability(windows),
        "windows": windows,
        "times": times,
        "spread": spread,
        "spread_groups": groups,
        "spread_runs": runs,
        "known": seen.known_gap(view.rows),
        "cost": seen.cost(findings.instances(user, view.document.digest)),
    }


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest, name: str, table: str) -> HttpResponse:
    """One table of the page as CSV."""
    user, view, _ = _asked(request, name)
    rows = _table(user, view, table)
    return csv_of(f"{name}-{table}", rows)


def _table(user: User, view: View, table: str) -> tables.Rows:
    digest = view.document.digest
    repeats = tuple(findings.repeats(user, digest)) if table in ("calibrations", "times") else ()
    beside = seen.beside(view.rule, view.rows).values() if view.rule and table == "controls" else ()
    made: dict[str, tables.Make] = {
        "pairs": lambda: tables.pairs(view.rows),
        "left-out": lambda: tables.left(findings.left_rows(user, digest, findings.SEEN_MAX)),
        "controls": lambda: tables.measured("arm", "share_above_best_classical", beside),
        "rates": lambda: tables.rates(seen.rates(view.rows)),
        "earned": lambda: tables.rates(seen.earned(view.rows)),
        "calibrations": lambda: tables.measured(
            "calibration", "share_above_best_classical", seen.windows(repeats)
        ),
        "times": lambda: tables.measured("data", "seconds_to_99_percent", seen.times(repeats)),
    }
    if table not in made:
        raise Http404
    return made[table]()
