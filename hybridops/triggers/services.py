"""What people do with schedules and hooks: add, pause, resume, end, change a secret. Each verb is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.cron import check_cron, upcoming
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.experiments.models import Run
from hybridops.teams.access import actor, check_may, may
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission
from hybridops.triggers.models import Hook, Schedule, Trigger

OWNER_OUT = "its owner is not active any more"


@transaction.atomic(savepoint=False)
def add_schedule(
    *, user: User, template: Run, cron: str, zone: str, catch_up: bool, newest_data: bool
) -> Schedule:
    """Asks for what a run of one's own asked for, over and over. Raises BadInput with the field, or Refused."""
    cron, now = " ".join(cron.split()), clock.now()
    check_cron(cron, zone, now)
    made = Schedule.objects.create(
        **_common(user, template, newest_data),
        cron=cron,
        zone=zone,
        catch_up=catch_up,
        next_at=upcoming(cron, zone, now, 1)[0],
    )
    facts = {"cron": cron, "zone": zone, "catch_up": catch_up, "newest_data": newest_data}
    _record(made, "schedule.added", actor(user), {**facts, "template": template.pk, "owner": made.owner_id})
    return made


@transaction.atomic(savepoint=False)
def add_hook(*, user: User, template: Run, allowed: Mapping[str, Any], newest_data: bool) -> Hook:
    """An address that others may call; `allowed` was read by `allowed.read`. Refused at the limit of the team."""
    common = _common(user, template, newest_data)
    made = Hook.objects.create(**common, key=secrets.token_urlsafe(18), allowed=dict(allowed))
    facts = {"template": template.pk, "owner": made.owner_id, "allowed": made.allowed}
    _record(made, "hook.added", actor(user), {**facts, "newest_data": newest_data})
    return made


def _common(user: User, template: Run, newest_data: bool) -> dict[str, Any]:
    """The row's owner is whoever asked for the template: oneself, or a service that one answers for."""
    owner, team = template.requested_by, template.experiment.project.team
    if user.pk not in (owner.pk, owner.sponsor_id):
        raise BadInput("Choose a run of your own, or of a service that you answer for.", field="template")
    if not owner.is_active or not may(owner, Permission.SUBMIT_RUNS, team.pk):
        raise BadInput(f"{owner} may not submit in this project any more.", field="template")
    _check_room(team)
    return {
        "owner": owner,
        "team": team,
        "template": template,
        "newest_data": newest_data,
        "made_at": clock.now(),
    }


def _check_room(team: Team) -> None:
    Team.objects.select_for_update().get(pk=team.pk)  # two at once must not both find the last place
    count = sum(kind.objects.filter(team=team, ended_at=None).count() for kind in (Schedule, Hook))
    if count >= settings.TRIGGERS_OF_A_TEAM:
        raise Refused(f"{team} has {count} schedules and hooks, and no more are allowed. End one first.")


@transaction.atomic(savepoint=False)
def pause(*, user: User, schedule_id: int) -> Schedule:
    """Nothing is due until it is resumed; raises Conflict where it is paused already."""
    row = _taken(user, schedule_id)
    if row.paused_at is not None:
        raise Conflict("It is paused already.")
    Schedule.objects.filter(pk=row.pk).update(paused_at=clock.now())
    _record(row, "schedule.paused", actor(user), {})
    return row


@transaction.atomic(savepoint=False)
def resume(*, user: User, schedule_id: int) -> Schedule:
    """It goes on with the next due time; what was due meanwhile was meant not to be."""
    row = _taken(user, schedule_id)
    if row.paused_at is None:
        raise Conflict("It is not paused.")
    next_at = upcoming(row.cron, row.zone, clock.now(), 1)[0]
    Schedule.objects.filter(pk=row.pk).update(paused_at=None, next_at=next_at)
    _record(row, "schedule.resumed", actor(user), {})
    return row


def _taken(user: User, schedule_id: int) -> Schedule:
    row = Schedule.objects.select_for_update().get(pk=schedule_id)
    check_rules(user, row)
    if row.ended_at is not None:
        raise Conflict(f"{row} has ended.")
    return row


@transaction.atomic(savepoint=False)
def end(*, user: User, row: Schedule | Hook) -> None:
    """It asks for nothing more. Twice changes nothing."""
    check_rules(user, row)
    _end(row, f"ended by {'its owner' if user.pk == row.owner_id else 'another person'}", actor(user))


@transaction.atomic(savepoint=False)
def turn_secret(*, user: User, hook: Hook) -> Hook:
    """A new secret; the one before counts no more."""
    check_rules(user, hook)
    fresh = Hook.objects.select_for_update().get(pk=hook.pk)
    if fresh.ended_at is not None:
        raise Conflict(f"{fresh} has ended.")
    fresh.turn += 1
    fresh.save(update_fields=["turn"])
    _record(fresh, "hook.secret", actor(user), {"turn": fresh.turn})
    return fresh


def check_rules(user: User, row: Trigger) -> None:
    """Its owner, who answers for it, and who operates in the team; raises NotYours for everybody else."""
    if user.pk not in (row.owner_id, row.owner.sponsor_id):
        check_may(user, Permission.OPERATE, row.team_id)


@transaction.atomic(savepoint=False)
def end_left() -> None:
    """What belongs to somebody who is out ends with them."""
    for kind in (Schedule, Hook):
        for row in kind.objects.filter(ended_at=None, owner__is_active=False):
            _end(row, OWNER_OUT, SYSTEM)


@transaction.atomic(savepoint=False)
def end_over(row: Schedule) -> None:
    """A schedule that is never due again."""
    _end(row, "it is never due again", SYSTEM)


def _end(row: Schedule | Hook, why: str, by: Actor) -> None:
    open_one = type(row)._default_manager.filter(pk=row.pk, ended_at=None)
    if open_one.update(ended_at=clock.now(), ended_why=why):
        _record(row, f"{type(row).__name__.lower()}.ended", by, {"why": why})


def _record(row: Schedule | Hook, action: str, by: Actor, facts: Mapping[str, Any]) -> None:
    record(stream=stream_of(row), action=action, actor=by, facts=facts)


def stream_of(row: Schedule | Hook) -> str:
    """Its own stream in the trail."""
    return f"{type(row).__name__.lower()}:{row.pk}"
