"""A submission nobody can tell about: what is known, and the two things a person can say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from hybridops.domain.money import from_micro
from hybridops.experiments.unclear import clear_up, unclear_submission
from hybridops.quotas.queries import reservations
from hybridops.web.answers.unclear import answer
from hybridops.web.context import reader
from hybridops.web.errors import page, whole


class UnclearForm(forms.Form):
    """Nothing is preselected: both answers move money."""

    taken = forms.ChoiceField(
        choices=[("yes", "The provider has it"), ("no", "It never arrived")],
        widget=forms.RadioSelect,
        label="What did you find?",
        error_messages={"required": "Choose one of the two."},
    )
    job_id = forms.CharField(
        required=False,
        max_length=120,
        label="Its job id",
        help_text="As the provider's own console shows it.",
    )
    why = forms.CharField(
        max_length=300,
        label="How do you know?",
        help_text="It stays in the trail, and the person who asked reads it.",
        error_messages={"required": "Say how you know."},
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("taken") == "yes" and not given.get("job_id"):
            self.add_error("job_id", "Give the job id, so that its result and its bill can be fetched.")
        if given.get("taken") == "no" and given.get("job_id"):
            self.add_error(
                "job_id", "A job that never arrived has no id. Empty this, or choose the other answer."
            )
        return given


@page(second_factor=True)
@require_http_methods(["GET", "POST"])
def unclear(request: HttpRequest, pk: int, ordinal: int) -> HttpResponse:
    user = reader(request)
    row = unclear_submission(user, pk, ordinal)
    form = UnclearForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        with whole():
            clear_up(user=user, run_id=pk, ordinal=ordinal, job_id=given["job_id"], why=given["why"])
        messages.success(request, f"Submission {ordinal} is clear. The run goes on.")
        return redirect("run", pk)
    held = [from_micro(each.amount_micro) for each in reservations(pk) if each.key == row.reservation]
    told = {"row": row, "form": form, "answer": answer(row, sum(held)), "at_risk": sum(held)}
    return render(request, "run/unclear.html", told, status=422 if form.is_bound else 200)
