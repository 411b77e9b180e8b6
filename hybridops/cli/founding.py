"""What stands in a new installation: keys, the first administrator, the shipped documents, a first team."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from hybridops.audit import keyring
from hybridops.domain.actors import SYSTEM
from hybridops.engine.authoring import prepare_reviews
from hybridops.engine.builtin import sign_shipped
from hybridops.quotas.limits import open_budget
from hybridops.quotas.models import Budget
from hybridops.quotas.periods import month, today
from hybridops.teams import services as teams
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Role

FIRST_BUDGET_MICRO = 10_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What `found` made: the password of the first administrator, once, and the key files to back up."""

    username: str
    password: str
    keys: tuple[str, ...]


def found() -> Found:
    """Makes what is missing; a second call makes nothing. What an upgrade changed is drafted, for a person to sign."""
    made = keyring.make_missing()
    sign_shipped(actor=SYSTEM)
    password = ""
    if not User.objects.exists():
        password = secrets.token_urlsafe(12)
        admin = teams.add_person(
            username="admin", name="Administrator", email="admin@localhost", password=password, actor=SYSTEM
        )
        team = teams.add_team(slug="first", name="First team", actor=SYSTEM)
        teams.add_project(team=team, slug="first", name="First project", actor=SYSTEM)
        teams.join(user=admin, team=team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    prepare_reviews()
    for team in Team.objects.all():
        _budget_this_month(team)
    return Found("admin" if password else "", password, tuple(str(path) for path in made))


def _budget_this_month(team: Team) -> None:
    """A small budget where a team has none at all, so that the simulators can be tried at once."""
    if not Budget.objects.filter(team=team).exists():
        first, last = month(today())
        open_budget(
            team_id=team.pk,
            name=f"{team.name}, {first:%B %Y}",
            limit_micro=FIRST_BUDGET_MICRO,
            starts_on=first,
            ends_on=last,
            actor=SYSTEM,
        )


def add_person(*, username: str, name: str, email: str, team_slug: str, role: Role) -> str:
    """A person with a role in a team; the password that was made for them, shown once."""
    password = secrets.token_urlsafe(12)
    team = Team.objects.get(slug=team_slug)
    user = teams.add_person(username=username, name=name, email=email, password=password, actor=SYSTEM)
    teams.join(user=user, team=team, role=role, actor=SYSTEM)
    return password
