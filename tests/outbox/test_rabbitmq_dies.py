"""kill -9 of RabbitMQ itself while events go there: what it confirmed it still has, and the rest comes when it is back."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from hybridops.outbox import publishing, queue
from hybridops.outbox.models import Publication
from hybridops.outbox.publishing import Publisher
from tests.long import LONG
from tests.outbox import couriers
from tests.outbox.rabbit import Rabbit, rabbit
from tests.outbox.test_brokers import ids, tell, use
from tests.world import World

DEATHS = 6 if LONG else 1
RUNS, VERSIONS = 5, 12 * DEATHS


@pytest.mark.slow
def test_a_broker_that_is_killed_loses_no_event_and_keeps_the_order(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(queue, "AGAIN", (timedelta(0), timedelta(0)))
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", (0.0, 0.0))
    with rabbit(tmp_path) as server:
        use(settings, server.url)
        wanted = {f"run:{run}:version:{number}" for run in range(RUNS) for number in range(VERSIONS)}
        for number in range(VERSIONS):
            for run in range(RUNS):
                tell(world, number, run)
        met = publish_through(server, random.Random(7))
        seen = ids(couriers.read(server.url, seconds=2))
    assert met == DEATHS
    assert set(seen) == wanted
    first = list(dict.fromkeys(seen))
    for run in range(RUNS):
        mine = [one for one in first if one.startswith(f"run:{run}:")]
        assert mine == [f"run:{run}:version:{number}" for number in range(VERSIONS)]


def publish_through(server: Rabbit, rng: random.Random) -> int:
    """Publishes all there is, and kills the broker in the middle of it; how many deaths the publisher met."""
    publisher, met = Publisher(), 0
    for death in range(DEATHS):
        timer = Timer(rng.uniform(0.005, 0.08), server.kill)
        timer.start()
        while not publisher.away:
            left = Publication.objects.filter(state="queued").count()
            assert left, f"all was sent before death {death}"
            publisher.publish_due(limit=1)
        timer.join()
        met += 1
        server.start()
        publisher.away.clear()
    while Publication.objects.filter(state="queued").exists():
        publisher.publish_due()
    return met
