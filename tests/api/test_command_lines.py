"""One's own command lines under Settings: how many live, all ended by a button, and a day is a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.idp.oidc.models import Token
from django.test import Client
from django.utils import timezone

from hybridops.audit.models import AuditEvent
from hybridops.audit.queries import seen
from hybridops.teams.tokens import PEOPLES_CLIENT, command_lines
from tests.api.calling import Caller, asked_by_device, confirm, is_problem, person, token_for
from tests.world import World

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _impatient(settings: Any) -> None:
    settings.IDP_OIDC_DEVICE_CODE_INTERVAL = 0


def post(path: str, **fields: str) -> Any:
    return Client().post(path, urlencode({"client_id": PEOPLES_CLIENT, **fields}), content_type=FORM)


def signed_in(world: World) -> dict[str, Any]:
    device = asked_by_device()
    confirm(world.ines, device["user_code"])
    told: dict[str, Any] = token_for(device["device_code"]).json()
    return told


def test_the_button_ends_one_s_own_and_nobody_else_s(world: World) -> None:
    mine, other, theirs = person(world.ines), person(world.ines), person(world.mikkel)
    browser = Client()
    browser.force_login(world.ines)
    assert "2 command lines</b> may act as you" in browser.get("/settings/").content.decode()
    answer = browser.post("/settings/command-lines/end/", follow=True).content.decode()
    assert "2 command lines can do nothing any more" in answer and "No command line acts as you" in answer
    for one in (mine, other):
        assert is_problem(one.get("/me"), 401, "no_token")
    assert theirs.get("/me").status_code == 200 and command_lines(world.mikkel) == 1
    (event,) = AuditEvent.objects.filter(action="person.command_lines_ended")
    (told,) = seen([event])
    assert (event.stream, told.facts["command_lines"]) == (f"user:{world.ines.pk}", 2)
    browser.post("/settings/command-lines/end/")
    assert AuditEvent.objects.filter(action="person.command_lines_ended").count() == 1


def test_it_needs_its_token_and_a_post(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.ines)
    assert browser.post("/settings/command-lines/end/").status_code == 403
    assert browser.get("/settings/command-lines/end/").status_code == 405


def test_a_renewed_one_ends_when_the_first_would_have(world: World) -> None:
    told = signed_in(world)
    soon = timezone.now() + timedelta(minutes=20)
    Token.objects.filter(type=Token.Type.REFRESH_TOKEN).update(expires_at=soon)
    for _ in range(2):
        told = post("/api/token", grant_type="refresh_token", refresh_token=told["refresh_token"]).json()
    assert Caller(told["access_token"]).get("/me").status_code == 200
    assert Token.objects.get(type=Token.Type.REFRESH_TOKEN).expires_at == soon
    Token.objects.filter(type=Token.Type.REFRESH_TOKEN).update(expires_at=timezone.now())
    late = post("/api/token", grant_type="refresh_token", refresh_token=told["refresh_token"])
    assert late.status_code in (400, 401) and command_lines(world.ines) == 0


def test_a_sign_out_ends_both_tokens_at_the_site(world: World) -> None:
    told, other = signed_in(world), person(world.ines)
    assert post("/api/revoke", token=told["refresh_token"]).status_code == 200
    assert is_problem(Caller(told["access_token"]).get("/me"), 401, "no_token")
    assert other.get("/me").status_code == 200
    again = post("/api/token", grant_type="refresh_token", refresh_token=told["refresh_token"])
    assert again.status_code in (400, 401)
