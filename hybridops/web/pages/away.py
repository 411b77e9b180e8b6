"""Who decides in whose place, and when approvals are frozen: one page, each form for who may use it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.approvals import delegations, freezes
from hybridops.domain.errors import BadInput, NotYours
from hybridops.teams.access import check_may, teams_with
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.proving import first_error

_MOMENT: dict[str, Any] = {"input_formats": ["%Y-%m-%dT%H:%M"]}


def _when() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class SpanForm(forms.Form):
    """From when to when, and why."""

    starts_at = forms.DateTimeField(label="From", widget=_when(), **_MOMENT)
    ends_at = forms.DateTimeField(label="To", widget=_when(), **_MOMENT)
    why = forms.CharField(max_length=200, label="Why")

    def span(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("starts_at", "ends_at", "why")}


class DelegationForm(SpanForm):
    taker = forms.TypedChoiceField(label="Colleague", coerce=int)


class FreezeForm(SpanForm):
    approvers = forms.TypedMultipleChoiceField(
        label="Who still approves", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )


def _form(kind: type[SpanForm], user: User, team: Team, data: Any = None) -> SpanForm:
    """The form of one team; several teams have several on the page."""
    form = kind(data, prefix=f"team{team.pk}")
    name = "taker" if kind is DelegationForm else "approvers"
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    people = delegations.deciders(team.pk)
    field.choices = [(p.pk, str(p)) for p in people if kind is FreezeForm or p.pk != user.pk]
    return form


@page(refusal="Delegations and freezes need a role in a team.")
@require_GET
def away(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    decides, operates = (teams_with(user, p) for p in (Permission.DECIDE, Permission.OPERATE))
    told = {
        "given": delegations.of(user),
        "freezes": [(row, freezes.words(row)) for row in freezes.calendar(_seen(user))],
        "delegate": [(team, _form(DelegationForm, user, team)) for team in decides],
        "freeze": [(team, _form(FreezeForm, user, team)) for team in operates],
        "operates": set(operates.values_list("pk", flat=True)),
    }
    return render(request, "approvals/away.html", told)


def _seen(user: User) -> list[int]:
    return list(teams_with(user, Permission.SEE_RUNS).values_list("pk", flat=True))


def _sent(request: HttpRequest, kind: type[SpanForm], team_id: int, permission: Permission) -> SpanForm:
    """The form that was sent, valid; absent and forbidden teams are the same."""
    user = reader(request)
    team = teams_with(user, permission).filter(pk=team_id).first()
    if team is None:
        raise NotYours("There is nothing here for you.")
    form = _form(kind, user, team, request.POST)
    if not form.is_valid():
        raise BadInput(f"Fill in from when, to when, who and why. {first_error(form)}")
    return form


@page(second_factor=True)
@require_POST
def delegate(request: HttpRequest, pk: int) -> HttpResponse:
    form = _sent(request, DelegationForm, pk, Permission.DECIDE)
    with whole():
        delegations.delegate(
            user=reader(request), team_id=pk, taker_id=form.cleaned_data["taker"], **form.span()
        )
    messages.success(request, "It is delegated. What they decide says that it was in your place.")
    return cast(HttpResponse, redirect("away"))


@page()
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    with whole():
        delegations.revoke(user=reader(request), delegation_id=pk)
    return cast(HttpResponse, redirect("away"))


@page(second_factor=True)
@require_POST
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    form = _sent(request, FreezeForm, pk, Permission.OPERATE)
    span = {**form.span(), **{name: _bare(form.cleaned_data[name]) for name in ("starts_at", "ends_at")}}
    with whole():
        freezes.freeze(user=reader(request), team_id=pk, approvers=form.cleaned_data["approvers"], **span)
    messages.warning(request, "The freeze is on the calendar. Requests wait; they lapse as always.")
    return cast(HttpResponse, redirect("away"))


def _bare(moment: datetime) -> datetime:
    """What was written, without the reader's zone: the calendar is the organisation's."""
    return moment.replace(tzinfo=None)


@page(second_factor=True)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    with whole():
        freezes.lift(user=reader(request), freeze_id=pk)
    return cast(HttpResponse, redirect("away"))
