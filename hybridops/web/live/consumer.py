"""The live socket: the page says what it watches and which version it shows; it hears what is newer.

Access is checked when a watch is set and again every minute. After that no database call is made for a
message: a nudge carries no content, and the page fetches the fragment through the ordinary door.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from random import uniform
from time import time
from typing import Any

from allauth.core.internal.sessionkit import get_session_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError

from hybridops.experiments.queries import versions_of
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.live.hub import Mailbox, hub

KINDS = ("run", "inbox", "queues")
WATCHED_MAX = 200
BEAT_SECONDS = 20.0
CHECK_SECONDS = 60.0
SIGNED_OUT, RESYNC, BAD_MESSAGE, TOO_MANY = 4401, 4008, 4400, 4429


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """`watch` is a list of [kind, id, version]; kinds are run, inbox and queues."""

    async def connect(self) -> None:
        self.mailbox = Mailbox()
        self.asked: list[tuple[str, int, int]] = []
        self.watched: set[str] = set()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(SIGNED_OUT)
            return
        if hub.sockets[user.pk] >= settings.LIVE_SOCKETS_A_PERSON:
            await self.close(TOO_MANY)
            return
        await self.accept()
        hub.sockets[user.pk] += 1
        self.tasks = [asyncio.create_task(work()) for work in (self._pump, self._beat, self._check)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """However it ends, by an error as well, nothing of it stays and it counts no more."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if hasattr(self, "tasks"):  # it was let in
                hub.forget(self.mailbox)
                hub.sockets[scope["user"].pk] -= 1
                for task in self.tasks:
                    task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            self.asked = _read(text_data or "")
        except (ValueError, TypeError, KeyError, RecursionError):
            await self.close(BAD_MESSAGE)
            return
        await self._watch()
        await self.send(text_data='{"synced": true}')

    async def _watch(self) -> None:
        """Registers what this person may watch, then reads again, so that nothing falls between the two; what was
        registered before already need not be read twice.
        """
        seen = {pk: version for kind, pk, version in self.asked if kind == "run"}
        session = self.scope["session"].session_key
        allowed = await _look(self.scope["user"].pk, session, list(seen))
        if allowed is None:
            await self.close(SIGNED_OUT)
            return
        versions, teams = allowed
        inboxes = {f"inbox:{team}" for team in teams} if any(a[0] == "inbox" for a in self.asked) else set()
        queues = {"queues:0"} if teams and any(a[0] == "queues" for a in self.asked) else set()
        own = {"spending", f"person:{self.scope['user'].pk}"}
        watched = {f"run:{pk}" for pk in versions} | inboxes | queues | own
        hub.watch(watched, self.mailbox)
        if watched != self.watched:
            self.watched = watched
            again = await _look(self.scope["user"].pk, session, list(versions))
            versions = (again or ({}, []))[0]
        for pk, (version, state) in versions.items():
            if version > seen[pk]:
                told = {"object": f"run:{pk}", "version": version, "state": state}
                self.mailbox.offer(json.dumps(told))

    async def _pump(self) -> None:
        with suppress(
            OSError, DatabaseError
        ):  # who cannot be looked up now is looked up when the page comes again
            await self._pump_out()
        await self.close(RESYNC)

    async def _pump_out(self) -> None:
        """Until something had to be dropped."""
        while True:
            text = await self.mailbox.get()
            if self.mailbox.overflowed:
                return
            if text.startswith('{"object": "person:'):
                await self._watch()  # signed out, or a role is gone
                continue
            await self.send(text_data=_for_page(text))

    async def _beat(self) -> None:
        while True:
            await self.send(text_data='{"beat": true}')
            await asyncio.sleep(BEAT_SECONDS)

    async def _check(self) -> None:
        """Who was signed out or lost a role is told at once; where that was lost, within a minute."""
        first = uniform(CHECK_SECONDS / 2, CHECK_SECONDS)  # noqa: S311  # who came back together asks apart
        await asyncio.sleep(first)
        while True:
            with suppress(OSError, DatabaseError):  # asked again in a minute
                await self._watch()
            await asyncio.sleep(CHECK_SECONDS)


def _read(text: str) -> list[tuple[str, int, int]]:
    watch = json.loads(text)["watch"]
    if not isinstance(watch, list) or len(watch) > WATCHED_MAX:
        raise ValueError("watch is a list of at most 200")
    return [_triple(*asked) for asked in watch]


def _triple(kind: object, pk: object, version: object) -> tuple[str, int, int]:
    """Whole numbers that a database can hold, as JSON writes them: no text, no fractions, no true."""
    if kind not in KINDS or type(pk) is not int or type(version) is not int:
        raise TypeError("an entry is [kind, id, version]")
    if not (0 <= pk < 2**63 and 0 <= version < 2**63):
        raise ValueError("a number is too large or below zero")
    return str(kind), pk, version


def _for_page(text: str) -> str:
    """Inboxes and queues have no version of their own: the moment serves, and teams are not told apart on the page."""
    for kind in ("inbox", "queues"):
        if text.startswith(f'{{"object": "{kind}:'):
            return json.dumps({"object": f"{kind}:0", "version": int(time() * 1000)})
    return text


@database_sync_to_async  # type: ignore[untyped-decorator]
def _look(
    user_id: int, session: str, run_ids: list[int]
) -> tuple[dict[int, tuple[int, str]], list[int]] | None:
    """What this person may watch now; None where they signed out or may no longer sign in."""
    user = get_session_user(
        SessionStore(session)
    )  # active, and the password is still the one of this session
    if not isinstance(user, User) or user.pk != user_id:
        return None
    return versions_of(user, run_ids), list(
        teams_with(user, Permission.SEE_RUNS).values_list("pk", flat=True)
    )
