"""Two couriers who are killed, as a program: `python -m tests.outbox.couriers URL` in a database of its own.

Each courier is killed once with SIGKILL: before a statement of its own (so also between commit and publish), or right after
the broker took an event and before that is written down. Then both begin anew. What a consumer reads is printed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from datetime import timedelta
from typing import Any

from tests.quotas.race import Killing

RUNS, EVENTS = 6, 5
NAME = f"hybridops.tests.{os.getpid()}"


def settings_of(url: str, name: str = NAME) -> dict[str, Any]:
    return {"test": {"url": url, "exchange": name, "queue": name, "kinds": ("*",), "options": {}}}


def courier(number: int, life: int) -> None:
    """One courier in a process of its own, until nothing is left; its first life ends in the middle."""
    from django.db import connection

    from hybridops.outbox import publishing, queue
    from hybridops.outbox.models import Publication

    queue.LEASE = timedelta(seconds=0.5)
    queue.AGAIN = (timedelta(seconds=0.2), timedelta(seconds=0.2))
    rng, publisher = random.Random(number), publishing.Publisher()
    if life == 0 and number % 2:
        _die_after(rng.randint(2, 8))
    wrapper = Killing(rng.randint(5, 60) if life == 0 and number % 2 == 0 else 0)
    with connection.execute_wrapper(wrapper):
        while Publication.objects.filter(state="queued").exists():
            publisher.publish_due(limit=3)


def _die_after(events: int) -> None:
    from hybridops.outbox.brokers import Link

    sent, publish = [0], Link.publish

    def dying(self: Link, *told: Any) -> None:
        publish(self, *told)
        sent[0] += 1
        if sent[0] == events:
            os.kill(os.getpid(), signal.SIGKILL)

    Link.publish = dying  # type: ignore[method-assign]


def read(url: str, name: str = NAME, *, seconds: float = 0.3) -> list[dict[str, Any]]:
    """Everything in a queue, oldest first, each with the message's own properties."""
    from queue import Empty

    from kombu import Connection, Exchange, Queue

    found: list[dict[str, Any]] = []
    listening = Queue(name, Exchange(name, type="topic"), routing_key="#")
    with Connection(url) as to, to.SimpleQueue(listening) as waiting:
        while True:
            try:
                message = waiting.get(timeout=seconds)
            except Empty:
                return found
            message.ack()
            body = message.body if isinstance(message.body, str) else bytes(message.body).decode()
            told = {"type": message.content_type, "properties": dict(message.properties)}
            found.append({**told, "body": body})


def clear(url: str, name: str = NAME) -> None:
    from kombu import Connection, Exchange, Queue

    with Connection(url) as to, to.channel() as channel:
        Queue(name, Exchange(name, type="topic"), routing_key="#")(channel).delete()
        if url.startswith("amqp"):
            Exchange(name, type="topic")(channel).delete()
    if url.startswith("redis"):  # kombu keeps who was bound
        import redis

        server = redis.Redis.from_url(url)
        for key in server.scan_iter(f"_kombu.binding*{name}"):
            server.delete(key)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    url = sys.argv[1]
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection, transaction

    from hybridops.domain.actors import SYSTEM
    from hybridops.outbox.events import emit
    from hybridops.outbox.models import Publication
    from hybridops.teams import services as teams

    settings.BROKERS = settings_of(url)
    from tests.migrated import set_up

    set_up()
    team = teams.add_team(slug="t", name="T", actor=SYSTEM)
    for version in range(1, EVENTS + 1):
        for run in range(1, RUNS + 1):
            with transaction.atomic():
                emit(kind="run.changed", occasion=f"{run}:{version}", team_id=team.pk, path="/", data={"run": run})  # fmt: skip
    connection.close()
    killed = [code == -signal.SIGKILL for code in _lives(0)]
    ended = _lives(1)
    seen = [json.loads(one["body"])["id"] for one in read(url)]
    clear(url)
    states = sorted(set(Publication.objects.values_list("state", flat=True)))
    json.dump({"killed": killed, "ended": ended, "seen": seen, "states": states}, sys.stdout)


def _lives(life: int) -> list[int | None]:
    context = multiprocessing.get_context("fork")
    found = [context.Process(target=courier, args=(n, life)) for n in range(2)]
    for one in found:
        one.start()
    for one in found:
        one.join(timeout=60)
    return [one.exitcode for one in found]


if __name__ == "__main__":
    main()
