"""What I am told and how soon; for who operates, what could not be delivered and which machines are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from hybridops.domain.errors import BadInput, NotYours
from hybridops.outbox import queries, queue, services, signing
from hybridops.outbox.kinds import KINDS, Pace
from hybridops.outbox.models import Webhook
from hybridops.teams.access import actor, check_may, teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.answers import counted
from hybridops.web.answers.messages import answer
from hybridops.web.context import reader
from hybridops.web.errors import page, whole

PER_PAGE = 25
_MOMENT = {"type": "datetime-local", "class": "box n"}
_KINDS = [(kind, told.label) for kind, told in KINDS.items()]


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs=_MOMENT)


class WebhookForm(forms.Form):
    team = forms.ChoiceField(label="Team")
    url = forms.CharField(
        max_length=300, label="Address", help_text="https://…; it answers with 200 within five seconds."
    )
    kinds = forms.MultipleChoiceField(
        choices=_KINDS, label="What it is told", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing to be told about."},
    )  # fmt: skip

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [(team.pk, str(team)) for team in teams_with(user, Permission.OPERATE)]  # type: ignore[attr-defined]


class AgainForm(forms.Form):
    """From when to when events go out once more; in UTC."""

    use_required_attribute = False

    to = forms.ChoiceField(label="To", error_messages={"required": "Choose whom."})
    since = forms.DateTimeField(label="Made since", help_text="UTC.", widget=_moment())
    until = forms.DateTimeField(label="and before", help_text="UTC.", widget=_moment())

    def __init__(self, outlets: Iterable[queries.Outlet], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(one.key, one.name) for one in outlets]  # type: ignore[attr-defined]


class PaceForm(forms.Form):
    """One choice a kind; urgent kinds are not asked about."""

    def __init__(self, person_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, pace in queries.paces_of(person_id).items():
            choices = [(one.value, one.value) for one in Pace]
            self.fields[kind.replace(".", "-")] = forms.ChoiceField(
                choices=choices, initial=pace.value, label=KINDS[kind].label
            )

    def paces(self) -> dict[str, str]:
        return {name.replace("-", "."): value for name, value in self.cleaned_data.items()}


@page()
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    return _shown(request)


def _shown(
    request: HttpRequest,
    *,
    hook: WebhookForm | None = None,
    paces: PaceForm | None = None,
    again: AgainForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user = reader(request)
    operated = _operated(user)
    listed = Paginator(queries.messages_of(user.pk), PER_PAGE).get_page(request.GET.get("page"))
    failed, outlets = queries.undelivered(operated), queries.outlets(operated)
    hooks = [(one, signing.shown_secret(one.pk, one.turn)) for one in queries.webhooks_of(operated)]
    told = {
        "answer": answer(listed.paginator.count, user.email, len(failed)),
        "listed": listed,
        "paces": paces or PaceForm(user.pk),
        "urgent": [kind.label for kind in KINDS.values() if kind.urgent],
        "operates": bool(operated),
        "failed": failed,
        "hooks": hooks,
        "outlets": outlets,
        "again": again or AgainForm(outlets),
        "public_key": signing.shown_public_key() if operated else "",
        "hook": hook or WebhookForm(user),
    }
    return render(request, "outbox/messages.html", told, status=status)


@page()
@require_POST
def paces(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    form = PaceForm(user.pk, request.POST)
    if not form.is_valid():
        return _shown(request, paces=form, status=422)
    with whole():
        services.choose(person_id=user.pk, paces=form.paces())
    flash.success(request, "Saved. It holds for what happens from now on.")
    return redirect("messages")


@page()
@require_POST
def again(request: HttpRequest, what: str, pk: int) -> HttpResponse:
    user = reader(request)
    row = queries.notice(what, pk, _operated(user))
    with whole():
        queue.try_again(row=row, actor=actor(user), now=timezone.now())
    flash.success(request, "It is tried again now.")
    return redirect("messages")


@page()
@require_POST
def leave_out(request: HttpRequest, what: str, pk: int) -> HttpResponse:
    user = reader(request)
    row = queries.notice(what, pk, _operated(user))
    with whole():
        queue.leave_out(row=row, actor=actor(user), now=timezone.now())
    flash.success(request, "It is left out. What waited behind it goes on.")
    return redirect("messages")


@page()
@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.OPERATE)
    operated = _operated(user)
    form = AgainForm(queries.outlets(operated), request.POST)
    if form.is_valid():
        to, since, until = (form.cleaned_data[name] for name in ("to", "since", "until"))
        rows = queries.sent_to(to, operated)
        try:
            with whole():
                done = queue.replay(rows=rows, since=since, until=until, actor=actor(user), to=to)
        except BadInput as wrong:
            form.add_error(wrong.field, str(wrong))
        else:
            flash.success(request, f"{counted(done, 'event')} sent again, under the same ids.")
            return redirect("messages")
    return _shown(request, again=form, status=422)


def _operated(user: User) -> list[int]:
    return list(teams_with(user, Permission.OPERATE).values_list("pk", flat=True))


@page(second_factor=True)
@require_POST
def add_webhook(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.OPERATE)
    form = WebhookForm(user, request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with whole():
                services.add_webhook(
                    team_id=int(given["team"]), url=given["url"], kinds=given["kinds"], actor=actor(user)
                )
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            flash.success(request, "It is told from now on. Its secret stands beside it.")
            return redirect("messages")
    return _shown(request, hook=form, status=422)


@page()
@require_POST
def stop_webhook(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    hook = _webhook(user, pk)
    with whole():
        services.stop_webhook(webhook=hook, actor=actor(user))
    flash.success(request, f"{hook.url} is told nothing more.")
    return redirect("messages")


@page(second_factor=True)
@require_POST
def turn_secret(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    hook = _webhook(user, pk)
    with whole():
        services.turn_secret(webhook=hook, actor=actor(user))
    flash.success(request, "The new secret stands beside it. For a day the old one signs as well.")
    return redirect("messages")


def _webhook(user: User, pk: int) -> Webhook:
    found = queries.webhooks_of(_operated(user)).filter(pk=pk).first()
    if found is None:
        raise NotYours("There is no such webhook.")
    return found
