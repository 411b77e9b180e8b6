"""What somebody who left had begun goes to a successor, or stands as orphaned with the administrators.

Nothing gets weaker: a successor who takes a run over does not decide on it, and delegations end.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from hybridops.approvals import delegations
from hybridops.approvals import services as approvals
from hybridops.audit.services import record
from hybridops.definitions import drafts
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Refused
from hybridops.experiments import succession
from hybridops.experiments.books import hold
from hybridops.experiments.conduct import inbox_changed, subject
from hybridops.teams import leaving
from hybridops.teams.access import projects_with, teams_with
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission


@dataclass(frozen=True, slots=True)
class Left:
    """What of people who are out still has nobody: runs, data and drafts, counted."""

    person: User
    runs: int
    data: int
    drafts: int


@transaction.atomic
def put_out(*, user: User, successor: User | None, why: str, actor: Actor) -> None:
    """Deactivates an account and hands over what it leaves; without a successor it is orphaned."""
    if successor is not None:
        _check_successor(user, successor)
    leaving.deactivate(user=user, why=why, actor=actor, successor=successor)
    delegations.end_all(person_id=user.pk, actor=actor)
    if successor is not None:
        _hand_over(user, successor, actor)


@transaction.atomic
def hand_over(*, user: User, successor: User, actor: Actor) -> None:
    """The same later, for somebody who is out already. What the successor may not do stays orphaned."""
    if user.is_active:
        raise Refused(f"{user} is still active and keeps their own work.")
    _check_successor(user, successor)
    _hand_over(user, successor, actor)


def _check_successor(user: User, successor: User) -> None:
    if successor.pk == user.pk or successor.kind != User.PERSON or not successor.is_active:
        raise Refused("A successor is another active person.")


def _hand_over(user: User, successor: User, actor: Actor) -> None:
    projects = set(projects_with(successor, Permission.SUBMIT_RUNS).values_list("pk", flat=True))
    proposes = set(teams_with(successor, Permission.PROPOSE_DEFINITIONS).values_list("pk", flat=True))
    runs = succession.take_runs(of=user.pk, to=successor.pk, projects=projects)
    asked = succession.open_runs_of(successor.sponsored.filter(is_active=True).values_list("pk", flat=True))
    open_ones = sorted({*runs, *asked})
    hold(*open_ones)
    for run_id in open_ones:
        for request_id in approvals.involve(subject=subject(run_id), person_id=successor.pk, actor=actor):
            inbox_changed(request_id)
    facts = {
        "to": successor.pk,
        "runs": runs,
        "data": succession.take_data(of=user.pk, to=successor.pk, projects=projects),
        "drafts": drafts.take_over(of=user.pk, to=successor.pk, teams=proposes),
    }
    record(stream=f"user:{user.pk}", action="work.handed_over", actor=actor, facts=facts)


def orphaned(user: User) -> list[Left]:
    """What people who are out left without a successor, in the teams whose people this person manages."""
    teams = set(teams_with(user, Permission.MANAGE_PEOPLE).values_list("pk", flat=True))
    out = User.objects.filter(is_active=False, kind=User.PERSON, memberships__team__in=teams).distinct()
    found = [_left(person, teams) for person in out.order_by("name")]
    return [one for one in found if one.runs or one.data or one.drafts]


def _left(person: User, teams: set[int]) -> Left:
    here = Team.objects.filter(pk__in=teams)
    runs, data = succession.left_by(person.pk, here)
    return Left(person, runs, data, drafts.open_of(person.pk, teams))
