"""Legal holds: which stand, and by whom they are placed and lifted."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.domain.errors import BadInput, Conflict
from hybridops.experiments import holds as kept
from hybridops.experiments.holds import KINDS
from hybridops.teams.access import check_may
from hybridops.teams.permissions import Permission
from hybridops.web.answers import data as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole

REFUSAL = "Holds are placed and lifted by administrators and auditors."


class HoldForm(forms.Form):
    use_required_attribute = False

    kind = forms.ChoiceField(
        label="What", choices=[("", "Choose"), *((kind, kind.capitalize()) for kind in KINDS)]
    )
    name = forms.CharField(
        label="Which",
        max_length=150,
        help_text="R-12 for a run, the short name of a project, or a user name.",
    )
    why = forms.CharField(label="Why", max_length=300, help_text="Stays in the trail.")


@page(refusal=REFUSAL)
@require_GET
def holds(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@page(refusal=REFUSAL, second_factor=True)
@require_POST
def place(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.HOLD_DATA)
    form = HoldForm(request.POST)
    if form.is_valid():
        try:
            with whole():
                made = kept.place_hold(user=user, **form.cleaned_data)
        except (BadInput, Conflict) as problem:
            form.add_error(getattr(problem, "field", None), str(problem))
        else:
            messages.success(
                request, f"Held: nothing of this {made.kind} is removed or erased until it is lifted."
            )
            return cast(HttpResponse, redirect("holds"))
    return _shown(request, form, status=422)


@page(second_factor=True)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    with whole():
        kept.lift_hold(user=reader(request), hold_id=pk, why=request.POST.get("why", "")[:300])
    messages.success(request, "Lifted. Retention and erasure go on.")
    return cast(HttpResponse, redirect("holds"))


def _shown(request: HttpRequest, form: HoldForm | None = None, status: int = 200) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.HOLD_DATA)
    rows = list(kept.holds_for(user))
    standing = [row for row in rows if row.lifted_at is None]
    seen = {
        "standing": [(row, kept.words_of(row)) for row in standing],
        "lifted": [(row, kept.words_of(row)) for row in rows if row.lifted_at is not None],
        "form": form or HoldForm(),
        "answer": answers.holds(len(standing)),
    }
    return render(request, "data/holds.html", seen, status=status)
