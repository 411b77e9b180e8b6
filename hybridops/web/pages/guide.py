"""The guide: a file in, and which workflow and which hardware fit it. Nothing is kept and nothing is spent."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from hybridops.domain.errors import BadInput
from hybridops.engine.guide import Reading, guide
from hybridops.teams.access import check_may
from hybridops.teams.permissions import Permission
from hybridops.web.answers import guide as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.submit import REFUSAL


class GuideForm(forms.Form):
    use_required_attribute = False

    upload = forms.FileField(
        label="File",
        help_text="At most 5 MB. It is read, and not kept.",
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
    )


@page(refusal=REFUSAL)
@require_http_methods(["GET", "POST"])
def advise(request: HttpRequest) -> HttpResponse:
    check_may(reader(request), Permission.SUBMIT_RUNS)
    form = GuideForm(request.POST or None, request.FILES or None)
    if request.method == "GET":
        return _shown(request, GuideForm(), None)
    form = GuideForm(request.POST, request.FILES)
    readings = None
    if form.is_valid():
        sent = form.cleaned_data["upload"]
        try:
            readings = guide(sent.read(), sent.name)
        except BadInput as problem:
            form.add_error("upload", str(problem))
    return _shown(request, form, readings)


def _shown(request: HttpRequest, form: GuideForm, readings: list[Reading] | None) -> HttpResponse:
    context = {"form": form, "readings": readings, "answer": answers.answer(readings)}
    return render(request, "workflows/guide.html", context, status=422 if form.errors else 200)
