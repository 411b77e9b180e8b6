"""A hub of its own for each test, sessions of the cast, and sockets opened through the whole application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connections
from django.test import Client

from hybridops.config.asgi import application
from hybridops.experiments.models import Run
from hybridops.teams.models import User
from hybridops.web.live import consumer
from hybridops.web.live.hub import Hub
from tests.realdb import RealDatabase
from tests.world import World, submit

HOST = "localhost:8000"


class Socket(ApplicationCommunicator):
    """One browser's socket."""

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def connect(self) -> tuple[bool, int]:
        """Whether it was let in, and the code with which it was not."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(2)
        return answer["type"] == "websocket.accept", answer.get("code", 0)

    async def disconnect(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(2)

    async def send_to(self, **data: Any) -> None:
        kind = {name.removesuffix("_data"): value for name, value in data.items()}
        await self.send_input({"type": "websocket.receive", **kind})

    async def receive_from(self, seconds: float) -> str:
        message = await self.receive_output(seconds)
        assert message["type"] == "websocket.send", message
        return str(message["text"])

    async def told(self, seconds: float = 2.0) -> dict[str, Any]:
        """The next message that is not a beat."""
        while True:
            message: dict[str, Any] = json.loads(await self.receive_from(seconds))
            if message != {"beat": True}:
                return message

    async def watch(self, *wanted: list[Any]) -> list[dict[str, Any]]:
        """Asks, and answers what is told until everything is synced, and what still waits then."""
        await self.send_to(text_data=json.dumps({"watch": list(wanted)}))
        found = [await self.told()]
        while {"synced": True} not in found:
            found.append(await self.told())
        return [message for message in [*found, *await self.rest()] if message != {"synced": True}]

    async def rest(self) -> list[dict[str, Any]]:
        """What comes in the next moment."""
        found = []
        with suppress(AssertionError):
            while not await self.receive_nothing(0.05):
                found.append(json.loads(await self.receive_from(0.1)))
        return [message for message in found if message != {"beat": True}]

    async def closed(self, seconds: float = 2.0) -> int:
        """The code with which the server closes, after whatever it still says."""
        while True:
            message = await self.receive_output(seconds)
            if message["type"] == "websocket.close":
                return int(message["code"])


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits for what another task or process brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # nobody tells us
            await asyncio.sleep(0.01)


type Open = Callable[..., Awaitable[Socket]]


@pytest.fixture
def world(real: RealDatabase) -> World:
    return real.world


@pytest.fixture
def run(world: World) -> Run:
    return submit(world)


@pytest.fixture
async def live(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    fresh = Hub()
    monkeypatch.setattr(consumer, "hub", fresh)
    yield fresh
    if fresh.task:
        fresh.task.cancel()


def session_of(user: User) -> str:
    browser = Client()
    browser.force_login(user)
    return str(browser.cookies[settings.SESSION_COOKIE_NAME].value)


def headers(cookie: str, origin: str | None, host: str = HOST) -> list[tuple[bytes, bytes]]:
    told = [(b"host", host.encode()), (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]
    return told if origin is None else [*told, (b"origin", origin.encode())]


@pytest.fixture
async def opened(live: Hub) -> AsyncIterator[Open]:
    """`await opened(world.ines)` is her socket; all are closed afterwards."""
    sockets: list[Socket] = []
    # The thread that answers may hold the database of the test before.
    await sync_to_async(connections.close_all)()

    async def connect(user: User, cookie: str = "") -> Socket:
        cookie = cookie or await sync_to_async(session_of)(user)
        socket = Socket("/live/", headers(cookie, f"http://{HOST}"))
        accepted, code = await socket.connect()
        assert accepted, code
        sockets.append(socket)
        return socket

    yield connect
    for socket in sockets:
        with suppress(BaseException):  # some are closed already, by the test or by the server
            await socket.disconnect()
