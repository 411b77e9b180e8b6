"""Who is in the teams that somebody administers."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from hybridops.domain.errors import NotYours
from hybridops.teams.access import teams_with
from hybridops.teams.models import Membership, Team, User
from hybridops.teams.permissions import Permission


def roles_of(user: User) -> list[Membership]:
    """Every role of one person, by team."""
    return list(user.memberships.select_related("team").order_by("team__name", "role"))


def managed_teams(user: User) -> QuerySet[Team]:
    """The teams whose people this person manages."""
    return teams_with(user, Permission.MANAGE_PEOPLE).order_by("name")


def people_of(teams: Sequence[Team]) -> QuerySet[User]:
    """Everybody with a role in these teams, people first, with these roles and who answers for a service."""
    roles = Membership.objects.filter(team__in=teams).select_related("team").order_by("team__name", "role")
    found = User.objects.filter(memberships__team__in=teams).distinct().select_related("sponsor")
    return found.prefetch_related(Prefetch("memberships", queryset=roles)).order_by(
        "-is_active", "kind", "name"
    )


def colleague(user: User, pk: int) -> User:
    """Somebody in a team that this person administers; raises NotYours."""
    found = people_of(list(managed_teams(user))).filter(pk=pk).first()
    if found is None:
        raise NotYours("There is nobody here for you.")
    return found


def managed_person(user: User, pk: int) -> User:
    """Somebody whose every team this person administers; raises NotYours. An account ends in all its teams."""
    teams = list(managed_teams(user).values_list("pk", flat=True))
    elsewhere = Membership.objects.filter(user=OuterRef("pk")).exclude(team__in=teams)
    found = User.objects.filter(~Exists(elsewhere), pk=pk, memberships__team__in=teams).first()
    if found is None:
        raise NotYours("There is nobody here for you.")
    return found


def managed_team(user: User, pk: int) -> Team:
    """A team whose people this person manages; raises NotYours."""
    found = managed_teams(user).filter(pk=pk).first()
    if found is None:
        raise NotYours("There is no such team for you.")
    return found
