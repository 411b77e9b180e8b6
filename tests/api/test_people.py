"""People's command lines: confirmed in the browser, gone with the person, and no door for anybody else."""

from __future__ import annotations

from typing import Any

import pytest

from hybridops.domain.actors import SYSTEM
from hybridops.teams import leaving
from tests.api.calling import Caller, asked_by_device, confirm, is_problem, person, token_for
from tests.world import World


@pytest.fixture(autouse=True)
def _impatient(settings: Any) -> None:
    """Nobody waits five seconds between two questions here."""
    settings.IDP_OIDC_DEVICE_CODE_INTERVAL = 0


def test_a_command_line_waits_for_its_person_and_then_acts_as_them(world: World) -> None:
    device = asked_by_device()
    assert "/account/device/" in device["verification_uri"]
    assert token_for(device["device_code"]).json()["error"] == "authorization_pending"
    assert "Confirmed" in confirm(world.ines, device["user_code"]).content.decode()
    told = token_for(device["device_code"]).json()
    assert told["expires_in"] == 300 and told["refresh_token"]
    me = Caller(told["access_token"]).get("/me").json()
    assert (me["name"], me["kind"], me["sponsor"]) == (world.ines.username, "person", None)
    assert "error" in token_for(device["device_code"]).json()


def test_what_is_denied_gets_nothing(world: World) -> None:
    device = asked_by_device()
    assert "It gets nothing" in confirm(world.ines, device["user_code"], "deny").content.decode()
    assert token_for(device["device_code"]).json()["error"] == "access_denied"


def test_scopes_are_those_that_were_asked_for_and_never_more_than_there_are(world: World) -> None:
    reader = person(world.ines, "runs:read")
    assert reader.get("/me").status_code == 200
    assert is_problem(reader.post("/quotes", {}), 403, "no_scope")
    assert "error" in asked_by_device(scope="runs:read everything")


def test_who_leaves_takes_their_command_lines_along(world: World) -> None:
    mine = person(world.ines)
    assert mine.get("/me").status_code == 200
    leaving.deactivate(user=world.ines, why="left", actor=SYSTEM)
    assert is_problem(mine.get("/me"), 401, "no_token")
