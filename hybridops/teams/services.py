"""People, teams, projects: made and changed here, each with its audit event."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Refused
from hybridops.teams.models import Membership, Project, Team, User
from hybridops.teams.permissions import MACHINE_ROLES, Role
from hybridops.teams.roles import grant, group_name
from hybridops.teams.signals import say_access_changed


@transaction.atomic
def add_team(*, slug: str, name: str, actor: Actor) -> Team:
    """A team with a group for each role, which holds that role's permissions on it."""
    team = Team.objects.create(slug=slug, name=name)
    grant(team)
    record(
        stream=f"team:{team.pk}",
        action="team.added",
        actor=actor,
        facts={"slug": slug},
        personal={"called": name},
    )
    return team


@transaction.atomic
def add_project(*, team: Team, slug: str, name: str, actor: Actor, home_region: str = "local") -> Project:
    project = Project.objects.create(team=team, slug=slug, name=name, home_region=home_region)
    record(
        stream=f"team:{team.pk}",
        action="project.added",
        actor=actor,
        facts={"project": project.pk, "slug": slug},
        personal={"called": name},
    )
    return project


@transaction.atomic
def add_person(
    *,
    username: str,
    name: str,
    email: str,
    password: str,
    actor: Actor,
    kind: str = User.PERSON,
    hashed: str = "",
) -> User:
    """A user who can sign in; raises BadInput where the password is too weak or the name is taken.

    `hashed` is the password's hash where it was made before: hashing is slow on purpose.
    """
    if User.objects.filter(username=username).exists():
        raise BadInput(f"There is a {username} already. Choose another name.", field="username")
    if email and User.objects.filter(kind=User.PERSON, email__iexact=email).exists():
        raise BadInput("Somebody here has this address already. One person has one account.", field="email")
    user = User(username=username, name=name, email=email, kind=kind)
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise BadInput(" ".join(problem.messages), field="password") from problem
    user.password = hashed or make_password(password)
    user.save()
    record(
        stream=f"user:{user.pk}",
        action="person.added",
        actor=actor,
        facts={"kind": kind},
        personal={"username": username},
    )
    return user


@transaction.atomic
def join(*, user: User, team: Team, role: Role, actor: Actor) -> None:
    """Gives a user a role in a team; nobody gives one to themselves. Doing it twice changes nothing."""
    if (actor.kind, actor.id) == (User.PERSON, str(user.pk)):
        raise Refused("Nobody gives themselves a role. Another administrator can.")
    if user.kind != User.PERSON and role not in MACHINE_ROLES:
        raise Refused(f"A service or an agent cannot be {role.value}: it asks and reads, and people decide.")
    _, made = Membership.objects.get_or_create(user=user, team=team, role=role.value)
    if made:
        user.groups.add(Group.objects.get(name=group_name(team, role)))
        facts = {"user": user.pk, "team": team.pk, "role": role.value}
        record(stream=f"team:{team.pk}", action="person.joined", actor=actor, facts=facts)


@transaction.atomic
def leave(*, user: User, team: Team, role: Role, actor: Actor) -> None:
    """Takes a role away. Doing it twice changes nothing."""
    if Membership.objects.filter(user=user, team=team, role=role.value).delete()[0]:
        user.groups.remove(Group.objects.get(name=group_name(team, role)))
        facts = {"user": user.pk, "team": team.pk, "role": role.value}
        record(stream=f"team:{team.pk}", action="person.left", actor=actor, facts=facts)
        say_access_changed(user.pk)


def set_theme(*, user: User, theme: str) -> None:
    """How this person wants the pages: auto, light or dark. Not an event: it concerns nobody else."""
    if theme not in ("auto", "light", "dark"):
        raise BadInput("Choose auto, light or dark.", field="theme")
    User.objects.filter(pk=user.pk).update(theme=theme)
