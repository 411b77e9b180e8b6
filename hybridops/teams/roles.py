"""The table of roles as groups in the database: one group a role and team, holding that role's permissions on it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, transaction
from guardian.shortcuts import assign_perm, get_group_perms, remove_perm

from hybridops.audit.services import record
from hybridops.domain.actors import SYSTEM
from hybridops.teams.models import Team
from hybridops.teams.permissions import ROLE_PERMISSIONS, Role

_TABLES = {"teams_team", "auth_group", "guardian_groupobjectpermission", "audit_stream", "audit_auditevent"}


def group_name(team: Team, role: Role) -> str:
    return f"team-{team.pk}-{role.value}"


def grant(team: Team) -> list[str]:
    """Makes a team's groups hold exactly what the table says; what changed, in words."""
    changed = []
    for role, permissions in ROLE_PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=group_name(team, role))
        wanted: set[str] = {permission.value for permission in permissions}
        held: set[str] = {str(name) for name in get_group_perms(group, team)}
        for name in sorted(wanted - held):
            assign_perm(name, group, team)
            changed.append(f"{role.value} +{name}")
        for name in sorted(held - wanted):
            remove_perm(name, group, team)
            changed.append(f"{role.value} -{name}")
    return changed


@transaction.atomic
def bring_up_to_date() -> None:
    """After an upgrade: every team's groups follow the table. Without a difference nothing is written."""
    for team in Team.objects.all():
        if changed := grant(team):
            record(stream=f"team:{team.pk}", action="roles.changed", actor=SYSTEM, facts={"changed": changed})


def after_migrate(**kwargs: Any) -> None:
    """Once everything is there: a migration may also stop half way."""
    if set(connection.introspection.table_names()) >= _TABLES:
        bring_up_to_date()
