"""One subscription to the broker a process, fanned out in memory to the sockets that watch an object.

Nudges are hints: a lost one is made up for when the page reconnects, or by the next. A socket whose
reader is slow is told to resync instead of growing without bound.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from contextlib import suppress
from typing import Any

from django.conf import settings
from redis import RedisError
from redis.asyncio import Redis

from hybridops.experiments.announce import NUDGES

QUEUE_MAX = 256
RETRY_SECONDS = 0.5
_log = logging.getLogger(__name__)


class Mailbox(asyncio.Queue[str]):
    """What waits to be sent to one socket; `overflowed` once something had to be dropped."""

    def __init__(self) -> None:
        super().__init__(QUEUE_MAX)
        self.overflowed = False

    def offer(self, text: str) -> None:
        try:
            self.put_nowait(text)
        except asyncio.QueueFull:
            self.overflowed = True


class Hub:
    """Who watches what in this process."""

    def __init__(self) -> None:
        self.watchers: dict[str, set[Mailbox]] = defaultdict(set)
        self.task: asyncio.Task[None] | None = None

    def watch(self, names: set[str], mailbox: Mailbox) -> None:
        """Replaces what a mailbox watches."""
        self.forget(mailbox)
        for name in names:
            self.watchers[name].add(mailbox)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._listen_forever())

    def forget(self, mailbox: Mailbox) -> None:
        for name in [name for name, boxes in self.watchers.items() if mailbox in boxes]:
            self.watchers[name].discard(mailbox)
            if not self.watchers[name]:
                del self.watchers[name]

    def publish(self, name: str, text: str) -> None:
        for mailbox in self.watchers.get(name, ()):
            mailbox.offer(text)

    async def _listen_forever(self) -> None:
        while True:
            with suppress(RedisError, OSError):
                await self._listen()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        client = Redis.from_url(settings.REDIS_URL, socket_timeout=None)
        async with client, client.pubsub() as channel:
            await channel.subscribe(NUDGES)
            async for message in channel.listen():
                if message["type"] == "message":
                    self._deliver(message["data"])

    def _deliver(self, data: bytes) -> None:
        try:
            told: dict[str, Any] = json.loads(data)
            name = str(told["object"])
        except (ValueError, KeyError, TypeError):
            _log.warning("a nudge that is not one was dropped")
            return
        self.publish(name, data.decode())


hub = Hub()
