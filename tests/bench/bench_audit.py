"""What the trail costs: the page a decision is made on, an event on the hot path, a place, a proof, the whole check.

On one core and SQLite.

HYBRIDOPS_BENCH_EVENTS sets how long the log is, a million without it. The events are written with the bytes
that `record` writes, in bulk; places, tiles and checkpoints are made by the sequencer and the sealer themselves.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

from tests.bench.apart import figures_apart, told

EVENTS = int(os.environ.get("HYBRIDOPS_BENCH_EVENTS", "1000000"))
BULK, A_RUN, SEALS = 20_000, 16, 50


def figures() -> Iterator[dict[str, Any]]:
    return figures_apart(__name__)


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from hybridops.audit import keyring

    keyring.make_missing()
    _read_decision()
    _append()
    _fill()
    _prove()
    _verify()


def _times(what: Callable[[], object], count: int) -> list[float]:
    found = []
    for _ in range(count):
        start = perf_counter()
        what()
        found.append((perf_counter() - start) * 1000)
    return found


def _read_decision() -> None:
    """The server's part of the decision page, and of the smallest page behind a sign-in beside it."""
    from django.conf import settings
    from django.test import Client

    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from hybridops.experiments.announce import silence
    from tests.approvals.asking import ask
    from tests.world import make_world

    with silence():
        world = make_world()
        request = ask(world)
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(world.mikkel)
    for name, address in (
        ("the decision page", f"/approvals/{request.pk}/"),
        ("the messages page", "/messages/"),
    ):
        found = _times(lambda at=address: browser.get(at), 60)[10:]  # type: ignore[misc]
        told(name, median(found), "ms", len(found))


def _append() -> None:
    """An event inside a transaction that is open anyway, as every move is; plain, and with a person's words."""
    from django.db import transaction

    from hybridops.audit.services import record
    from hybridops.domain.actors import Actor

    actor = Actor("worker", "w1", "w1", "Ines")
    facts = {"state": "running", "was": "queued", "version": 7, "moves": [{"stage": "narrow", "from": "ready", "to": "running", "why": "taken by w1"}]}  # fmt: skip
    for name, personal in (("an event", None), ("an event with a reason", {"reason": "cheap enough"})):

        def one(personal: Any = personal) -> None:
            record(stream="run:1", action="run.moved", actor=actor, facts=facts, personal=personal)

        with transaction.atomic():
            one()
        with transaction.atomic():
            told(name, median(_times(one, 2000)), "ms", 2000)


def _fill() -> None:
    from hybridops.audit.services import SEQUENCE_MAX, seal, sequence

    sequenced = 0.0
    for start in range(0, EVENTS, BULK):
        _bulk(start, min(BULK, EVENTS - start))
        began = perf_counter()
        while sequence() == SEQUENCE_MAX:
            pass
        sequenced += perf_counter() - began
        if start // BULK % max(1, EVENTS // BULK // SEALS) == 0:
            seal()
    told("a place in the log", sequenced / EVENTS * 1e6, "microseconds", EVENTS)
    began = perf_counter()
    seal()
    told("a checkpoint", (perf_counter() - began) * 1000, "ms", 1)


def _bulk(start: int, count: int) -> None:
    """Runs of sixteen events each, as their bytes would be."""
    from django.db import connection, transaction

    from hybridops.domain import clock
    from hybridops.trust.canonical import canonical
    from hybridops.trust.merkle import leaf_hash

    at = clock.now()
    stored = connection.ops.adapt_datetimefield_value(at)
    actor = _actor()
    rows, streams = [], {}
    for number in range(start, start + count):
        run, seq = 1000 + number // A_RUN, number % A_RUN + 1
        stream = f"run:{run}"
        body = canonical(
            {
                "v": 2, "stream": stream, "seq": seq, "at": at.isoformat(), "action": "run.moved", "actor": actor,
                "facts": {"state": "running", "was": "queued", "version": seq, "moves": [{"stage": "narrow", "from": "ready", "to": "running", "why": "taken by w1"}]},
            }
        )  # fmt: skip
        rows.append((stream, seq, stored, "run.moved", "worker:w1", body.decode(), leaf_hash(body)))
        streams[stream] = seq
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO audit_auditevent (stream, seq, at, action, actor, body, leaf_hash) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
        cursor.executemany(
            "INSERT INTO audit_stream (name, head) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET head = excluded.head",
            list(streams.items()),
        )


def _actor() -> dict[str, str]:
    """As the events of `_append` have it: the text behind its digest is there."""
    import json

    from hybridops.audit.models import AuditEvent

    body = AuditEvent.objects.order_by("-id").values_list("body", flat=True).first()
    actor: dict[str, str] = json.loads(body or "{}")["actor"]
    return actor


def _prove() -> None:
    from hybridops.audit import queries, tiles
    from hybridops.audit.models import AuditEvent

    now, source = queries.state(), random.Random(1)

    def inclusion() -> None:
        event = AuditEvent.objects.select_related("leaf").get(leaf__index=source.randrange(now.sealed))
        assert not queries.prove(event, now).problem

    def consistency() -> None:
        tiles.tree().consistency(source.randrange(1, now.sealed), now.sealed)

    for name, what in (("an inclusion proof", inclusion), ("a consistency proof", consistency)):
        found = _times(what, 300)
        told(name, median(found), "ms", 300)
        told(f"{name}, slowest in a hundred", quantiles(found, n=100)[98], "ms", 300)
    told("the state of the log for its page", median(_times(queries.state, 20)), "ms", 20)


def _verify() -> None:
    import resource

    from hybridops.audit.verify import verify

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, worked = perf_counter(), process_time()
    report = verify()
    worked = process_time() - worked
    assert report.verified, report.findings
    told("the whole log verified", perf_counter() - began, "s", report.events)
    told("the whole log verified, time of one core", worked, "s", report.events)
    told("memory that takes", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, "MiB", 1)
