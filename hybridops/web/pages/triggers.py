"""Schedules and hooks: what asks for runs by itself, for whom, when next, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.definitions.queries import workflow_named
from hybridops.domain.errors import BadInput, HybridopsError, Refused
from hybridops.engine.firing import check_wanted
from hybridops.experiments.models import Run
from hybridops.outbox import signing
from hybridops.teams.access import check_may, may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.triggers import allowed, queries, services
from hybridops.triggers.models import Hook, Schedule
from hybridops.web.answers import triggers as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole

REFUSAL = "Schedules and hooks are shown to people of a team."
TEMPLATES_SHOWN = 30
_DATA = (("same", "The same data"), ("newest", "The newest data of its project that the workflow reads"))


class _TemplateForm(forms.Form):
    use_required_attribute = False

    template = forms.TypedChoiceField(
        coerce=int,
        label="Asks again for",
        help_text="A run of your own, or of a service that you answer for: its workflow, values, backend and cap.",
        error_messages={"required": "Choose a run.", "invalid_choice": "Choose a run of your own."},
    )
    on = forms.ChoiceField(label="On", choices=_DATA)

    def __init__(self, runs: Iterable[Run], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.runs = {run.pk: run for run in runs}
        found = [(run.pk, f"{run}, {run.experiment.title}"[:80]) for run in self.runs.values()]
        self.fields["template"].choices = found  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """What every trigger is made of; only where the form is valid."""
        run = self.runs[self.cleaned_data["template"]]
        return {"template": run, "newest_data": self.cleaned_data["on"] == "newest"}

    def refuse(self, problem: HybridopsError) -> None:
        name = getattr(problem, "field", None) or ""
        self.add_error(name if name in self.fields else "template", str(problem))


class ScheduleForm(_TemplateForm):
    cron = forms.CharField(
        max_length=100,
        label="When",
        initial="0 6 * * 1-5",
        help_text="Five fields of cron: minute, hour, day, month, day of the week. 0 6 * * 1-5 is six on weekdays.",
        error_messages={"required": "Say when."},
        widget=forms.TextInput(attrs={"class": "box n", "autocomplete": "off"}),
    )
    zone = forms.CharField(
        max_length=60,
        label="In the time zone",
        help_text="A name such as Europe/Copenhagen; summer time is kept.",
        error_messages={"required": "Name a time zone."},
    )
    missed = forms.ChoiceField(
        label="What was missed while nothing ran here",
        choices=(("none", "Leave it"), ("one", "One run for all of it")),
    )


class HookForm(_TemplateForm):
    allowed = forms.CharField(
        label="What a call may set",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One parameter a line, such as: shots 100 to 500. Everything else stays as in that run.",
    )


@page(refusal=REFUSAL)
@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@page(second_factor=True)
@require_POST
def add_schedule(request: HttpRequest) -> HttpResponse:
    user = _submitter(request)
    form = ScheduleForm(_templates(user), request.POST)
    if form.is_valid():
        given = form.cleaned_data
        when = {"cron": given["cron"], "zone": given["zone"], "catch_up": given["missed"] == "one"}
        try:
            with whole():
                check_wanted(user=user, **form.wanted())
                made = services.add_schedule(user=user, **form.wanted(), **when)
        except (BadInput, Refused) as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"{made} asks from now on.")
            return redirect("schedules")
    return _shown(request, schedule=form, status=422)


@page(second_factor=True)
@require_POST
def add_hook(request: HttpRequest) -> HttpResponse:
    user = _submitter(request)
    form = HookForm(_templates(user), request.POST)
    if form.is_valid():
        wanted = form.wanted()
        try:
            with whole():
                check_wanted(user=user, **wanted)
                definition, _ = workflow_named(wanted["template"].experiment.workflow)
                left_open = allowed.read(form.cleaned_data["allowed"], definition)
                made = services.add_hook(user=user, **wanted, allowed=left_open)
        except (BadInput, Refused) as problem:
            form.refuse(problem)
        else:
            return _shown(request, secret_of=made)
    return _shown(request, hook=form, status=422)


@page()
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    with whole():
        row = services.pause(user=user, schedule_id=queries.schedule_for(user, pk).pk)
    messages.success(request, f"{row} is paused.")
    return redirect("schedules")


@page()
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    with whole():
        row = services.resume(user=user, schedule_id=queries.schedule_for(user, pk).pk)
    messages.success(request, f"{row} goes on.")
    return redirect("schedules")


@page()
@require_POST
def end_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    return _ended(request, queries.schedule_for(reader(request), pk))


@page()
@require_POST
def end_hook(request: HttpRequest, pk: int) -> HttpResponse:
    return _ended(request, queries.hook_for(reader(request), pk))


def _ended(request: HttpRequest, row: Schedule | Hook) -> HttpResponse:
    with whole():
        services.end(user=reader(request), row=row)
    messages.success(request, f"{row} asks for nothing more.")
    return redirect("schedules")


@page(second_factor=True)
@require_POST
def hook_secret(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    with whole():
        row = services.turn_secret(user=user, hook=queries.hook_for(user, pk))
    return _shown(request, secret_of=row)


def _submitter(request: HttpRequest) -> User:
    user = reader(request)
    check_may(user, Permission.SUBMIT_RUNS)
    return user


def _templates(user: User) -> list[Run]:
    return list(queries.templates_for(user)[:TEMPLATES_SHOWN])


def _shown(
    request: HttpRequest,
    *,
    schedule: ScheduleForm | None = None,
    hook: HookForm | None = None,
    secret_of: Hook | None = None,
    status: int = 200,
) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    rows, hooks = list(queries.schedules_for(user)[:100]), list(queries.hooks_for(user)[:100])
    shown = [(row, queries.next_times(row), queries.last_firings(row), _rules(user, row)) for row in rows]
    submits = may(user, Permission.SUBMIT_RUNS)
    templates = _templates(user) if submits else []
    start = {"zone": settings.ORGANISATION_TIME_ZONE, "template": request.GET.get("run")}
    dues = [times[0] for _, times, _, _ in shown if times]
    refused = sum(1 for _, times, last, _ in shown if times and last and last[0].run is None)
    told = {
        "answer": answers.answer(
            len(dues), sum(1 for row in hooks if row.ended_at is None), min(dues, default=None), refused
        ),
        "schedules": [one for one in shown if one[0].ended_at is None],
        "hooks": [(row, queries.last_calls(row), _rules(user, row)) for row in hooks if row.ended_at is None],
        "ended": [row for row in (*rows, *hooks) if row.ended_at is not None][: queries.ENDED_SHOWN],
        "submits": submits,
        "templates": templates,
        "schedule": schedule or ScheduleForm(templates, initial=start),
        "hook": hook or HookForm(templates, initial=start, auto_id="id_hook_%s"),
        "site": settings.SITE,
        "secret_of": secret_of,
        "secret": signing.shown(signing.hook_secret(secret_of.pk, secret_of.turn)) if secret_of else "",
    }
    answered = render(request, "triggers/page.html", told, status=status)
    if secret_of:
        answered["Cache-Control"] = "no-store"
    return answered


def _rules(user: User, row: Schedule | Hook) -> bool:
    mine = user.pk in (row.owner_id, row.owner.sponsor_id)
    return row.ended_at is None and (mine or may(user, Permission.OPERATE, row.team_id))
