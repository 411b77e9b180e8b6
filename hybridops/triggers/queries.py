"""Schedules and hooks as people may see them: those of the teams whose runs they see."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from hybridops.domain import clock
from hybridops.domain.cron import upcoming
from hybridops.domain.errors import NotYours
from hybridops.experiments.models import Run
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.triggers.models import Call, Firing, Hook, Schedule

SHOWN = 3
ENDED_SHOWN = 20


def schedules_for(user: User) -> QuerySet[Schedule]:
    """Newest first, with what a list shows."""
    teams = teams_with(user, Permission.SEE_RUNS)
    return Schedule.objects.filter(team__in=teams).select_related(*_WITH).order_by("-id")


def hooks_for(user: User) -> QuerySet[Hook]:
    teams = teams_with(user, Permission.SEE_RUNS)
    return Hook.objects.filter(team__in=teams).select_related(*_WITH).order_by("-id")


_WITH = ("owner", "team", "template__experiment")


def schedule_for(user: User, pk: int) -> Schedule:
    """One of them; raises NotYours whether it is absent or not this person's to see."""
    found = schedules_for(user).filter(pk=pk).first()
    if found is None:
        raise NotYours("There is no such schedule.")
    return found


def hook_for(user: User, pk: int) -> Hook:
    found = hooks_for(user).filter(pk=pk).first()
    if found is None:
        raise NotYours("There is no such hook.")
    return found


def next_times(row: Schedule) -> list[datetime]:
    """When it is due next, in UTC; nothing while it is paused or after its end."""
    if row.paused_at is not None or row.ended_at is not None:
        return []
    now = clock.now()
    return [row.next_at, *upcoming(row.cron, row.zone, max(row.next_at, now), SHOWN - 1)]


def last_firings(row: Schedule) -> list[Firing]:
    return list(row.firings.select_related("run").order_by("-due_at")[:SHOWN])


def last_calls(row: Hook) -> list[Call]:
    return list(row.calls.select_related("run").order_by("-id")[:SHOWN])


def templates_for(user: User) -> QuerySet[Run]:
    """The newest runs that a trigger of this person may ask for again: their own and those of their services."""
    whose = [user.pk, *user.sponsored.filter(is_active=True).values_list("pk", flat=True)]
    teams = teams_with(user, Permission.SUBMIT_RUNS)
    rows = Run.objects.filter(requested_by__in=whose, experiment__project__team__in=teams)
    rows = rows.filter(experiment__snapshot__removed_at=None)
    return rows.select_related("experiment__project__team", "requested_by").order_by("-id")
