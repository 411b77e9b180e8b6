"""What a socket hears: what is newer, of what its person may see, for as long as they may."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone
from redis import Redis

from hybridops.cli.broker import Broker
from hybridops.domain.actors import SYSTEM
from hybridops.engine.inline import drive
from hybridops.experiments import announce
from hybridops.experiments.models import Run
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.web.live import consumer, hub
from hybridops.web.live.hub import Hub
from tests.live.conftest import Open, until
from tests.world import World


def nudge(live: Hub, watched: str, **told: Any) -> dict[str, Any]:
    message = {"object": watched, **told}
    live.publish(watched, json.dumps(message))
    return message


async def test_a_page_hears_what_is_newer_than_it_shows(world: World, opened: Open, run: Run) -> None:
    fresh = await sync_to_async(drive)(run.pk)
    behind, abreast = await opened(world.ines), await opened(world.aud)
    now = {"object": f"run:{run.pk}", "version": fresh.version, "state": "awaiting_approval"}
    assert await behind.watch(["run", run.pk, fresh.version - 1]) == [now]
    assert await abreast.watch(["run", run.pk, fresh.version]) == []
    assert await abreast.watch() == []


async def test_a_move_between_the_two_readings_is_not_lost(
    world: World, opened: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub is joined before the second reading: what moves in between is told at least once."""
    looked = consumer._look
    calls = []

    async def moving(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            await sync_to_async(drive)(run.pk)
        return await looked(*arguments)

    monkeypatch.setattr(consumer, "_look", moving)
    socket = await opened(world.ines)
    (told,) = await socket.watch(["run", run.pk, run.version])
    assert told["state"] == "awaiting_approval"


async def test_a_run_of_another_team_is_silent_now_and_later(
    world: World, opened: Open, live: Hub, run: Run
) -> None:
    zoe, ines = await opened(world.zoe), await opened(world.ines)
    wanted: list[list[Any]] = [["run", run.pk, 0], ["run", 987654, 0], ["inbox", 0, 0]]
    assert await zoe.watch(*wanted) == []
    assert await ines.watch(*wanted) == [{"object": f"run:{run.pk}", "version": 1, "state": "queued"}]
    for name in (f"run:{run.pk}", f"inbox:{world.team.pk}"):
        nudge(live, name, version=2)
    assert len(await ines.rest()) == 2
    assert await zoe.rest() == []
    assert not any(name.startswith("run:") for name in _watched(live) - {f"run:{run.pk}"})


def _watched(live: Hub) -> set[str]:
    return set(live.watchers)


async def test_everybody_who_watches_hears_and_nobody_else(
    world: World, opened: Open, live: Hub, run: Run
) -> None:
    watching = [await opened(user) for user in (world.ines, world.tomas, world.aud)]
    for socket in watching:
        await socket.watch(["run", run.pk, 1])
    idle = await opened(world.omar)
    await idle.watch()
    told = nudge(live, f"run:{run.pk}", version=2, state="validated")
    assert [await socket.rest() for socket in watching] == [[told]] * 3
    assert await idle.rest() == []
    stop = nudge(live, "spending", state="stopped")
    assert [await socket.rest() for socket in [*watching, idle]] == [[stop]] * 4


async def test_a_new_list_replaces_the_old(world: World, opened: Open, live: Hub, run: Run) -> None:
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, 1])
    await socket.watch()
    nudge(live, f"run:{run.pk}", version=2)
    assert await socket.rest() == []
    await socket.watch(["run", run.pk, 1])
    await socket.disconnect()
    assert not live.watchers


async def test_inboxes_do_not_tell_teams_apart(world: World, opened: Open, live: Hub) -> None:
    socket = await opened(world.mikkel)
    await socket.watch(["inbox", 0, 0])
    nudge(live, f"inbox:{world.team.pk}")
    (told,) = await socket.rest()
    assert told["object"] == "inbox:0"
    assert set(told) == {"object", "version"}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is checked every minute is checked at once."""
    monkeypatch.setattr(consumer, "CHECK_SECONDS", 0.05)


def sign_out(user: User) -> None:
    Session.objects.all().delete()


def run_out(user: User) -> None:
    """As after the two weeks of a session whose page stayed open."""
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("end", [sign_out, run_out, deactivate])
async def test_who_is_signed_out_is_shown_out(
    world: World, opened: Open, soon: None, run: Run, end: Any
) -> None:
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, 1])
    await sync_to_async(end)(world.ines)
    assert await socket.closed() == 4401


async def test_the_check_goes_on_after_the_database_was_away(
    world: World, opened: Open, soon: None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, 1])
    looked, failed = consumer._look, asyncio.Event()

    async def away(*_: Any) -> Any:
        failed.set()
        raise OperationalError("the database system is shutting down")

    monkeypatch.setattr(consumer, "_look", away)
    await asyncio.wait_for(failed.wait(), 2)
    monkeypatch.setattr(consumer, "_look", looked)
    await sync_to_async(sign_out)(world.ines)
    assert await socket.closed() == 4401


async def test_who_lost_the_role_hears_no_more(
    world: World, opened: Open, live: Hub, soon: None, run: Run
) -> None:
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, 1], ["inbox", 0, 0])
    assert f"run:{run.pk}" in live.watchers
    await sync_to_async(teams.leave)(user=world.ines, team=world.team, role=Role.ANALYST, actor=SYSTEM)
    await until(lambda: f"run:{run.pk}" not in live.watchers)
    nudge(live, f"run:{run.pk}", version=2)
    nudge(live, f"inbox:{world.team.pk}")
    assert await socket.rest() == []


async def test_a_slow_reader_is_told_to_start_again_and_holds_up_nobody(
    world: World, opened: Open, live: Hub, run: Run
) -> None:
    slow, quick = await opened(world.ines), await opened(world.tomas)
    await slow.watch(["run", run.pk, 1])
    await quick.watch()
    for version in range(hub.QUEUE_MAX + 50):  # nobody gets to read in between
        nudge(live, f"run:{run.pk}", version=version)
    (box,) = live.watchers[f"run:{run.pk}"]
    assert box.qsize() == hub.QUEUE_MAX
    assert await slow.closed() == 4008
    stop = nudge(live, "spending", state="stopped")
    assert await quick.rest() == [stop]


async def test_a_full_mailbox_that_is_read_in_time_loses_nothing(
    world: World, opened: Open, live: Hub, run: Run
) -> None:
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, 1])
    sent = [nudge(live, f"run:{run.pk}", version=version) for version in range(hub.QUEUE_MAX)]
    assert [await socket.told() for _ in sent] == sent


async def test_what_nobody_nudged_about_is_told_all_the_same(
    world: World, opened: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moved it was cut off from the broker: the database is asked, once for all watchers, and told once."""
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.05)
    sockets = [await opened(user) for user in (world.ines, world.aud)]
    for socket in sockets:
        await socket.watch(["run", run.pk, 1])
    fresh = await sync_to_async(drive)(run.pk)
    now = {"object": f"run:{run.pk}", "version": fresh.version, "state": "awaiting_approval"}
    for socket in sockets:
        while (told := await socket.told()) != now:
            assert told["version"] <= fresh.version
        assert await socket.rest() == []


async def test_a_broker_that_says_nothing_is_connected_to_anew(
    world: World, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stands and no byte comes: without a word it would be waited for for ever."""
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(hub, "QUIET_SECONDS", 0.1)
    met = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setattr(settings, "REDIS_URL", f"redis://127.0.0.1:{port}/0")
        socket = await opened(world.ines)
        await socket.watch()
        await until(lambda: len(met) >= 3)


async def test_a_broker_that_was_away_nudges_again(
    world: World, opened: Open, live: Hub, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through the real broker: from a move to the socket, over a restart, and over what is no nudge."""
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(settings, "REDIS_URL", Broker(tmp_path).url)
    announce.broker.cache_clear()
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, 1])
    for moved in (True, False):
        broker = Broker(tmp_path)
        await asyncio.to_thread(broker.start)
        try:
            await _subscribed(broker.url)
            with Redis.from_url(broker.url) as client:
                for nonsense in (b"\xff", b"[]", b"{", b'{"object": 1e999}', b"null"):
                    client.publish(announce.NUDGES, nonsense)
            if moved:
                token = announce._silent.set(False)
                fresh = await sync_to_async(drive)(run.pk)
                announce._silent.reset(token)
                told = [await socket.told() for _ in range(2)]
                assert told[0]["object"] == f"run:{run.pk}"
                assert 1 < told[0]["version"] < told[1]["version"] <= fresh.version
                await socket.rest()
            else:
                with Redis.from_url(broker.url) as client:
                    client.publish(announce.NUDGES, json.dumps({"object": "spending", "state": "open"}))
                assert (await socket.told())["object"] == "spending"
        finally:
            await asyncio.to_thread(broker.stop)
            announce.broker.cache_clear()


async def _subscribed(url: str) -> None:
    """Until our hub listens at this broker."""
    with Redis.from_url(url) as client:
        await until(lambda: client.pubsub_numsub(announce.NUDGES)[0][1])


async def test_what_is_watched_already_is_read_once(
    world: World, opened: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each minute every socket asks again whether it may stay; what moved unheard is told by that one question."""
    looked, calls = consumer._look, []

    async def counting(*arguments: Any) -> Any:
        calls.append(1)
        return await looked(*arguments)

    monkeypatch.setattr(consumer, "_look", counting)
    socket = await opened(world.ines)
    await socket.watch(["run", run.pk, run.version])
    assert len(calls) == 2
    monkeypatch.setattr(hub.hub, "publish", lambda name, text: None)
    fresh = await sync_to_async(drive)(run.pk)
    told = await socket.watch(["run", run.pk, run.version])
    assert (len(calls), [message["version"] for message in told]) == (3, [fresh.version])
