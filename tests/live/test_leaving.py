"""A socket closes within a second or two of its person's leaving: deactivated, signed out elsewhere, another password."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from hybridops.domain.actors import SYSTEM
from hybridops.experiments import announce
from hybridops.teams import leaving
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.teams.services import leave
from hybridops.web.live.hub import Hub
from tests.live.conftest import Open, until
from tests.world import World


@pytest.fixture
def wired(live: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """What is said reaches the hub as the broker would bring it."""
    loop = asyncio.get_event_loop()

    def published(watched: str, **told: object) -> None:
        loop.call_soon_threadsafe(live._deliver, f'{{"object": "{watched}"}}'.encode())

    monkeypatch.setattr(announce, "nudge", published)
    return live


async def test_a_deactivated_person_s_socket_closes_at_once(world: World, opened: Open, wired: Hub) -> None:
    hers, other = await opened(world.ines), await opened(world.tomas)
    assert await hers.watch() == [] and await other.watch() == []
    await sync_to_async(leaving.deactivate)(user=world.ines, why="left", actor=SYSTEM)
    assert await hers.closed(2) == 4401
    assert await other.rest() == []
    assert await other.watch() == []


async def test_signing_out_elsewhere_closes_what_is_open_there(
    world: World, opened: Open, wired: Hub
) -> None:
    def two() -> tuple[Client, str]:
        user = User.objects.get(pk=world.ines.pk)
        user.set_password("correct horse 77x")
        user.save()
        here, there = Client(), Client()
        for browser in (here, there):
            browser.post("/sign-in/", {"login": "ines", "password": "correct horse 77x"})
        return here, str(there.cookies[settings.SESSION_COOKIE_NAME].value)

    here, cookie = await sync_to_async(two)()
    socket = await opened(world.ines, cookie)
    assert await socket.watch() == []
    assert (await sync_to_async(here.post)("/account/sessions/")).status_code == 302
    assert await socket.closed(2) == 4401
    assert (await sync_to_async(here.get)("/")).status_code == 200


async def test_a_tab_left_open_hears_that_its_browser_signed_out(
    world: World, opened: Open, wired: Hub
) -> None:
    browser = Client()
    await sync_to_async(browser.force_login)(world.ines)
    socket = await opened(world.ines, str(browser.cookies[settings.SESSION_COOKIE_NAME].value))
    assert await socket.watch() == []
    await sync_to_async(browser.post)("/sign-out/")
    assert await socket.closed(2) == 4401


async def test_another_password_ends_the_sockets_of_the_old_one(
    world: World, opened: Open, wired: Hub
) -> None:
    socket = await opened(world.ines)
    assert await socket.watch() == []

    def change() -> None:
        user = User.objects.get(pk=world.ines.pk)
        user.set_password("another horse 77x")
        user.save()

    await sync_to_async(change)()
    await socket.send_to(text_data='{"watch": []}')
    assert await socket.closed(2) == 4401


async def test_a_lost_role_is_no_longer_watched(world: World, opened: Open, wired: Hub) -> None:
    socket = await opened(world.ines)
    assert await socket.watch(["inbox", 0, 0]) == []
    assert f"inbox:{world.team.pk}" in wired.watchers
    await sync_to_async(leave)(user=world.ines, team=world.team, role=Role.ANALYST, actor=SYSTEM)
    await until(lambda: f"inbox:{world.team.pk}" not in wired.watchers, 2)
