"""People and services: who is in the teams that an administrator manages, and what changes there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hybridops.domain.errors import BadInput, NotYours
from hybridops.engine import erasing, leavers
from hybridops.teams import leaving, machines, services
from hybridops.teams.access import actor
from hybridops.teams.models import Membership, User
from hybridops.teams.permissions import Role
from hybridops.teams.queries import colleague, managed_person, managed_team, managed_teams, people_of
from hybridops.web.answers import people as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.roster_forms import PersonForm, RoleForm, ServiceForm

REFUSAL = "People are managed by administrators."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page: somebody, their roles in the teams of the reader, the form that changes them, and
    what they left to nobody.
    """

    person: User
    roles: list[Membership]
    form: RoleForm
    left: leavers.Left | None


def _shown(request: HttpRequest, status: int = 200, **told: object) -> HttpResponse:
    teams = list(managed_teams(reader(request)))
    if not teams:
        raise NotYours(REFUSAL)
    found = list(people_of(teams))
    left = {one.person.pk: one for one in leavers.orphaned(reader(request))}
    known = {
        "answer": answers.answer(found),
        "rows": [
            Row(
                one,
                list(one.memberships.all()),
                RoleForm(teams=teams, auto_id=f"r{one.pk}_%s"),
                left.get(one.pk),
            )
            for one in found
        ],
        "person_form": PersonForm(teams=teams),
        "service_form": ServiceForm(teams=teams, people=_sponsors(found)),
        "successors": _sponsors(found),
    }
    return render(request, "people/page.html", {**known, **told}, status=status)


def _sponsors(found: Iterable[User]) -> list[User]:
    return [one for one in found if one.kind == User.PERSON and one.is_active]


@page(refusal=REFUSAL)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@page(second_factor=True)
@require_POST
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    """Adds a person; the password is made here and shown once."""
    user = reader(request)
    form = PersonForm(request.POST, teams=list(managed_teams(user)))
    if form.is_valid():
        given, password = form.cleaned_data, secrets.token_urlsafe(12)
        try:
            with whole():
                team = managed_team(user, int(given["team"]))
                made = services.add_person(
                    username=given["username"],
                    name=given["name"],
                    email=given["email"],
                    password=password,
                    actor=actor(user),
                )
                services.join(user=made, team=team, role=Role(given["role"]), actor=actor(user))
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            return _shown(request, once=[(f"{made} signs in as {made.username} with", password)])
    return _shown(request, 422, person_form=form)


@page(second_factor=True)
@require_POST
@never_cache
def add_service(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    teams = list(managed_teams(user))
    sponsors = _sponsors(people_of(teams))
    form = ServiceForm(request.POST, teams=teams, people=sponsors)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with whole():
                _, made = machines.add_service(
                    username=given["username"],
                    name=given["name"],
                    kind=given["kind"],
                    sponsor=next(row for row in sponsors if str(row.pk) == given["sponsor"]),
                    team=managed_team(user, int(given["team"])),
                    actor=actor(user),
                )
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            return _shown(request, once=_credentials(made))
    return _shown(request, 422, service_form=form)


def _credentials(made: machines.Credentials) -> list[tuple[str, str]]:
    return [("Client", made.client_id), ("Secret", made.secret)]


@page(second_factor=True)
@require_POST
@never_cache
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    with whole():
        made = machines.new_secret(user=managed_person(user, pk), actor=actor(user))
    return _shown(request, once=_credentials(made))


@page(second_factor=True)
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives or takes one role in one of the administrator's own teams."""
    user = reader(request)
    person = colleague(user, pk)
    form = RoleForm(request.POST, teams=list(managed_teams(user)))
    if not form.is_valid():
        raise BadInput("Choose a team and a role.")
    given = form.cleaned_data
    team = managed_team(user, int(given["team"]))
    change: Callable[..., None] = services.leave if given["take"] else services.join
    with whole():
        change(user=person, team=team, role=Role(given["role"]), actor=actor(user))
    done = "no longer" if given["take"] else "now"
    messages.success(request, f"{person} is {done} {given['role']} of {team}.")
    return cast(HttpResponse, redirect("people"))


@page(second_factor=True)
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    person = managed_person(user, pk)
    with whole():
        leavers.put_out(
            user=person,
            successor=_successor(user, request.POST.get("successor", "")),
            why=request.POST.get("why", "")[:300],
            actor=actor(user),
        )
    messages.success(request, f"{person} is out: signed out everywhere, and past votes no longer count.")
    return cast(HttpResponse, redirect("people"))


def _successor(user: User, told: str) -> User | None:
    return colleague(user, int(told)) if told.isdecimal() else None


@page(second_factor=True)
@require_POST
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives what somebody left to a colleague."""
    user = reader(request)
    person = managed_person(user, pk)
    successor = _successor(user, request.POST.get("successor", ""))
    if successor is None:
        raise BadInput("Choose who takes it over.")
    with whole():
        leavers.hand_over(user=person, successor=successor, actor=actor(user))
    messages.success(
        request, f"{successor} has of what {person} left all they may do, and decides on none of it."
    )
    return cast(HttpResponse, redirect("people"))


@page(second_factor=True)
@require_POST
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a person out of every room; their user name is typed, because nothing brings it back."""
    user = reader(request)
    person = managed_person(user, pk)
    if request.POST.get("username", "").strip() != person.username:
        raise BadInput("Type the user name of who is erased. Nothing was erased.")
    erasing.erase_person(user=person, actor=actor(user), why=request.POST.get("why", "")[:300])
    messages.success(request, f"Erased: this account is now called erased person {person.pk}.")
    return cast(HttpResponse, redirect("people"))


@page(second_factor=True)
@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    person = managed_person(user, pk)
    with whole():
        leaving.reactivate(user=person, actor=actor(user))
    messages.success(request, f"{person} may come in again.")
    return cast(HttpResponse, redirect("people"))
