"""Out at once: a deactivated account has no session, no token and no socket left, and its votes stop counting."""

from __future__ import annotations

from allauth.idp.oidc.models import Client, Token
from allauth.usersessions.models import UserSession
from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Refused
from hybridops.teams.models import Membership, User
from hybridops.teams.permissions import Role
from hybridops.teams.signals import say_access_changed


@transaction.atomic
def deactivate(*, user: User, why: str, actor: Actor, successor: User | None = None) -> None:
    """Ends an account and all it has open. The services it answers for go to a successor who is in all their
    teams, or end as well. Twice changes nothing.
    """
    if not why.strip():
        raise BadInput("Say why, for the trail.", field="why")
    if actor.kind == User.PERSON and actor.id == str(user.pk):
        raise Refused("Nobody deactivates themselves. Another administrator can.")
    _check_not_last(user)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        return
    _end_all(user)
    record(
        stream=f"user:{user.pk}", action="person.deactivated", actor=actor, facts={}, personal={"why": why}
    )
    for service in user.sponsored.filter(is_active=True):
        if successor is not None and _is_with(successor, service):
            _answer_for(service, successor, actor)
            continue
        deactivate(user=service, why="who answers for it was deactivated", actor=actor)


@transaction.atomic
def reactivate(*, user: User, actor: Actor) -> None:
    """Lets an account in again: people sign in anew, services need a new secret."""
    if user.sponsor is not None and not user.sponsor.is_active:
        raise Refused(f"{user.sponsor} answers for {user} and is not active.")
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        record(stream=f"user:{user.pk}", action="person.reactivated", actor=actor, facts={})


def end_sessions(user: User) -> None:
    """Signs a person out everywhere."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    say_access_changed(user.pk)


def _is_with(person: User, service: User) -> bool:
    """Whether a person is in every team of a service."""
    theirs = set(service.memberships.values_list("team", flat=True))
    return theirs <= set(person.memberships.values_list("team", flat=True))


def _answer_for(service: User, person: User, actor: Actor) -> None:
    """Another person answers for a service from now on, and decides on nothing that it asks for."""
    User.objects.filter(pk=service.pk).update(sponsor=person)
    record(stream=f"user:{service.pk}", action="service.sponsored", actor=actor, facts={"sponsor": person.pk})


def _end_all(user: User) -> None:
    end_sessions(user)
    Client.objects.filter(owner=user).delete()  # and its tokens
    Token.objects.filter(user=user).delete()  # of their own command lines


def _check_not_last(user: User) -> None:
    """A team without an administrator could never get one again."""
    for membership in Membership.objects.filter(user=user, role=Role.ADMINISTRATOR.value):
        others = Membership.objects.filter(
            team=membership.team, role=Role.ADMINISTRATOR.value, user__is_active=True, user__kind=User.PERSON
        ).exclude(user=user)
        if not others.exists():
            raise Refused(f"{user} is the last administrator of {membership.team}. Add another one first.")
