"""Schedules and hooks ask as their owner: once a due time and once a message, and a refusal is told and no end."""

from __future__ import annotations

import base64
import hmac
import json
import os
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from hybridops.artifacts.services import store as keep
from hybridops.audit.models import AuditEvent
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict, NoRoom, NotYours, Refused
from hybridops.engine import firing, leavers
from hybridops.experiments import services as experiments
from hybridops.experiments import snapshots
from hybridops.experiments.models import Run
from hybridops.outbox import signing
from hybridops.outbox.models import Message
from hybridops.quotas.models import Budget
from hybridops.teams import machines
from hybridops.teams.models import Membership, User
from hybridops.triggers import allowed, services
from hybridops.triggers.models import Call, Firing, Hook, Schedule
from tests.engine.schedulers import SCHEDULES
from tests.stores import store
from tests.world import World, submit


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's own transaction is around everything: what is refused rolls back alone, as at a desk."""
    for module, name in ((experiments, "submit"), (services, "add_schedule"), (services, "add_hook")):
        monkeypatch.setattr(module, name, transaction.atomic(getattr(module, name)))


def add(world: World, template: Run | None = None, user: User | None = None, **more: Any) -> Schedule:
    given: dict[str, Any] = {"cron": "0 * * * *", "zone": "UTC", "catch_up": False, "newest_data": False}
    return services.add_schedule(
        user=user or world.ines, template=template or submit(world), **{**given, **more}
    )


def due(row: Schedule, **ago: float) -> None:
    Schedule.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(**(ago or {"seconds": 1})))


def test_a_due_time_is_one_run_as_its_owner_and_the_next_one_follows(world: World) -> None:
    row = add(world)
    assert firing.fire_due() == 0
    due(row)
    assert firing.fire_due() == 1
    assert firing.fire_due() == 0
    (fired,) = Firing.objects.all()
    assert fired.run is not None
    assert (fired.run.requested_by, fired.run.plan["parameters"]) == (
        world.ines,
        row.template.plan["parameters"],
    )
    assert fired.run.pk != row.template_id
    row.refresh_from_db()
    assert row.next_at > timezone.now()
    event = AuditEvent.objects.get(action="schedule.fired")
    assert event.actor == f"person:{world.ines.pk}"
    assert json.loads(event.body)["facts"]["run"] == fired.run.pk


@pytest.mark.parametrize(("catch_up", "runs"), [(True, 1), (False, 0)])
def test_what_was_missed_is_one_run_or_none_as_chosen(world: World, catch_up: bool, runs: int) -> None:
    row = add(world, cron="*/10 * * * *", catch_up=catch_up)
    due(row, hours=7)
    # Late enough that the newest of the missed is past as well, whatever minute it is now.
    Schedule.objects.update(cron="0 0 1 1 *")
    assert firing.fire_due() == runs
    (fired,) = Firing.objects.all()
    assert (fired.run is None, fired.why) == (not runs, "" if runs else firing.MISSED)
    assert firing.fire_due() == 0


def test_a_refusal_is_a_notice_and_the_schedule_goes_on(world: World) -> None:
    row = add(world)
    Budget.objects.update(limit_micro=1)
    due(row)
    assert firing.fire_due() == 0
    (fired,) = Firing.objects.all()
    assert fired.run is None
    assert fired.why
    (told,) = Message.objects.filter(kind="schedule.refused")
    assert (told.to, fired.why in told.text) == (world.ines, True)
    assert AuditEvent.objects.filter(action="schedule.refused").count() == 1
    Budget.objects.update(limit_micro=1_000_000_000)
    due(row)
    assert firing.fire_due() == 1


def test_one_that_fails_does_not_keep_the_others_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(world), add(world)
    asked = firing._ask

    def broken(row: Schedule, when: Any) -> Any:
        if row.pk == first.pk:
            raise RuntimeError("a defect")
        return asked(row, when)

    monkeypatch.setattr(firing, "_ask", broken)
    due(first)
    due(second)
    assert firing.fire_due() == 1
    assert list(Firing.objects.values_list("schedule", flat=True)) == [second.pk]


def test_it_ends_with_its_owner_and_a_service_s_with_who_answers_for_it(world: World) -> None:
    robot, _ = machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=world.ines, team=world.team, actor=SYSTEM
    )
    mine, its = add(world), add(world, submit(world, user=robot))
    assert its.owner == robot
    due(mine)
    due(its)
    leavers.put_out(user=world.ines, successor=None, why="left", actor=SYSTEM)
    assert firing.fire_due() == 0
    assert set(Schedule.objects.values_list("ended_why", flat=True)) == {services.OWNER_OUT}
    assert not Firing.objects.exists()


def test_who_may_not_submit_any_more_is_refused_each_time(world: World) -> None:
    row = add(world)
    Membership.objects.filter(user=world.ines).delete()
    world.ines.groups.clear()
    due(row)
    assert firing.fire_due() == 0
    assert Firing.objects.get().run is None


def test_only_a_run_of_one_s_own_is_a_template(world: World) -> None:
    for user in (world.tomas, world.omar, world.zoe):
        with pytest.raises(BadInput, match="of your own"):
            add(world, submit(world), user=user)


def test_a_team_has_so_many_and_no_more(world: World, settings: Any) -> None:
    settings.TRIGGERS_OF_A_TEAM = 2
    run = submit(world)
    first = add(world, run)
    services.add_hook(user=world.ines, template=run, allowed={}, newest_data=False)
    with pytest.raises(Refused, match="no more"):
        add(world, run)
    services.end(user=world.ines, row=first)
    add(world, run)


def test_paused_it_is_not_due_and_resumed_it_does_not_make_up_for_it(world: World) -> None:
    row = add(world)
    services.pause(user=world.ines, schedule_id=row.pk)
    due(row, hours=3)
    assert firing.fire_due() == 0
    with pytest.raises(Conflict), transaction.atomic():
        services.pause(user=world.ines, schedule_id=row.pk)
    services.resume(user=world.omar, schedule_id=row.pk)  # who operates may as well
    assert firing.fire_due() == 0
    for user in (world.tomas, world.zoe):
        with pytest.raises(NotYours), transaction.atomic():
            services.pause(user=user, schedule_id=row.pk)
    actions = set(AuditEvent.objects.filter(stream=f"schedule:{row.pk}").values_list("action", flat=True))
    assert actions == {"schedule.added", "schedule.paused", "schedule.resumed"}


def test_on_the_newest_data_where_that_was_chosen(world: World) -> None:
    same, newest = add(world), add(world, newest_data=True)
    newer = snapshots.add_snapshot(
        user=world.ines, project_id=world.project.pk, name="Wave 15", filename="w.csv", workflow="fake",
        digest=keep(b"newer"), summary={"size": "9 stops"},
    )  # fmt: skip
    due(same)
    due(newest)
    assert firing.fire_due() == 2
    used = {one.schedule_id: one.run.experiment.snapshot_id for one in Firing.objects.all() if one.run}
    assert used == {same.pk: world.snapshot.pk, newest.pk: newer.pk}


@pytest.mark.slow
def test_schedulers_at_once_that_are_killed_make_no_double(tmp_path: Path) -> None:
    with store("postgresql") as where:  # where they really meet
        env = os.environ | where | {"HYBRIDOPS_HOME": str(tmp_path), "REDIS_URL": ""}
        program = [sys.executable, "-m", "tests.engine.schedulers"]
        done = subprocess.run(program, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["killed"] >= 1
    assert told["ended"] == [0, 0, 0]
    assert {told[name] for name in ("firings", "made", "runs", "events")} == {SCHEDULES}
    assert told["due"] == 0


# Hooks.


@pytest.fixture
def hook(world: World) -> Hook:
    return services.add_hook(
        user=world.ines, template=submit(world), allowed={"shots": [100, 500]}, newest_data=False
    )


def signed(
    hook: Hook, body: bytes, *, message: str = "msg_1", ago: int = 0, key: bytes = b""
) -> dict[str, str]:
    seconds = int(timezone.now().timestamp()) - ago
    secret = key or signing.hook_secret(hook.pk, hook.turn)
    digest = hmac.digest(secret, f"{message}.{seconds}.".encode() + body, sha256)
    told = {"webhook-id": message, "webhook-timestamp": str(seconds)}
    return {**told, "webhook-signature": f"v1a,AAAA v1,{base64.b64encode(digest).decode()}"}


def ask(hook: Hook, body: Any = None, **more: Any) -> Run:
    sent = json.dumps(body or {}).encode()
    return firing.call_hook(key=hook.key, headers=signed(hook, sent, **more), body=sent)


def test_a_signed_message_is_one_run_as_the_owner_with_what_it_may_set(world: World, hook: Hook) -> None:
    run = ask(hook, {"parameters": {"shots": 250}})
    assert (run.requested_by, run.parameters) == (world.ines, {"shots": 250, "rounds": 3})
    assert Call.objects.get().run == run
    event = ask(hook, {"specversion": "1.0", "data": {"parameters": {"shots": 300}}}, message="msg_2")
    assert event.parameters["shots"] == 300
    assert AuditEvent.objects.filter(action="hook.called").count() == 2


def test_unknown_unsigned_old_and_repeated_are_refused_alike(world: World, hook: Hook) -> None:
    body = b"{}"
    good = signed(hook, body)
    firing.call_hook(key=hook.key, headers=good, body=body)
    other = services.add_hook(user=world.ines, template=hook.template, allowed={}, newest_data=False)
    old_secret = signing.hook_secret(other.pk, other.turn)
    services.turn_secret(user=world.ines, hook=other)
    other.refresh_from_db()
    ended = services.add_hook(user=world.ines, template=hook.template, allowed={}, newest_data=False)
    services.end(user=world.ines, row=ended)
    tries = [
        (hook.key, good, body),  # again
        ("no-such-key", signed(hook, body, message="m2"), body),
        ("no-such-key", signed(hook, body, message="m2", key=signing.hook_secret(0, 0)), body),
        (hook.key, signed(hook, body, message="m3", ago=301), body),
        (hook.key, signed(hook, body, message="m4", ago=-301), body),
        (hook.key, signed(hook, body, message="m5", key=b"x" * 32), body),
        (hook.key, signed(hook, body, message="m6"), b'{"a":1}'),
        (hook.key, {**signed(hook, body, message="m7"), "webhook-id": "m8"}, body),
        (hook.key, {**signed(hook, body, message="m9"), "webhook-signature": ""}, body),
        (hook.key, {**signed(hook, body, message="m10"), "webhook-timestamp": "9" * 40}, body),
        (hook.key, {**signed(hook, body, message="m11"), "webhook-signature": "v1,ü"}, body),
        (hook.key, {}, body),
        (hook.key, signed(hook, body, message="m 12"), body),
        (other.key, signed(other, body, message="m13", key=old_secret), body),
        (other.key, signed(hook, body, message="m14"), body),
        (ended.key, signed(ended, body, message="m15"), body),
    ]
    said = set()
    for key, headers, sent in tries:
        with pytest.raises(NotYours) as refused, transaction.atomic():
            firing.call_hook(key=key, headers=headers, body=sent)
        said.add(str(refused.value))
    assert said == {signing.NOTHING}
    assert Call.objects.count() == 1
    firing.call_hook(key=other.key, headers=signed(other, body), body=body)  # an id is one hook's own


@pytest.mark.parametrize(
    "body",
    [
        {"parameters": {"shots": 99}}, {"parameters": {"shots": 501}}, {"parameters": {"shots": True}},
        {"parameters": {"shots": "250"}}, {"parameters": {"rounds": 3}}, {"parameters": {"seed": 1}},
        {"parameters": []}, [], "x", {"specversion": "1.0", "data": [1]}, {"parameters": {"shots": None}},
    ],
)  # fmt: skip
def test_what_is_not_left_open_is_refused_and_told(world: World, hook: Hook, body: Any) -> None:
    sent = json.dumps(body).encode()
    with pytest.raises(BadInput):
        firing.call_hook(key=hook.key, headers=signed(hook, sent), body=sent)
    assert (Run.objects.count(), Call.objects.count()) == (1, 0)
    assert AuditEvent.objects.filter(action="hook.refused").count() == 1
    assert Message.objects.filter(kind="schedule.refused", to=world.ines).count() == 1


def test_what_the_budget_refuses_may_be_sent_again_under_the_same_id(world: World, hook: Hook) -> None:
    Budget.objects.update(limit_micro=1)
    with pytest.raises(NoRoom):
        ask(hook)
    Budget.objects.update(limit_micro=1_000_000_000)
    ask(hook)
    with pytest.raises(NotYours), transaction.atomic():
        ask(hook)


def test_a_hook_ends_with_its_owner_at_once(world: World, hook: Hook) -> None:
    leavers.put_out(user=world.ines, successor=None, why="left", actor=SYSTEM)
    with pytest.raises(NotYours):
        ask(hook)


def test_a_hook_makes_so_many_runs_a_minute(world: World, hook: Hook, settings: Any) -> None:
    settings.HOOK_CALLS_A_MINUTE = 2
    for n in range(2):
        ask(hook, message=f"m{n}")
    with pytest.raises(firing.TooOften):
        ask(hook, message="m3")
    assert not Message.objects.filter(kind="schedule.refused").exists()


def test_what_a_hook_leaves_open_is_inside_the_signed_range(world: World) -> None:
    from hybridops.definitions.queries import workflow_named

    definition, _ = workflow_named("fake")
    assert allowed.read("shots 100 to 500\n\nrounds 2", definition) == {"shots": [100, 500], "rounds": [2, 2]}
    for text in (
        "shots 5 to 50",
        "shots 100 to 5000",
        "shots 500 to 100",
        "shots",
        "shots many",
        "walks 1 to 2",
    ):
        with pytest.raises(BadInput) as refused:
            allowed.read(text, definition)
        assert (refused.value.field, refused.value.line) == ("allowed", 1)
