"""Who may open a socket: somebody signed in, from a page of ours, saying something that can be understood."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress

import pytest
import uvicorn
import websockets
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError

from hybridops.cli import stack
from hybridops.config.asgi import application
from hybridops.experiments.models import Run
from hybridops.teams.models import User
from hybridops.web.live import consumer
from hybridops.web.live.hub import Hub
from tests.live.conftest import HOST, Open, Socket, headers, session_of, until
from tests.world import World

OURS = f"http://{HOST}"


async def knock(cookie: str, origin: str | None, host: str = HOST, path: str = "/live/") -> tuple[bool, int]:
    socket = Socket(path, headers(cookie, origin, host))
    accepted, code = await socket.connect()
    if accepted:
        await socket.disconnect()
    return accepted, code


async def test_nobody_is_told_to_sign_in(world: World, live: Hub) -> None:
    cookie = await sync_to_async(session_of)(world.ines)
    assert await knock("", OURS) == (False, 4401)
    assert await knock("nonsense", OURS) == (False, 4401)
    assert (await knock(cookie, OURS))[0]
    await User.objects.filter(pk=world.ines.pk).aupdate(is_active=False)
    assert await knock(cookie, OURS) == (False, 4401)
    assert not live.watchers


FOREIGN = [
    None, "", "null", "http://evil.example", "http://localhost:9999", "http://localhost", "https://localhost:8000",
    "ftp://localhost:8000", "http://user@localhost:8000", "http://localhost:8000@evil.example",
    "http://localhost:8000.evil.example", "http://evil.example#localhost:8000", "http://evil.example/localhost:8000",
    "http://localhost:8000/", "http://127.0.0.1:8000", "//localhost:8000", "localhost:8000", "file://",
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_that_is_not_ours_opens_nothing(world: World, live: Hub, origin: str | None) -> None:
    cookie = await sync_to_async(session_of)(world.ines)
    assert await knock(cookie, origin) == (False, 4403)


async def test_a_foreign_host_does_not_vouch_for_itself(world: World, live: Hub) -> None:
    cookie = await sync_to_async(session_of)(world.ines)
    assert await knock(cookie, "http://evil.example", "evil.example") == (False, 4403)
    assert await knock(cookie, "http://", "") == (False, 4403)


async def test_a_trusted_origin_and_only_the_one_address(
    world: World, live: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = await sync_to_async(session_of)(world.ines)
    monkeypatch.setattr(settings, "CSRF_TRUSTED_ORIGINS", ["https://desk.example"])
    assert (await knock(cookie, "https://desk.example"))[0]
    assert await knock(cookie, "https://desk.example.evil.example") == (False, 4403)
    assert await knock(cookie, OURS, path="/live/x") == (False, 4403)
    monkeypatch.setattr(settings, "HTTPS", True)
    assert await knock(cookie, OURS) == (False, 4403)
    assert (await knock(cookie, f"https://{HOST}"))[0]


DEEP = '{"watch": ' + "[" * 100_000 + "]" * 100_000 + "}"
MANY = json.dumps({"watch": [["run", n, 0] for n in range(1_000_000)]})
MALFORMED = [
    "", "{", "null", "[]", "1", '"watch"', "{}", '{"watch": null}', '{"watch": {}}', '{"watch": "run"}', '{"watch": [1]}',
    '{"watch": [[]]}', '{"watch": [["run", 1]]}', '{"watch": [["run", 1, 1, 1]]}', '{"watch": ["run"]}',
    '{"watch": [["run", "1", 1]]}', '{"watch": [["run", 1, "1"]]}', '{"watch": [["run", 1.0, 1]]}',
    '{"watch": [["run", 1, 1.5]]}', '{"watch": [["run", true, 1]]}', '{"watch": [["run", null, 1]]}',
    '{"watch": [["run", 1, null]]}', '{"watch": [["run", [1], 1]]}', '{"watch": [["run", -1, 0]]}',
    '{"watch": [["run", 1e999, 0]]}', '{"watch": [["run", NaN, 0]]}', '{"watch": [["run", Infinity, 0]]}',
    '{"watch": [["run", 9223372036854775808, 0]]}', '{"watch": [["run", 1' + "0" * 60 + ', 0]]}',
    '{"watch": [["run", 1' + "0" * 6000 + ', 0]]}', '{"watch": [["spending", 1, 1]]}', '{"watch": [["run:2", 1, 1]]}',
    '{"watch": [[["run"], 1, 1]]}', '{"watch": [[1, 1, 1]]}', json.dumps({"watch": [["run", n, 0] for n in range(201)]}),
    DEEP, MANY,
]  # fmt: skip


async def test_what_cannot_be_understood_closes_the_socket_and_nothing_else(
    world: World, opened: Open, live: Hub
) -> None:
    cookie = await sync_to_async(session_of)(world.ines)
    for text in MALFORMED:
        socket = await opened(world.ines, cookie)
        await socket.send_to(text_data=text)
        assert await socket.closed() == 4400, text[:80]
    binary = await opened(world.ines, cookie)
    await binary.send_to(bytes_data=b'{"watch": []}')
    assert await binary.closed() == 4400
    assert not live.watchers


async def test_a_person_has_so_many_sockets_and_others_have_theirs(
    world: World, opened: Open, live: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "LIVE_SOCKETS_A_PERSON", 2)
    cookie, other = [await sync_to_async(session_of)(one) for one in (world.ines, world.mikkel)]
    first, _ = await opened(world.ines, cookie), await opened(world.ines, cookie)
    assert await knock(cookie, OURS) == (False, 4429)
    assert await knock(other, OURS) == (True, 0)
    await first.disconnect()
    assert await knock(cookie, OURS) == (True, 0)
    assert live.sockets[world.ines.pk] == 1


async def test_a_socket_that_ends_by_an_error_counts_no_more(
    world: World, opened: Open, live: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise OperationalError("the database is away")

    socket = await opened(world.ines, await sync_to_async(session_of)(world.ines))
    assert live.sockets[world.ines.pk] == 1
    monkeypatch.setattr(consumer, "_look", away)
    await socket.send_to(text_data='{"watch": []}')
    with pytest.raises(OperationalError):
        await socket.wait(2)
    assert live.sockets[world.ines.pk] == 0
    assert not live.watchers


async def test_two_hundred_and_the_largest_number_are_understood(
    world: World, opened: Open, run: Run
) -> None:
    socket = await opened(world.ines)
    most = [["run", 2**63 - 1 - n, 0] for n in range(199)]
    assert await socket.watch(["run", run.pk, run.version], *most) == []


async def test_a_message_over_the_limit_is_cut_off_by_the_server(world: World, live: Hub) -> None:
    """With the limit that the stack gives uvicorn: one byte more and the server closes with 1009."""
    (limit,) = map(int, re.findall(r'"ws-max-size": "(\d+)"', _source(stack)))
    assert limit == 65536
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, log_level="critical", lifespan="off", ws_max_size=limit)
    )
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        cookie = await sync_to_async(session_of)(world.ines)
        told = {
            "additional_headers": {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"},
            "origin": f"http://127.0.0.1:{port}",
        }
        async with websockets.connect(f"ws://127.0.0.1:{port}/live/", **told) as socket:
            await socket.send('{"watch": []}' + " " * (limit - 13))
            while json.loads(await asyncio.wait_for(socket.recv(), 3)) != {"synced": True}:
                pass
            await socket.send('{"watch": []}' + " " * (limit - 12))
            with pytest.raises(websockets.ConnectionClosed) as closing:
                while True:
                    await asyncio.wait_for(socket.recv(), 3)
            assert closing.value.rcvd is not None and closing.value.rcvd.code == 1009
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(
                f"ws://127.0.0.1:{port}/live/", **(told | {"origin": "http://evil.example"})
            )
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving


def _source(module: object) -> str:
    import inspect

    return inspect.getsource(module)  # type: ignore[arg-type]
