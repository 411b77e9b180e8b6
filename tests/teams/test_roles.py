"""The one table of roles: kept by the database after an upgrade, by machines, and apart from each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm

from hybridops.audit.models import AuditEvent
from hybridops.bootstrap import ROOT
from hybridops.domain.actors import SYSTEM
from hybridops.domain.decide import Needed, is_agreed
from hybridops.domain.errors import BadInput, NotYours, Refused
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import managed_budget
from hybridops.teams import machines, services
from hybridops.teams.access import actor, behind, may, teams_with
from hybridops.teams.models import Membership, Team, User
from hybridops.teams.permissions import LABELS, MACHINE_ROLES, ROLE_PERMISSIONS, Permission, Role
from hybridops.teams.roles import bring_up_to_date, group_name
from tests.world import World

OF = {
    Role.ANALYST: "ines", Role.REVIEWER: "mikkel", Role.POLICY_OWNER: "priya", Role.FINANCE: "farah",
    Role.OPERATOR: "omar", Role.AUDITOR: "aud",
}  # fmt: skip


@pytest.mark.parametrize("role", list(OF))
def test_everybody_may_what_the_table_says_and_nothing_else(world: World, role: Role) -> None:
    user = world.people[OF[role]]
    held = {permission for permission in Permission if may(user, permission, world.team.pk)}
    assert held == ROLE_PERMISSIONS[role]
    assert not any(may(world.zoe, permission, world.team.pk) for permission in Permission)


def test_the_table_in_the_docs_is_this_one() -> None:
    assert (Path(ROOT) / "docs" / "roles.md").read_text().split("\n\n", 2)[2] == table()


def table() -> str:
    """The table of docs/roles.md, as it has to stand there."""
    lines = ["| may | " + " | ".join(role.value for role in Role) + " |", "|---|" + "---|" * len(Role)]
    for permission, label in LABELS.items():
        marks = [" x " if permission in ROLE_PERMISSIONS[role] else "   " for role in Role]
        lines.append(f"| {label} (`{permission.value}`) |{'|'.join(marks)}|")
    return "\n".join(lines) + "\n"


def test_a_team_from_before_an_upgrade_follows_the_table(world: World) -> None:
    """As if the installation came from a version without policy owners, and with a right since taken away."""
    Group.objects.get(name=group_name(world.team, Role.POLICY_OWNER)).delete()
    analysts = Group.objects.get(name=group_name(world.team, Role.ANALYST))
    remove_perm("propose_definitions", analysts, world.team)
    assign_perm("decide", analysts, world.team)
    bring_up_to_date()
    fresh = User.objects.get(pk=world.ines.pk)
    assert {p for p in Permission if may(fresh, p, world.team.pk)} == ROLE_PERMISSIONS[Role.ANALYST]
    services.join(user=fresh, team=world.team, role=Role.POLICY_OWNER, actor=SYSTEM)
    assert may(User.objects.get(pk=fresh.pk), Permission.MANAGE_POLICY, world.team.pk)
    told = AuditEvent.objects.filter(action="roles.changed").count()
    assert told == 1
    bring_up_to_date()
    assert AuditEvent.objects.filter(action="roles.changed").count() == told


def test_finance_fills_no_reviewer_s_place_and_a_reviewer_raises_no_budget(world: World) -> None:
    wanted = [Needed("reviewer", 1), Needed("finance", 1)]
    assert not is_agreed(wanted, {1: frozenset({"finance"}), 2: frozenset({"finance"})})
    assert is_agreed(wanted, {1: frozenset({"finance"}), 2: frozenset({"reviewer"})})
    budget = Budget.objects.get()
    assert managed_budget(world.farah, budget.pk)
    for name in ("mikkel", "priya", "omar", "aud", "ines", "zoe"):
        with pytest.raises(NotYours):
            managed_budget(world.people[name], budget.pk)


def test_nobody_gives_themselves_a_role(world: World) -> None:
    services.join(user=world.omar, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    with pytest.raises(Refused):
        services.join(user=world.omar, team=world.team, role=Role.REVIEWER, actor=actor(world.omar))
    services.join(user=world.tomas, team=world.team, role=Role.REVIEWER, actor=actor(world.omar))


def test_adding_never_changes_who_is_there(world: World) -> None:
    before = User.objects.get(pk=world.ines.pk)
    with pytest.raises(BadInput, match="already"):
        services.add_person(
            username="ines", name="Other", email="x@example.org", password="correct horse 77x", actor=SYSTEM
        )
    with pytest.raises(BadInput, match="already"):
        machines.add_service(
            username="ines", name="Other", kind="service", sponsor=world.tomas, team=world.team, actor=SYSTEM
        )
    with pytest.raises(BadInput, match="one account"):
        services.add_person(
            username="ines2",
            name="Ines",
            email="INES@example.org",
            password="correct horse 77x",
            actor=SYSTEM,
        )
    after = User.objects.get(pk=world.ines.pk)
    assert (after.name, after.email, after.password, after.kind) == (
        before.name,
        before.email,
        before.password,
        before.kind,
    )


@pytest.mark.parametrize("role", [role for role in Role if role not in MACHINE_ROLES])
@pytest.mark.parametrize("kind", ["service", "agent"])
def test_a_machine_is_given_no_role_of_people(world: World, role: Role, kind: str) -> None:
    robot, _ = machines.add_service(
        username="robot", name="Robot", kind=kind, sponsor=world.ines, team=world.team, actor=SYSTEM
    )
    with pytest.raises(Refused):
        services.join(user=robot, team=world.team, role=role, actor=SYSTEM)
    assert list(Membership.objects.filter(user=robot).values_list("role", flat=True)) == ["analyst"]


def test_a_person_who_is_here_and_no_machine_answers_for_a_service(world: World) -> None:
    told = {"username": "robot", "name": "Robot", "kind": "service", "team": world.team, "actor": SYSTEM}
    robot, _ = machines.add_service(**told, sponsor=world.ines)
    with pytest.raises(Refused):
        machines.add_service(**told | {"username": "other"}, sponsor=robot)
    User.objects.filter(pk=world.tomas.pk).update(is_active=False)
    with pytest.raises(Refused):
        machines.add_service(**told | {"username": "other"}, sponsor=User.objects.get(pk=world.tomas.pk))
    with pytest.raises(BadInput):
        machines.add_service(**told | {"username": "other", "kind": "person"}, sponsor=world.ines)
    assert behind(robot) == {robot.pk, world.ines.pk}
    assert behind(world.ines) == {world.ines.pk}


def test_teams_are_those_that_guardian_finds(world: World):
    """The question is in SQL of our own; the answer is guardian's, also for what a person holds without a group."""
    assign_perm("see_audit", world.zoe, world.team)
    for person in world.people.values():
        for permission in Permission:
            guardians = get_objects_for_user(
                person, permission.value, klass=Team, with_superuser=False, accept_global_perms=False
            )
            assert set(teams_with(person, permission)) == set(guardians)
    assert world.team in teams_with(world.zoe, Permission.SEE_AUDIT)
