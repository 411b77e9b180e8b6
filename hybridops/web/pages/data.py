"""Data of one's teams: its class, the regions it may reach, what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.domain.data import DATA_CLASSES
from hybridops.domain.errors import BadInput
from hybridops.experiments import holds, retention, snapshots
from hybridops.experiments.models import DataSnapshot
from hybridops.experiments.queries import runs_for
from hybridops.teams.access import check_may, may
from hybridops.teams.permissions import Permission
from hybridops.web.answers import data as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.submit_form import RegionsField

REFUSAL = "Data is seen by who sees the runs of a team."
ROWS = 50
RUNS_MAX = 20


class ClassForm(forms.Form):
    """Another class or other regions, with a reason."""

    use_required_attribute = False

    data_class = forms.ChoiceField(
        label="Class", choices=[(name, name.capitalize()) for name in DATA_CLASSES]
    )
    regions = RegionsField()
    why = forms.CharField(label="Why", max_length=300, help_text="Everybody who sees the data reads it.")


@page(refusal=REFUSAL)
@require_GET
def data(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    rows = snapshots.data_for(user)
    tight = rows.filter(data_class__in=DATA_CLASSES[2:], removed_at=None).count()
    told = answers.listed(rows.count(), tight, rows.exclude(removed_at=None).count())
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    seen = {"rows": listed, "answer": told, "may_hold": may(user, Permission.HOLD_DATA)}
    return render(request, "data/list.html", seen)


@page()
@require_GET
def snapshot(request: HttpRequest, pk: int) -> HttpResponse:
    return _shown(request, snapshots.snapshot_for(reader(request), pk))


@page(second_factor=True)
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Its owner or an administrator says anew what it is and where it may go."""
    user = reader(request)
    row = snapshots.snapshot_for(user, pk)
    form = ClassForm(request.POST)
    snapshots.check_may_change(user, row)
    if form.is_valid():
        try:
            with whole():
                snapshots.change_class(user=user, snapshot_id=row.pk, **form.cleaned_data)
        except BadInput as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            messages.success(request, "Changed. What was open on looser marks is asked about again.")
            return cast(HttpResponse, redirect("snapshot", row.pk))
    return _shown(request, row, form, status=422)


def _facts(summary: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What the workflow's own check found out, in words: a name, a value."""
    for name, value in summary.items():
        if isinstance(value, str | int | float) and value != "":
            shown = ("yes" if value else "no") if isinstance(value, bool) else value
            yield name.replace("_", " ").capitalize(), shown


def _shown(
    request: HttpRequest, row: DataSnapshot, form: ClassForm | None = None, status: int = 200
) -> HttpResponse:
    user = reader(request)
    held = holds.held_snapshots().filter(pk=row.pk).exists()
    now = {"data_class": row.data_class, "regions": ", ".join(row.regions)}
    known: dict[str, Any] = {
        "row": row,
        "held": held,
        "answer": answers.one(row, retention.period(row.data_class), held),
        "runs": runs_for(user).filter(experiment__snapshot=row)[:RUNS_MAX],
        "facts": list(_facts(row.summary)),
        "form": form or ClassForm(initial=now)
        if snapshots.may_change(user, row) and not row.removed_at
        else None,
    }
    return render(request, "data/snapshot.html", known, status=status)
