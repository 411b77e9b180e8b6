"""Schedules and hooks that ask for a run: as their owner, once a due time and once a message, by the usual intake."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from hybridops.audit.services import record
from hybridops.definitions.queries import workflow_named
from hybridops.domain import clock
from hybridops.domain.cron import latest, upcoming
from hybridops.domain.errors import HybridopsError, NotYours, Refused
from hybridops.engine import intake
from hybridops.engine.preview import preview
from hybridops.experiments.models import Run
from hybridops.experiments.queries import snapshots_for
from hybridops.experiments.replays import wanted_again
from hybridops.experiments.services import Wanted
from hybridops.outbox import signing
from hybridops.outbox.services import tell
from hybridops.teams.access import actor
from hybridops.teams.models import User
from hybridops.triggers import allowed, services
from hybridops.triggers.models import Call, Firing, Hook, Schedule
from hybridops.trust.canonical import digest

LATE = timedelta(minutes=5)  # past its time by more, a due time was missed
MINUTE = timedelta(minutes=1)
MISSED = "missed: nothing ran here at that time"
AT_ONCE = 50
_log = logging.getLogger(__name__)


class TooOften(Refused):
    """A hook has made as many runs within a minute as it may."""


def check_wanted(*, user: User, template: Run, newest_data: bool) -> None:
    """Raises BadInput or Refused where the template could not be asked for now: better told today than at night."""
    row = Schedule(owner=template.requested_by, template=template, newest_data=newest_data)
    preview(user=row.owner, workflow_name=template.experiment.workflow, wanted=_wanted(row))


def _wanted(row: Schedule | Hook) -> Wanted:
    """What the template asked for, without its deadline, perhaps on newer data."""
    asked = replace(wanted_again(row.template), deadline=None)
    if not row.newest_data:
        return asked
    reads = row.template.experiment.snapshot.workflow
    newest = snapshots_for(row.owner).filter(project=asked.project_id, workflow=reads).first()
    return replace(asked, snapshot_id=newest.pk) if newest else asked


def fire_due() -> int:
    """Every schedule that is due asks once; how many runs there are now. Two schedulers at once do no harm."""
    services.end_left()
    due = Schedule.objects.filter(next_at__lte=clock.now(), paused_at=None, ended_at=None)
    return sum(_guarded(pk) for pk in due.order_by("next_at").values_list("pk", flat=True)[:AT_ONCE])


def _guarded(pk: int) -> bool:
    try:
        return _fire(pk)
    except Exception:  # one that cannot be asked for must not keep the others waiting; it is tried again
        _log.exception("schedule %s could not fire", pk)
        return False


@transaction.atomic
def _fire(pk: int) -> bool:
    """One due time of one schedule; in one transaction its row, its run and when it is due next."""
    now = clock.now()
    open_ones = Schedule.objects.select_for_update(of=("self",)).select_related(
        "owner", "template__experiment"
    )
    row = open_ones.filter(pk=pk, next_at__lte=now, paused_at=None, ended_at=None).first()
    if row is None:
        return False  # another scheduler was here
    due = latest(row.cron, row.zone, row.next_at, now)
    made = Firing.objects.create(schedule=row, due_at=due, made_at=now)
    if now - due > LATE and not row.catch_up:
        run, why = None, MISSED
    else:
        run, why = _ask(row, due)
    Firing.objects.filter(pk=made.pk).update(run=run, why=why[:300])
    later = upcoming(row.cron, row.zone, now, 1)
    if later:
        Schedule.objects.filter(pk=row.pk).update(next_at=later[0])
    else:
        services.end_over(row)
    facts = {"due": due.isoformat(), "run": run.pk if run else None}
    action = "schedule.fired" if run else "schedule.refused"
    said = {"why": why} if why else {}
    record(stream=services.stream_of(row), action=action, actor=actor(row.owner), facts=facts, personal=said)
    return run is not None


def _ask(row: Schedule, due: datetime) -> tuple[Run | None, str]:
    """The run, or in which words it was refused; then the owner is told, and the schedule goes on."""
    key = digest(f"schedule {row.pk} {due.isoformat()}".encode())
    try:
        with transaction.atomic():  # a refusal takes back what the submit began, not the schedule's own row
            asked = _wanted(row)
            name = row.template.experiment.workflow
            return intake.submit(user=row.owner, workflow_name=name, wanted=asked, submit_key=key), ""
    except HybridopsError as problem:
        _tell_refused(row, problem, f"schedule:{row.pk}:{due.isoformat()}")
        return None, str(problem)


def _tell_refused(row: Schedule | Hook, problem: HybridopsError, occasion: str) -> None:
    what = type(row).__name__.lower()
    tell(
        kind="schedule.refused",
        occasion=occasion,
        to=[row.owner.sponsor_id or row.owner_id],
        team_id=row.team_id,
        subject=f"{row} made no run",
        text=f"{problem} The {what} goes on; mend it, or end it.",
        path="/schedules/",
        data={"trigger": row.pk, "what": what, "code": type(problem).__name__},
    )


def call_hook(*, key: str, headers: Mapping[str, str], body: bytes) -> Run:
    """The run that a signed message asks for. Unknown, unsigned, old and repeated ones all raise the same NotYours.

    What the hook does not leave open raises BadInput; what the intake refuses is told its owner and raised.
    """
    hook = Hook.objects.filter(key=key, ended_at=None, owner__is_active=True).select_related(*_WITH).first()
    keys = [signing.hook_secret(hook.pk, hook.turn) if hook else signing.hook_secret(0, 0)]
    message = signing.verify(headers=headers, body=body, keys=keys, now=clock.now())
    if hook is None:
        raise NotYours(signing.NOTHING)
    try:
        with transaction.atomic():
            return _call(hook, message, body)
    except (NotYours, TooOften):
        raise
    except HybridopsError as problem:
        with transaction.atomic():
            said = {"why": str(problem)}
            facts = {"message": message, "code": type(problem).__name__}
            record(
                stream=services.stream_of(hook),
                action="hook.refused",
                actor=actor(hook.owner),
                facts=facts,
                personal=said,
            )
            _tell_refused(hook, problem, f"hook:{hook.pk}:{message}"[:160])
        raise


_WITH = ("owner", "template__experiment")


def _call(hook: Hook, message: str, body: bytes) -> Run:
    """In one transaction the run and the message that it came from; while the hook's row is held, one at a time."""
    Hook.objects.select_for_update().get(pk=hook.pk)
    if Call.objects.filter(hook=hook, message=message).exists():
        raise NotYours(signing.NOTHING)
    lately = Call.objects.filter(hook=hook, made_at__gt=clock.now() - MINUTE).count()
    if lately >= settings.HOOK_CALLS_A_MINUTE:
        raise TooOften(f"{hook} made {lately} runs within a minute, and may make no more. Wait a minute.")
    name = hook.template.experiment.workflow
    asked = _wanted(hook)
    given = allowed.parameters(body, hook.allowed, workflow_named(name)[0])
    run = intake.submit(
        user=hook.owner,
        workflow_name=name,
        wanted=replace(asked, parameters={**asked.parameters, **given}),
        submit_key=digest(f"hook {hook.pk} {message}".encode()),
    )
    Call.objects.create(hook=hook, message=message, run=run, made_at=clock.now())
    facts = {"message": message, "run": run.pk, "parameters": given}
    record(stream=services.stream_of(hook), action="hook.called", actor=actor(hook.owner), facts=facts)
    return run
