"""Events to the brokers: one connection a round, in order, and a pause that grows while a broker is away."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from time import monotonic

from django.utils import timezone

from hybridops.domain.states import NoticeState
from hybridops.outbox import queue
from hybridops.outbox.brokers import Away, Broker, Link, brokers, opened
from hybridops.outbox.models import Publication

PAUSE_SECONDS = (1.0, 60.0)  # first and longest
PASSES_MAX = 50  # of one round: each takes the next event of every run
_log = logging.getLogger(__name__)


class Publisher:
    """Remembers which broker was away, and how often in a row: not every event has to find out by itself."""

    def __init__(self) -> None:
        self.away: dict[str, tuple[int, float]] = {}

    def publish_due(self, *, limit: int = 200) -> int:
        """One round; how many events the brokers took."""
        return sum(self._round(broker, limit) for broker in brokers().values() if self._is_up(broker))

    def _is_up(self, broker: Broker) -> bool:
        return monotonic() >= self.away.get(broker.name, (0, 0.0))[1]

    def _round(self, broker: Broker, limit: int) -> int:
        rows = _waiting(broker, limit)
        first = next(rows, None)
        if first is None:
            return 0
        taken, row = 0, first
        try:
            with opened(broker) as link:
                for row in _all(first, rows):
                    taken += _send(link, row)
        except Away as problem:
            queue.fail([row], str(problem), timezone.now())
            self._pause(broker, problem)
        else:
            self.away.pop(broker.name, None)
        return taken

    def _pause(self, broker: Broker, problem: Away) -> None:
        times = self.away.get(broker.name, (0, 0.0))[0] + 1
        seconds = min(PAUSE_SECONDS[1], PAUSE_SECONDS[0] * 2 ** min(times - 1, 10))
        self.away[broker.name] = (times, monotonic() + seconds)
        _log.warning("the broker %s is away, tried again in %.0f s: %s", broker.name, seconds, problem)


def _waiting(broker: Broker, limit: int) -> Iterator[Publication]:
    """What is due there; after the heads of all runs come those behind them."""
    for _ in range(PASSES_MAX):
        empty = True
        for row in queue.take(Publication, limit, broker=broker.name):
            empty = False
            yield row
        if empty:
            return


def _all(first: Publication, rest: Iterator[Publication]) -> Iterator[Publication]:
    yield first
    yield from rest


def _send(link: Link, row: Publication) -> int:
    """One event; what the broker refuses is that event's own trouble, and the next one goes on."""
    event = json.loads(row.body)
    event.pop("data")
    try:
        link.publish(row.body.encode(), event)
    except Away:
        raise
    except Exception as problem:  # whatever a transport raises for what it does not take
        queue.fail([row], f"{type(problem).__name__}: {problem}", timezone.now())
        return 0
    queue.end([row], NoticeState.SENT, timezone.now())
    return 1
