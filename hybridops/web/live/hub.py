"""One subscription to the broker a process, fanned out in memory to the sockets that watch an object.

Nudges are hints: whoever sent one may have been cut off from the broker, or we. So the versions of all watched
runs are read again every few seconds, in one question a process. A socket whose reader is slow is told to resync
instead of growing without bound.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter, defaultdict
from contextlib import suppress
from time import time
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis import RedisError
from redis.asyncio import Redis

from hybridops.experiments.announce import NUDGES
from hybridops.experiments.queries import versions

QUEUE_MAX = 256
RETRY_SECONDS = 0.5
LOOK_SECONDS = 3.0
QUIET_SECONDS = (
    10.0  # without a word the broker is asked for one; after as long again it is connected to anew
)
UNCOUNTED = ("inbox:", "queues:")  # what has no version in the database
_log = logging.getLogger(__name__)


class Mailbox(asyncio.Queue[str]):
    """What waits to be sent to one socket; `overflowed` once something had to be dropped."""

    def __init__(self) -> None:
        super().__init__(QUEUE_MAX)
        self.overflowed = False
        self.names: set[str] = set()

    def offer(self, text: str) -> None:
        try:
            self.put_nowait(text)
        except asyncio.QueueFull:
            self.overflowed = True


class Hub:
    """Who watches what in this process."""

    def __init__(self) -> None:
        self.watchers: dict[str, set[Mailbox]] = defaultdict(set)
        self.told: dict[str, int] = {}  # the newest version that the watchers of a run heard of
        self.sockets: Counter[int] = Counter()  # how many each person has open
        self.task: asyncio.Task[None] | None = None

    def watch(self, names: set[str], mailbox: Mailbox) -> None:
        """Replaces what a mailbox watches."""
        self.forget(mailbox)
        mailbox.names = names
        for name in names:
            self.watchers[name].add(mailbox)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._work())

    def forget(self, mailbox: Mailbox) -> None:
        for name in mailbox.names:
            self.watchers[name].discard(mailbox)
            if not self.watchers[name]:
                del self.watchers[name]
                self.told.pop(name, None)
        mailbox.names = set()

    def publish(self, name: str, text: str) -> None:
        for mailbox in self.watchers.get(name, ()):
            mailbox.offer(text)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(self._listen_forever())
            both.create_task(self._look_forever())

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(OSError, DatabaseError):  # looked at again in a moment
                await self.look()

    async def look(self) -> None:
        """Tells the watchers of each run whose version is newer than what they heard of."""
        runs = [int(name[4:]) for name in self.watchers if name.startswith("run:")]
        if not runs:
            return
        for pk, (version, state) in (await database_sync_to_async(versions)(runs)).items():
            name = f"run:{pk}"
            if name in self.watchers and version > self.told.get(name, 0):
                self.told[name] = version
                self.publish(name, json.dumps({"object": name, "version": version, "state": state}))

    async def _listen_forever(self) -> None:
        while True:
            with suppress(RedisError, OSError):
                await self._listen()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        client, asked = Redis.from_url(settings.REDIS_URL, socket_timeout=QUIET_SECONDS), False
        async with client, client.pubsub() as channel:
            await channel.subscribe(NUDGES)
            while True:
                message = await channel.get_message(timeout=QUIET_SECONDS)
                if message is None and asked:
                    return
                if asked := message is None:
                    await channel.ping()
                elif message["type"] == "message":
                    self._deliver(message["data"])
                elif message["type"] == "subscribe":
                    self._tell_uncounted()

    def _tell_uncounted(self) -> None:
        """What was said before we listened is not known: lists without a version are looked at again."""
        for name in [name for name in self.watchers if name.startswith(UNCOUNTED)]:
            self.publish(name, json.dumps({"object": name, "version": int(time() * 1000)}))

    def _deliver(self, data: bytes) -> None:
        try:
            told: dict[str, Any] = json.loads(data)
            name, version = str(told["object"]), int(told.get("version", 0))
        except (ValueError, KeyError, TypeError, OverflowError):
            _log.warning("a nudge that is not one was dropped")
            return
        if name in self.watchers and name.startswith("run:"):
            self.told[name] = max(version, self.told.get(name, 0))
        self.publish(name, data.decode())


hub = Hub()
