"""Outside the demo a password alone decides nothing; the demo shows its codes, and nothing else ever does."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client

from hybridops.approvals.models import ApprovalRequest
from hybridops.cli.rehearsal.cast import CODE_SECRET
from hybridops.domain.actors import SYSTEM
from hybridops.engine.inline import drive
from hybridops.quotas.models import Budget, SpendingStop
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.teams.presence import add_code, prove_by_code
from hybridops.teams.services import join
from tests.world import World, submit

NEEDED = "Set up a passkey or an authenticator app"


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SECOND_FACTOR_REQUIRED", True)


def of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def addresses(world: World) -> list[tuple[User, str]]:
    drive(submit(world).pk)
    join(user=world.noor, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    budget = Budget.objects.get().pk
    people = (
        "add/",
        "add-service/",
        *(f"{world.tomas.pk}/{verb}/" for verb in ("role", "deactivate", "reactivate", "secret")),
    )
    return [
        (world.mikkel, f"/approvals/{ApprovalRequest.objects.get().pk}/decide/"),
        (world.farah, f"/cost/budgets/{budget}/limit/"), (world.farah, f"/cost/budgets/{budget}/clear/"),
        (world.omar, "/spending/resume/"), *((world.noor, f"/people/{one}") for one in people),
    ]  # fmt: skip


def test_a_password_alone_decides_spends_operates_and_manages_nothing(world: World, required: None) -> None:
    for user, url in addresses(world):
        answer = of(user).post(url, {"why": "because"})
        assert answer.status_code == 403 and NEEDED in answer.content.decode(), url
        assert 'href="/account/2fa/"' in answer.content.decode()


def test_with_a_second_factor_the_same_doors_open(world: World, required: None) -> None:
    found = addresses(world)
    for user in {user for user, _ in found}:
        TOTP.activate(user, generate_totp_secret())
    for user, url in found:
        assert NEEDED not in of(user).post(url, {"why": "because"}).content.decode(), url


def test_the_brake_needs_none_and_reading_neither(world: World, required: None) -> None:
    """Stopping costs nothing and may have to happen on somebody's first day."""
    assert of(world.omar).post("/spending/stop/", {"why": "smoke"}).status_code == 302
    assert SpendingStop.objects.exists()
    assert of(world.mikkel).get("/approvals/").status_code == 200


def test_the_demo_shows_a_code_that_works_and_then_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DEMO", True)
    monkeypatch.setattr(settings, "DEMO_CODE_SECRET", CODE_SECRET)
    add_code(world.mikkel, CODE_SECRET)
    seen = set()
    for _ in range(2):
        page = of(world.mikkel).get("/settings/").content.decode()
        (code,) = re.findall(r"Demo authenticator: <b class=\"n\">(\d{3} \d{3})</b>", page)
        assert prove_by_code(world.mikkel, code)
        seen.add(code)
    assert len(seen) == 2
    assert "Demo authenticator" in of(world.mikkel).get("/settings/demo-code/").content.decode()


def test_in_the_demo_an_authenticator_of_one_s_own_is_not_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DEMO", True)
    monkeypatch.setattr(settings, "DEMO_CODE_SECRET", CODE_SECRET)
    TOTP.activate(world.mikkel, generate_totp_secret())
    assert "Demo authenticator" not in of(world.mikkel).get("/settings/").content.decode()


@pytest.mark.parametrize("url", ["/settings/", "/account/2fa/reauthenticate/", "/"])
def test_outside_the_demo_no_code_is_ever_shown(world: World, url: str) -> None:
    """Not even for somebody who has the demo's authenticator: that of a copied database, say."""
    assert not settings.DEMO and settings.DEMO_CODE_SECRET == ""
    add_code(world.mikkel, CODE_SECRET)
    answer = of(world.mikkel).get(url)
    assert answer.status_code == 200 and "Demo authenticator" not in answer.content.decode()
    assert of(world.mikkel).get("/settings/demo-code/").status_code == 404


def test_outside_the_demo_the_second_step_follows_the_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mikkel.set_password("correct horse 77x")
    world.mikkel.save()
    add_code(world.mikkel, CODE_SECRET)
    told = {"login": "mikkel", "password": "correct horse 77x"}
    assert Client().post("/sign-in/", told).headers["Location"] == "/account/2fa/authenticate/"
    monkeypatch.setattr(settings, "DEMO", True)
    assert Client().post("/sign-in/", told).headers["Location"] == "/"
