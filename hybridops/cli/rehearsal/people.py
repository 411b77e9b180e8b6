"""The demo's teams, people and budgets."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from hybridops.artifacts.services import store
from hybridops.audit import keyring
from hybridops.cli.rehearsal.cast import CAST, CODE_SECRET, PASSWORD
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.presence import Method
from hybridops.engine import intake
from hybridops.engine.builtin import document, sign_shipped
from hybridops.experiments.models import DataSnapshot
from hybridops.quotas import periods
from hybridops.quotas.limits import open_budget
from hybridops.quotas.models import Budget
from hybridops.teams import services as teams
from hybridops.teams.models import Project, Team, User
from hybridops.teams.permissions import Role
from hybridops.teams.presence import add_code

PROJECTS = (("car-share", "Car-share Montréal"), ("warehouse", "Warehouse routing"))
HISTORY_DAYS = 90
MONTHLY_USD = {"": 900, "car-share": 600, "warehouse": 250}


def found_demo(today: date) -> None:
    """Makes what is missing of the demo's world as it stood before its history began."""
    keyring.make_missing()
    started = clock.now() - timedelta(days=HISTORY_DAYS)
    with clock.at(started):
        team = Team.objects.filter(slug="logistics").first() or _team()
        _documents()
        day = periods.month(periods.today())[0]
    for user in User.objects.filter(username__in=[username for username, *_ in CAST]):
        add_code(user, CODE_SECRET)
    fresh = not Budget.objects.filter(team=team).exists()
    while day <= today + timedelta(days=31):
        with clock.at(started) if fresh else nullcontext():  # money is there before it is spent
            _budgets(team, day)
        day = periods.month(day)[1] + timedelta(days=1)


def _team() -> Team:
    team = teams.add_team(slug="logistics", name="Logistics", actor=SYSTEM)
    hashed = make_password(PASSWORD)
    for username, name, role in CAST:
        user = teams.add_person(
            username=username,
            name=name,
            email=f"{username}@example.org",
            password=PASSWORD,
            hashed=hashed,
            actor=SYSTEM,
        )
        teams.join(user=user, team=team, role=Role(role), actor=SYSTEM)
    for slug, name in PROJECTS:
        teams.add_project(team=team, slug=slug, name=name, actor=SYSTEM)
    return team


def _documents() -> None:
    """Signed with two people behind them: neither of them decides on runs."""
    people = {user.username: user.pk for user in User.objects.filter(username__in=("priya", "astrid"))}
    sign_shipped(
        actor=SYSTEM, author_id=people["priya"], approver_id=people["astrid"], policy=_policy(), again=True
    )


def _policy() -> dict[str, Any]:
    """The shipped policy, which here also takes what the recorded past proves: that it was rehearsed."""
    body = document("policy")
    for tier in body["tiers"]:
        if "step_up" in tier:
            tier["step_up"] = [*tier["step_up"], Method.REHEARSAL.value]
    return body


def _budgets(team: Team, day: date) -> None:
    first, last = periods.month(day)
    if Budget.objects.filter(team=team, starts_on=first).exists():
        return
    for slug, usd in MONTHLY_USD.items():
        project = Project.objects.get(slug=slug) if slug else None
        open_budget(
            team_id=team.pk,
            project_id=project.pk if project else None,
            name=f"{project or team}, {first:%B %Y}",
            limit_micro=usd * 1_000_000,
            starts_on=first,
            ends_on=last,
            actor=SYSTEM,
        )


def add_snapshot(username: str, project: str, name: str, data: bytes, filename: str) -> DataSnapshot:
    """Input data of the demo, listed by one of its analysts; the same twice is the same."""
    user = User.objects.get(username=username)
    listed = Project.objects.get(slug=project)
    known = DataSnapshot.objects.filter(project=listed, digest=store(data, media_type="text/plain")).first()
    return known or intake.add_snapshot(
        user=user,
        project_id=listed.pk,
        workflow_name="routing",
        name=name,
        filename=filename,
        data=data,
        data_class="public",
    )
