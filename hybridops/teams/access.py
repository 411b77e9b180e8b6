"""Who may see and do what, answered by django-guardian's object permissions on teams.

Every `queries.py` above reads through here. Missing and forbidden look alike: callers filter, or
raise NotYours, which doors show as 404.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user

from hybridops.domain.actors import Actor
from hybridops.domain.decide import Voter
from hybridops.domain.errors import NotYours
from hybridops.teams.models import Membership, Project, Team, User
from hybridops.teams.permissions import Permission, Role


def teams_with(user: User, permission: Permission) -> QuerySet[Team]:
    """The teams in which an active user holds this permission."""
    if not user.is_active or not user.is_authenticated:
        return Team.objects.none()
    return get_objects_for_user(
        user, permission.value, klass=Team, with_superuser=False, accept_global_perms=False
    )


def may(user: User, permission: Permission, team_id: int | None = None) -> bool:
    """Whether the user holds the permission in this team, or in any team."""
    teams = teams_with(user, permission)
    return (teams.filter(pk=team_id) if team_id is not None else teams).exists()


def check_may(user: User, permission: Permission, team_id: int | None = None) -> None:
    """Raises NotYours unless `may`."""
    if not may(user, permission, team_id):
        raise NotYours("There is nothing here for you.")


def projects_with(user: User, permission: Permission) -> QuerySet[Project]:
    """The projects of the teams in which the user holds this permission."""
    teams = teams_with(user, permission).values("pk")
    return Project.objects.filter(team__in=teams).select_related("team").order_by("name")


def voter(user: User, team_id: int) -> Voter:
    """The person as the rules of decision see them."""
    return voters(team_id, [user.pk]).get(user.pk) or _voter(user, set())


def voters(team_id: int, among: Collection[int] | None = None) -> dict[int, Voter]:
    """Everybody with a role in a team, as the rules of decision see them: roles, and groups by their name."""
    prefix = f"team-{team_id}-"
    rows = User.objects.filter(memberships__team=team_id).order_by("name")
    if among is not None:
        rows = rows.filter(pk__in=among)
    found = {}
    for user in rows.distinct().prefetch_related("memberships", "groups"):
        roles = {row.role for row in user.memberships.all() if row.team_id == team_id}
        groups = {g.name.removeprefix(prefix) for g in user.groups.all() if g.name.startswith(prefix)}
        found[user.pk] = _voter(user, roles | (groups - set(Role)))
    return found


def _voter(user: User, roles: set[str]) -> Voter:
    return Voter(user.pk, user.kind == User.PERSON, user.is_active, frozenset(roles))


def actor(user: User, *, on_behalf: str = "") -> Actor:
    """The user as the trail names them."""
    return Actor(user.kind, str(user.pk), str(user), on_behalf)


def is_alone() -> bool:
    """Whether one person at most is here: then nothing that needs a decision can go on."""
    people = Membership.objects.filter(user__kind=User.PERSON, user__is_active=True)
    return people.values("user").distinct().count() < 2


def behind(user: User) -> frozenset[int]:
    """Who stands behind what this account asks for: itself and, for a service, the person who answers for it."""
    return frozenset(pk for pk in (user.pk, user.sponsor_id) if pk is not None)
