"""Every movement of money, shots and QPU time, and whether the books agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.domain.ledger import ACCOUNTS, Kind, Unit
from hybridops.domain.money import from_micro
from hybridops.quotas import queries
from hybridops.quotas.books import looked
from hybridops.quotas.models import LedgerEntry
from hybridops.quotas.periods import today
from hybridops.teams.access import check_may
from hybridops.teams.permissions import Permission
from hybridops.web import fmt
from hybridops.web.answers import money as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.budget_rows import from_ms
from hybridops.web.spreadsheets import csv_of

NEEDS = "The ledger needs the Finance or the Auditor role."
ROWS, EXPORT_MAX = 50, 50_000
CENT = 10_000
_BOX = {"class": "box"}
_WORDS = {
    Kind.ALLOCATE: "Limit set",
    Kind.RESERVE: "Promised",
    Kind.SETTLE: "Spent",
    Kind.RELEASE: "Given back",
    Kind.EXPIRE: "Taken back",
    Kind.OVERRUN: "Overrun",
    Kind.ADJUST: "Corrected",
}


class LedgerForm(forms.Form):
    """What is shown; a value that makes no sense is said, never ignored."""

    budget = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    run = forms.RegexField(
        r"^(?:R-)?\d{1,18}$",
        required=False,
        label="Run",
        widget=forms.TextInput({**_BOX, "size": 8, "placeholder": "R-12"}),
        error_messages={"invalid": "Write a run like R-12."},
    )
    kind = forms.ChoiceField(
        required=False, label="Movement", widget=forms.Select(_BOX), choices=[("", "Any"), *_WORDS.items()]
    )
    unit = forms.ChoiceField(
        required=False,
        label="Unit",
        widget=forms.Select(_BOX),
        choices=[("", "Any"), (Unit.MICRO, "USD"), (Unit.SHOTS, "Shots"), (Unit.QPU_MS, "QPU time")],
    )
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def narrowed(self, rows: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        """The rows that a valid form asks for."""
        given = self.cleaned_data
        if given["budget"]:
            rows = rows.filter(budget_id=given["budget"])
        if given["run"]:
            rows = rows.filter(reservation__run_id=int(given["run"].removeprefix("R-")))
        if given["kind"]:
            rows = rows.filter(kind=given["kind"])
        return rows.filter(unit=given["unit"]) if given["unit"] else rows


@page(refusal=NEEDS)
@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_COSTS)
    form = LedgerForm(request.GET)
    last, mine = looked(), set(queries.budgets_seen(user, on=today()).values_list("pk", flat=True))
    found = [one for one in last.differences if one.budget in mine]
    told: dict[str, Any] = {"form": form, "answer": answers.books(found, last.at), "differences": found}
    if form.is_valid():
        told |= _page(request, form)
    return render(request, "cost/ledger.html", told, status=200 if form.is_valid() else 422)


def _page(request: HttpRequest, form: LedgerForm) -> dict[str, Any]:
    rows = form.narrowed(queries.entries_seen(reader(request)))
    before = form.cleaned_data["before"]
    shown = list((rows.filter(pk__lt=before) if before else rows)[: ROWS + 1])
    query = request.GET.copy()
    query.pop("before", None)
    return {
        "rows": [_row(entry) for entry in shown[:ROWS]],
        "older": shown[ROWS - 1].pk if len(shown) > ROWS else None,
        "newest": before is not None,
        "query": query.urlencode(),
        "filtered": any(value for name, value in form.cleaned_data.items() if name != "before"),
    }


def _row(entry: LedgerEntry) -> dict[str, Any]:
    held = entry.reservation
    return {
        "entry": entry,
        "did": _WORDS[Kind(entry.kind)],
        "amount": _amount(entry.amount, entry.unit),
        "run": held.run_id if held else None,
        "what": held.what if held else "",
        "moved": [
            (name.capitalize(), _signed(getattr(entry, name), entry.unit))
            for name in ACCOUNTS
            if getattr(entry, name)
        ],
    }


def _amount(amount: int, unit: str) -> str:
    if unit == Unit.MICRO:  # to the last digit: in a ledger nothing is "under a cent"
        return fmt.money(from_micro(amount), places=6 if amount % CENT else 2)
    return f"{fmt.number(amount)} shots" if unit == Unit.SHOTS else fmt.duration(from_ms(amount))


def _signed(amount: int, unit: str) -> str:
    return f"{'+' if amount > 0 else '−'}{_amount(abs(amount), unit)}"


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The entries of the same address as CSV, the newest 50,000: whole numbers of the unit's smallest part."""
    user = reader(request)
    check_may(user, Permission.SEE_COSTS)
    form = LedgerForm(request.GET)
    if not form.is_valid():
        return render(request, "cost/ledger.html", {"form": form, "answer": ""}, status=422)
    return csv_of("ledger", _csv(form.narrowed(queries.entries_seen(user))[:EXPORT_MAX]))


def _csv(rows: QuerySet[LedgerEntry]) -> Iterator[list[str | int]]:
    yield [
        "entry",
        "at",
        "budget",
        "kind",
        "unit",
        "amount",
        *ACCOUNTS,
        "reservation",
        "run",
        "what",
        "corrects",
    ]
    for row in rows:
        held = row.reservation
        about: list[str | int] = [held.key, f"R-{held.run_id}", held.what] if held else ["", "", ""]
        yield [
            *(row.entry_id, fmt.utc(row.at), row.budget.name, row.kind, row.unit, row.amount),
            *(getattr(row, name) for name in ACCOUNTS),
            *about,
            row.corrects.name if row.corrects else "",
        ]
