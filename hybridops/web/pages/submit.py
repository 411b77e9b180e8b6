"""Submit: a form that is always a preview, the preview itself, new data, and the submit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import randbelow
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from hybridops.definitions import reading
from hybridops.definitions.queries import in_force, workflow_named, workflows
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict, HybridopsError, Refused, Unsigned
from hybridops.domain.workflow import Definition
from hybridops.engine import intake
from hybridops.engine.preview import Preview
from hybridops.engine.preview import preview as preview_of
from hybridops.experiments.listing import answer_seconds, track_record
from hybridops.experiments.models import DataSnapshot
from hybridops.experiments.queries import snapshots_for
from hybridops.teams.access import check_may, projects_with
from hybridops.teams.models import Project, User
from hybridops.teams.permissions import Permission
from hybridops.web.answers import submit as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.submit_form import DataForm, SubmitForm, defaults_of
from hybridops.web.viewmodels.offer import offer_of, picks_of

REFUSAL = "Submitting needs the Analyst role. An administrator can give it to you."


@dataclass(frozen=True, slots=True)
class Desk:
    """What the form is made from: the workflow, and what this person may use with it."""

    user: User
    name: str
    definition: Definition
    projects: list[Project]
    snapshots: list[DataSnapshot]

    def form(self, data: Mapping[str, Any]) -> SubmitForm:
        return SubmitForm(data, definition=self.definition, projects=self.projects, snapshots=self.snapshots)


def _desk(request: HttpRequest, name: str) -> Desk:
    user = reader(request)
    check_may(user, Permission.SUBMIT_RUNS)
    if name not in {row.name for row, _, _ in workflows()}:
        raise Http404
    definition, _ = workflow_named(name)
    snapshots = snapshots_for(user).filter(workflow=definition.workflow)
    return Desk(user, name, definition, list(projects_with(user, Permission.SUBMIT_RUNS)), list(snapshots))


@page(refusal=REFUSAL)
@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest, name: str) -> HttpResponse:
    """GET: the form with what it would cost. POST: the run, if what is sent is what was shown."""
    desk = _desk(request, name)
    if request.method != "POST":
        return _draw(request, desk, desk.form(_defaults(desk, request.GET)), status=200)
    form = desk.form(request.POST)
    if not form.is_valid():
        return _draw(request, desk, form, status=422)
    try:
        run = intake.submit_previewed(
            user=desk.user,
            workflow_name=name,
            wanted=form.wanted(),
            submit_key=form.cleaned_data["submit_key"],
            digest_shown=request.POST.get("preview_digest", ""),
            raise_cap="raise_cap" in request.POST,
        )
    except Conflict as problem:
        return _draw(request, desk, form, status=409, moved=problem)
    except (BadInput, Refused) as problem:
        return _draw(request, desk, form, status=422, problem=problem)
    return redirect("run", run.pk)


@page(refusal=REFUSAL)
@require_POST
def preview(request: HttpRequest, name: str) -> HttpResponse:
    """The same page for what is in the form now; with JavaScript only parts of it are taken."""
    desk = _desk(request, name)
    return _draw(request, desk, desk.form(request.POST), status=200)


@page(refusal=REFUSAL)
@require_POST
def upload(request: HttpRequest, name: str) -> HttpResponse:
    """Lists a file or an installed set, and goes back to the form with it chosen."""
    desk = _desk(request, name)
    builtin = request.POST.get("builtin", "")
    data = _data_form(desk, request.POST, request.FILES, with_file=not builtin)
    if data.is_valid():
        try:
            snapshot = _added(desk, data, builtin)
        except (BadInput, Unsigned) as problem:
            data.refuse(problem)
        else:
            return redirect(f"{reverse('submit', args=[name])}?{urlencode({'snapshot': snapshot.pk})}")
    return _draw(request, desk, desk.form(_defaults(desk, {})), status=422, data=data)


def _data_form(desk: Desk, *sent: Any, with_file: bool = True) -> DataForm:
    return DataForm(*sent, accepts=intake.accepts(desk.name), projects=desk.projects, with_file=with_file)


def _added(desk: Desk, data: DataForm, builtin: str) -> DataSnapshot:
    project_id = int(data.cleaned_data["project"])
    if builtin:
        return intake.add_builtin(user=desk.user, project_id=project_id, workflow_name=desk.name, key=builtin)
    file = data.cleaned_data["upload"]
    return intake.add_snapshot(
        user=desk.user,
        project_id=project_id,
        workflow_name=desk.name,
        name=data.cleaned_data["name"],
        filename=file.name or "",
        data=file.read(intake.UPLOAD_BYTES_MAX + 1),
        data_class=data.cleaned_data["data_class"],
        regions=data.cleaned_data["regions"],
        why=data.cleaned_data["why"],
    )


def _defaults(desk: Desk, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A first visit: the newest data, the signed defaults, a cap that fits the cheapest backend."""
    chosen = next((row for row in desk.snapshots if str(row.pk) == asked.get("snapshot")), None)
    snapshot = chosen or next(iter(desk.snapshots), None)
    project_id = snapshot.project_id if snapshot else next((one.pk for one in desk.projects), "")
    values = {
        **defaults_of(desk.definition),
        "project": project_id,
        "snapshot": snapshot.pk if snapshot else "",
        "title": snapshot.name if snapshot else "",
        "business_outcome": "",
        "seed": randbelow(100_000),
        "priority_class": "validation",
        "fallback": str(desk.definition.fallback),
        "deadline": "",
        "backend": asked.get("backend", ""),
        "cost_max": "0",
        "submit_key": uuid4().hex,
    }
    form = desk.form(values)
    if form.is_valid():
        try:
            seen = preview_of(user=desk.user, workflow_name=desk.name, wanted=form.wanted())
            values["cost_max"] = f"{seen.cap_that_fits:.2f}"
        except (BadInput, Refused):
            return values  # the page itself says what is wrong
    return values


def _draw(
    request: HttpRequest,
    desk: Desk,
    form: SubmitForm,
    *,
    status: int,
    data: DataForm | None = None,
    problem: HybridopsError | None = None,
    moved: Conflict | None = None,
) -> HttpResponse:
    """The page around a form: errors beside their fields, and the price of what is in it where there is one."""
    seen = _seen(desk, form)
    if problem is not None and seen is not None:  # else the preview met the same problem and told it
        form.refuse(problem)
    status = 422 if status == 200 and form.errors and request.method == "POST" else status
    offer = offer_of(seen, answer_seconds=answer_seconds(desk.user), now=clock.now()) if seen else None
    record = track_record(desk.user).get(desk.name)
    if request.method == "GET" and not desk.snapshots:
        form.errors.clear()  # nobody has made a mistake yet; the answer line says what to do first
    return render(
        request,
        "submit/page.html",
        {
            "form": form,
            "data": data or _data_form(desk),
            "data_open": data is not None or not desk.snapshots,
            "definition": desk.definition,
            "name": desk.name,
            "recommended": in_force("workflow", desk.name).pk in reading.recommended(),
            "record": record,
            "builtins": intake.builtin_snapshots(desk.name),
            "projects": desk.projects,
            "snapshot": _shown(desk, form),
            "offer": offer,
            "picks": picks_of(seen) if seen else [],
            "answer": _answer(desk, form, offer.told if offer else None, moved),
        },
        status=status,
    )


def _seen(desk: Desk, form: SubmitForm) -> Preview | None:
    """The preview of what is in the form, or None with the reason beside a field."""
    if not desk.snapshots or not form.is_valid():
        return None
    try:
        return preview_of(user=desk.user, workflow_name=desk.name, wanted=form.wanted())
    except (BadInput, Refused) as problem:
        form.refuse(problem)
    return None


def _shown(desk: Desk, form: SubmitForm) -> DataSnapshot | None:
    asked = str(form["snapshot"].value() or "")
    return next((row for row in desk.snapshots if str(row.pk) == asked), None)


def _answer(desk: Desk, form: SubmitForm, told: answers.Told | None, moved: Conflict | None) -> SafeString:
    if moved is not None:
        return answers.changed(told.likely if told else None)
    if not desk.snapshots:
        return answers.without_data()
    return answers.answer(told) if told else answers.wrong(max(1, len(form.errors)))
