"""Events to a real RabbitMQ and a real Redis: in the transaction, at least once, in order per run, and dead letters."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from hybridops.audit.models import AuditEvent
from hybridops.bootstrap import ROOT
from hybridops.config.events import brokers as read_file
from hybridops.domain.errors import BadInput, Conflict
from hybridops.outbox import queue, services
from hybridops.outbox.brokers import brokers
from hybridops.outbox.checks import check_brokers
from hybridops.outbox.events import emit
from hybridops.outbox.models import Publication
from hybridops.outbox.publishing import Publisher
from hybridops.teams.access import actor
from tests.outbox import couriers
from tests.stores import skip_or_fail, store
from tests.world import World, submit

URLS = {
    "rabbitmq": os.environ.get("HYBRIDOPS_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": os.environ.get("HYBRIDOPS_TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
}


def reached(which: str) -> str:
    url = urlsplit(URLS[which])
    try:
        socket.create_connection((url.hostname or "", url.port or 0), timeout=2).close()
    except OSError as problem:
        skip_or_fail(f"no {which} answers: {problem}")
    return URLS[which]


def use(settings: Any, url: str, **changes: Any) -> None:
    settings.BROKERS = {"test": couriers.settings_of(url)["test"] | changes}


@pytest.fixture
def rabbit(settings: Any) -> Iterator[str]:
    url = reached("rabbitmq")
    use(settings, url)
    yield url
    couriers.clear(url)


def tell(world: World, version: int = 1, run: int = 7, **more: Any) -> None:
    emit(
        kind="run.changed", occasion=f"run:{run}:version:{version}", team_id=world.team.pk, path=f"/runs/{run}/",
        data={"run": run, "version": version, **more},
    )  # fmt: skip


def later() -> None:
    Publication.objects.filter(state="queued").update(next_at=timezone.now() - timedelta(seconds=1))


def ids(read: list[dict[str, Any]]) -> list[str]:
    return [json.loads(one["body"])["id"] for one in read]


@pytest.mark.parametrize("which", URLS)
def test_what_arrives_is_a_cloudevent_by_its_own_library(world: World, settings: Any, which: str) -> None:
    url = reached(which)
    use(settings, url)
    run = submit(world)
    try:
        assert Publisher().publish_due() == Publication.objects.count() == 1
        (read,) = couriers.read(url)
    finally:
        couriers.clear(url)
    assert read["type"] == "application/cloudevents+json"
    sent = HTTPMessage(headers={"content-type": read["type"]}, body=read["body"].encode())
    event = from_structured_event(sent)
    assert (event.get_type(), event.get_id()) == ("dev.hybridops.run.changed", f"run:{run.pk}:version:1")
    assert event.get_extension("partitionkey") == f"run:{run.pk}"
    assert event.get_data()["state"] == "queued"
    if which == "rabbitmq":
        assert read["properties"]["message_id"] == event.get_id()
        assert read["properties"]["delivery_mode"] == 2


def test_what_is_taken_back_is_never_told_and_the_same_is_told_once(world: World, rabbit: str) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(world)
        raise RuntimeError("the move failed")
    tell(world, 2)
    tell(world, 2)
    assert Publisher().publish_due() == 1
    assert ids(couriers.read(rabbit)) == ["run:7:version:2"]


def test_only_the_kinds_that_a_broker_wants(world: World, settings: Any) -> None:
    use(settings, "amqp://nowhere", kinds=("approval.*",))
    tell(world)
    submit(world)
    assert not Publication.objects.exists()


def test_a_run_s_events_wait_for_each_other_and_others_do_not(world: World, rabbit: str) -> None:
    for version in (1, 2, 3):
        tell(world, version)
    tell(world, 1, run=8)
    first = Publication.objects.order_by("id").first()
    assert first is not None
    Publication.objects.filter(pk=first.pk).update(next_at=timezone.now() + timedelta(hours=1), attempts=3)
    assert Publisher().publish_due() == 1
    later()
    assert Publisher().publish_due() == 3
    assert ids(couriers.read(rabbit)) == ["run:8:version:1", *(f"run:7:version:{n}" for n in (1, 2, 3))]


def test_a_dead_letter_holds_back_its_run_until_a_person_sends_it_or_leaves_it_out(
    world: World, rabbit: str
) -> None:
    for run in (7, 8):
        tell(world, 1, run)
        tell(world, 2, run)
    for row in Publication.objects.filter(key__endswith=":1"):
        Publication.objects.filter(pk=row.pk).update(attempts=queue.ATTEMPTS_MAX[Publication])
        row.refresh_from_db()
        queue.fail([row], "too large", timezone.now())
    assert AuditEvent.objects.filter(action="notice.given_up").count() == 2
    assert Publisher().publish_due() == 0
    dead, other = Publication.objects.filter(state="given_up").order_by("id")
    queue.try_again(row=dead, actor=actor(world.omar), now=timezone.now())
    queue.leave_out(row=other, actor=actor(world.omar), now=timezone.now())
    with pytest.raises(Conflict), transaction.atomic():
        queue.try_again(row=other, actor=actor(world.omar), now=timezone.now())
    assert Publisher().publish_due() == 3
    read = ids(couriers.read(rabbit))
    assert [one for one in read if one.startswith("run:7")] == ["run:7:version:1", "run:7:version:2"]
    assert [one for one in read if one.startswith("run:8")] == ["run:8:version:2"]


def test_what_no_queue_takes_is_not_lost(world: World, settings: Any) -> None:
    url = reached("rabbitmq")
    use(settings, url, queue="")
    tell(world)
    tell(world, 1, run=8)
    assert Publisher().publish_due() == 0
    assert {row.state for row in Publication.objects.all()} == {"queued"}
    assert "NO_ROUTE" in Publication.objects.order_by("id")[0].error
    use(settings, url)
    later()
    assert Publisher().publish_due() == 2
    assert len(couriers.read(url)) == 2
    couriers.clear(url)


def test_a_broker_that_is_away_costs_one_attempt_and_a_pause(world: World, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]
    use(settings, f"amqp://guest:guest@127.0.0.1:{closed}//")
    publisher = Publisher()
    for run in range(4):
        tell(world, 1, run + 1)
    assert publisher.publish_due() == 0
    assert publisher.publish_due() == 0  # in its pause nobody tries
    assert sorted(Publication.objects.values_list("attempts", flat=True)) == [0, 0, 0, 1]
    waits = []
    for _ in range(9):
        times, _until = publisher.away["test"]
        publisher.away["test"] = (times, 0.0)
        later()
        publisher.publish_due()
        waits.append(publisher.away["test"][0])
    assert waits == list(range(2, 11))


def test_what_was_sent_is_sent_again_for_a_range_in_order_under_the_same_ids(
    world: World, rabbit: str
) -> None:
    start = timezone.now()
    for version in (1, 2, 3):
        tell(world, version)
    Publisher().publish_due()
    before = ids(couriers.read(rabbit))
    rows, omar = Publication.objects.filter(broker="test"), actor(world.omar)
    with pytest.raises(BadInput), transaction.atomic():
        queue.replay(rows=rows, since=start - timedelta(days=2), until=start, actor=omar, to="test")
    done = queue.replay(rows=rows, since=start, until=timezone.now(), actor=omar, to="test")
    assert (done, AuditEvent.objects.filter(action="notice.replayed").count()) == (3, 1)
    Publisher().publish_due()
    assert ids(couriers.read(rabbit)) == before


@pytest.mark.slow
@pytest.mark.parametrize(("which", "kind"), [("rabbitmq", "sqlite"), ("redis", "postgresql")])
def test_two_couriers_that_are_killed_lose_nothing_and_keep_the_order(
    which: str, kind: str, tmp_path: Path
) -> None:
    url = reached(which)
    with store(kind) as where:
        env = os.environ | where | {"HYBRIDOPS_HOME": str(tmp_path), "REDIS_URL": ""}
        program = [sys.executable, "-m", "tests.outbox.couriers", url]
        done = subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert (told["killed"], told["ended"], told["states"]) == ([True, True], [0, 0], ["sent"])
    first = list(dict.fromkeys(told["seen"]))
    assert len(told["seen"]) > len(first)  # one died after the broker had it
    for run in range(1, couriers.RUNS + 1):
        mine = [one for one in first if one.startswith(f"{run}:")]
        assert mine == [f"{run}:{n + 1}" for n in range(couriers.EVENTS)]


def test_every_event_of_a_run_is_as_its_schema_says(world: World, settings: Any) -> None:
    import jsonschema_rs

    use(settings, "amqp://nowhere")
    run = submit(world)
    services.tell(
        kind="run.ended", occasion=f"run:{run.pk}:ended", to=[], team_id=world.team.pk, subject="R ended", text="x",
        path="/", data={"run": run.pk, "outcome": "accepted"},
    )  # fmt: skip
    from hybridops.outbox.shapes import schema

    valid = jsonschema_rs.validator_for(schema())
    bodies = [json.loads(row.body) for row in Publication.objects.all()]
    assert len(bodies) == 2
    for body in bodies:
        valid.validate(body)
    assert not valid.is_valid({**bodies[0], "data": {**bodies[0]["data"], "more": 1}})


def test_the_schema_file_is_what_the_code_promises() -> None:
    from hybridops.outbox.kinds import KINDS
    from hybridops.outbox.shapes import DATA, schema

    assert set(DATA) == set(KINDS)
    assert json.loads((ROOT / "docs" / "events.schema.json").read_text()) == schema()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("url = 'amqp://x'\nqueu = 'x'", "has no queu"),
        ("queue = 'x'", "either url or url_file"),
        ("url_file = '/nowhere/at/all'", "cannot be read"),
        ("url = 'amqp://x'\nkinds = 'run.ended'", "are a list"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, table: str, says: str) -> None:
    file = tmp_path / "events.toml"
    file.write_text(f"[one]\n{table}\n")
    tomllib.loads(file.read_text())
    with pytest.raises(ImproperlyConfigured, match=says):
        read_file(str(file))


def test_a_file_gives_brokers_and_the_check_says_what_cannot_work(tmp_path: Path, settings: Any) -> None:
    secret = tmp_path / "url"
    secret.write_text("amqp://u:p@h//\n")
    file = tmp_path / "events.toml"
    file.write_text(
        f"[good]\nurl_file = '{secret}'\n[odd]\nurl = 'carrier://x'\n[kafka]\nurl = 'kafka://x'\nqueue = 'q'\n"
        "[bare]\nurl = 'redis://x'\n[none]\nurl = 'amqp://x'\nkinds = ['walk.*']\n"
    )
    settings.BROKERS = read_file(str(file))
    assert brokers()["good"].url == "amqp://u:p@h//"
    found = {(one.id, one.msg.split()[1].strip(":")) for one in check_brokers(None)}
    assert found >= {
        ("hybridops.E001", "odd"), ("hybridops.E002", "kafka"), ("hybridops.W001", "kafka"), ("hybridops.E004", "bare"),
        ("hybridops.E003", "none"),
    }  # fmt: skip
    assert "good" not in {name for _, name in found}
