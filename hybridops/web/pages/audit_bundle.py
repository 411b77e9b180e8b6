"""A run with all its proofs, in one click, for whoever may see the run."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from hybridops.domain.errors import BadInput
from hybridops.engine.bundle import export
from hybridops.experiments.queries import run_for
from hybridops.teams.access import actor
from hybridops.web.context import reader
from hybridops.web.errors import page


class BundleForm(forms.Form):
    since = forms.IntegerField(required=False, min_value=1)


@page()
@require_POST
def bundle(request: HttpRequest, pk: int) -> HttpResponse:
    """Taking it is an event. `since` is the size of a checkpoint the auditor kept."""
    run, form = run_for(reader(request), pk), BundleForm(request.POST)
    if not form.is_valid():
        raise BadInput(
            "The kept checkpoint's size is a whole number, as its second line says.", field="since"
        )
    data = export(run=run, actor=actor(reader(request)), since=form.cleaned_data["since"] or 0)
    answered = HttpResponse(data, content_type="application/zip")
    answered["Content-Disposition"] = f'attachment; filename="{run}-proofs.zip"'
    answered["X-Content-Type-Options"] = "nosniff"
    return answered
