"""Signing in: limits that hold without a broker, the second step, a passkey instead, sessions, the password."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from hybridops.domain.errors import Refused
from hybridops.experiments import announce
from hybridops.teams.models import User
from hybridops.teams.presence import prove_by_code
from tests.teams.authenticator import Passkey
from tests.teams.test_presence import code_of
from tests.world import World

PASSWORD = "correct horse 77x"


@pytest.fixture(autouse=True)
def _ready(world: World) -> None:
    cache.clear()
    world.mikkel.set_password(PASSWORD)
    world.mikkel.save()


def sign_in(password: str = PASSWORD, browser: Client | None = None) -> Client:
    browser = browser or Client()
    browser.last = browser.post("/sign-in/", {"login": "mikkel", "password": password})  # type: ignore[attr-defined]
    return browser


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def test_it_works_while_the_broker_is_away() -> None:
    """There is none in a test; what is counted is counted in the database."""
    with pytest.raises(Exception, match=r"connecting|Connection|No such file"):
        announce.broker().ping()
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    assert is_in(sign_in())


def test_five_wrong_passwords_close_the_door_for_a_while() -> None:
    for _ in range(5):
        assert not is_in(sign_in("wrong"))
    closed = sign_in()
    assert not is_in(closed) and "Too many" in closed.last.content.decode()  # type: ignore[attr-defined]
    cache.clear()  # as after five minutes
    assert is_in(sign_in())


def test_a_code_is_the_second_step_and_counts_once_between_sign_in_and_decision(world: World) -> None:
    secret = generate_totp_secret()
    TOTP.activate(world.mikkel, secret)
    browser, code = sign_in(), code_of(secret)
    assert not is_in(browser)
    assert browser.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    assert is_in(browser)
    with pytest.raises(Refused):
        prove_by_code(world.mikkel, code)
    again = sign_in()
    answer = again.post("/account/2fa/authenticate/", {"code": code})
    assert not is_in(again) and "used already" in answer.content.decode()


def test_a_session_that_somebody_set_before_is_not_the_one_of_the_person() -> None:
    """A link or a shared machine planted it: after the sign-in it opens nothing."""
    browser = Client()
    planted = browser.session
    planted["left"] = "behind"
    planted.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = str(planted.session_key)
    assert is_in(sign_in(browser=browser)) and browser.session.session_key != planted.session_key
    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = str(planted.session_key)
    assert not is_in(other) and other.get("/runs/").status_code == 302


def test_a_recovery_code_lets_in_once(world: World) -> None:
    TOTP.activate(world.mikkel, generate_totp_secret())
    code = RecoveryCodes.activate(world.mikkel).generate_codes()[0]
    for expected in (True, False):
        browser = sign_in()
        browser.post("/account/2fa/authenticate/", {"code": code})
        assert is_in(browser) == expected


def test_wrong_codes_close_the_second_step(world: World) -> None:
    secret = generate_totp_secret()
    TOTP.activate(world.mikkel, secret)
    browser = sign_in()
    for _ in range(5):
        browser.post("/account/2fa/authenticate/", {"code": "nonsense"})
    answer = browser.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert not is_in(browser) and "Too many codes" in answer.content.decode()


def test_sessions_are_listed_and_ended_everywhere_else(world: World) -> None:
    here, there = sign_in(), sign_in()
    page = here.get("/account/sessions/").content.decode()
    assert page.count("127.0.0.1") == 2
    assert here.post("/account/sessions/").status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").headers["Location"].startswith("/sign-in/")


def test_another_password_signs_out_everywhere_else_and_needs_the_old_one(world: World) -> None:
    here, there = sign_in(), sign_in()
    told = {"oldpassword": "wrong", "password1": "another horse 77x", "password2": "another horse 77x"}
    assert here.post("/account/password/change/", told).status_code == 200
    here.post("/account/password/change/", {**told, "oldpassword": PASSWORD})
    assert User.objects.get(pk=world.mikkel.pk).check_password("another horse 77x")
    assert there.get("/").headers["Location"].startswith("/sign-in/")


def test_setting_up_a_passkey_or_an_app_asks_again_who_it_is(world: World) -> None:
    browser = sign_in()
    for url in ("/account/2fa/webauthn/add/", "/account/2fa/totp/activate/"):
        assert browser.get(url).headers["Location"].startswith("/account/reauthenticate/"), url
    Passkey(world.mikkel)
    page = browser.get("/settings/").content.decode()
    assert re.search(r"You prove that it is you with 1 passkey\.", page)


def test_nobody_changes_their_own_mail_address(world: World) -> None:
    """Single sign-on finds people by it."""
    browser = sign_in()
    assert browser.post("/account/email/", {"action_add": "", "email": "ines@example.org"}).status_code == 405
    assert User.objects.get(pk=world.mikkel.pk).email == "mikkel@example.org"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "https:evil"],
)
def test_after_the_sign_in_nobody_is_led_elsewhere(elsewhere: str) -> None:
    told = {"login": "mikkel", "password": PASSWORD}
    for address, body in (
        (f"/sign-in/?{urlencode({'next': elsewhere})}", told),
        ("/sign-in/", told | {"next": elsewhere}),
    ):
        browser = Client()
        answer = browser.post(address, body)
        assert is_in(browser)
        assert answer.headers["Location"].startswith("/") and "evil" not in answer.headers["Location"]
    assert Client().post("/sign-in/", told | {"next": "/runs/"}).headers["Location"] == "/runs/"
