"""Who may see and do what, answered by django-guardian's object permissions on teams.

Every `queries.py` above reads through here. Missing and forbidden look alike: callers filter, or
raise NotYours, which doors show as 404.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import QuerySet

from hybridops.domain.actors import Actor
from hybridops.domain.decide import Voter
from hybridops.domain.errors import NotYours
from hybridops.teams.models import Membership, Project, Team, User
from hybridops.teams.permissions import ROLE_PERMISSIONS, Permission, Role


def teams_with(user: User, permission: Permission) -> QuerySet[Team]:
    """The teams in which an active user holds this permission."""
    if not user.is_active or not user.is_authenticated:
        return Team.objects.none()
    return Team.objects.filter(pk__in=_held(user, permission))


# What guardian's get_objects_for_user asks, in SQL: a page asks it a dozen times, building it costs more than its
# answer, and as a list of numbers it leaves the plans of larger questions alone.
_HELD = """
    SELECT held.object_pk FROM guardian_groupobjectpermission held
    JOIN teams_user_groups mine ON mine.group_id = held.group_id
    JOIN auth_permission named ON named.id = held.permission_id
    WHERE mine.user_id = %s AND named.codename = %s AND named.content_type_id = %s
    UNION
    SELECT held.object_pk FROM guardian_userobjectpermission held
    JOIN auth_permission named ON named.id = held.permission_id
    WHERE held.user_id = %s AND named.codename = %s AND named.content_type_id = %s
"""


def remember_rights(user: User) -> None:
    """From here on each right of this object is asked for once. Only where nothing changes: a page that is read."""
    if user.held is None:
        user.held = {}


@contextmanager
def rights_remembered(user: User) -> Iterator[None]:
    """The same within a block that changes nobody's rights."""
    before, user.held = user.held, user.held if user.held is not None else {}
    try:
        yield
    finally:
        user.held = before


def _held(user: User, permission: Permission) -> list[int]:
    if user.held is None:
        return _asked(user, permission)
    if permission.value not in user.held:
        user.held[permission.value] = _asked(user, permission)
    return user.held[permission.value]


def _asked(user: User, permission: Permission) -> list[int]:
    asked = [user.pk, permission.value, ContentType.objects.get_for_model(Team).pk]
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [*asked, *asked])
        return sorted(int(pk) for (pk,) in cursor.fetchall())


def may(user: User, permission: Permission, team_id: int | None = None) -> bool:
    """Whether the user holds the permission in this team, or in any team."""
    teams = teams_with(user, permission)
    return (teams.filter(pk=team_id) if team_id is not None else teams).exists()


def check_may(user: User, permission: Permission, team_id: int | None = None) -> None:
    """Raises NotYours unless `may`."""
    if not may(user, permission, team_id):
        raise NotYours("There is nothing here for you.")


def people_with(permission: Permission, team_id: int) -> list[int]:
    """The ids of the active people who hold this permission in a team: whom to tell."""
    roles = [role.value for role, held in ROLE_PERMISSIONS.items() if permission in held]
    here = User.objects.filter(memberships__team=team_id, memberships__role__in=roles)
    return list(here.filter(is_active=True, kind=User.PERSON).distinct().values_list("pk", flat=True))


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
