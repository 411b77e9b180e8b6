"""Passkeys in a real browser with an authenticator in software: set up, sign in, and sign exactly a digest."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import uvicorn
from django.core.cache import cache
from fido2.utils import websafe_decode, websafe_encode
from playwright.sync_api import Page, Route

from hybridops.config.asgi import application
from hybridops.domain.presence import Method
from hybridops.teams.models import User
from hybridops.teams.presence import methods_of, passkey_challenge, prove_by_passkey
from tests.e2e.chromium import NoBrowser, launched
from tests.realdb import RealDatabase

PASSWORD = "correct horse 77x"
DIGEST = hashlib.sha256(b"what was shown").hexdigest()
TOUCH = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip
FORM = """<form id="decide" method="post" action="/decided" data-passkey-challenge-url="/asked"><input type="hidden" name="assertion">
<input name="code"><span data-passkey-problem></span><button name="verdict" value="approve">Decide</button></form>"""


@pytest.fixture
def site(real: RealDatabase) -> Iterator[str]:
    """The whole application on a port of its own, in a thread: it shares the test's database file."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright has a loop of its own in this thread
    try:
        with launched() as browser:
            context = browser.new_context()
            shown = context.new_page()
            devtools = context.new_cdp_session(shown)
            devtools.send("WebAuthn.enable")
            devtools.send("WebAuthn.addVirtualAuthenticator", {"options": TOUCH})
            yield shown
    except NoBrowser as why:
        pytest.skip(str(why))


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/sign-in/")
    page.fill("[name=login]", "mikkel")
    page.fill("[name=password]", PASSWORD)
    page.locator("form button.btn.big").last.click()
    page.wait_for_url(f"{site}/")


@pytest.mark.slow
def test_a_passkey_is_set_up_signs_in_and_signs_a_digest(real: RealDatabase, site: str, page: Page) -> None:
    user = User.objects.get(username="mikkel")
    user.set_password(PASSWORD)
    user.save()
    sign_in(page, site)
    page.goto(f"{site}/account/2fa/webauthn/add/")
    page.fill("[name=password]", PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/webauthn/add/")
    page.fill("[name=name]", "laptop")
    page.check("[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/**")
    assert methods_of(user) == {Method.PASSKEY, Method.CODE}

    page.context.clear_cookies()
    page.goto(f"{site}/sign-in/")
    page.click("#passkey_login")
    page.wait_for_url(f"{site}/")

    cache.clear()
    sent = _decide(page, site, passkey_challenge(user, DIGEST))
    assert sent["verdict"] == ["approve"]
    presence = prove_by_passkey(user, digest=DIGEST, assertion=json.loads(sent["assertion"][0]))
    assert presence.method == Method.PASSKEY
    assert websafe_encode(bytes.fromhex(DIGEST)) in _client_data(presence.evidence["client_data"])

    assert _decide(page, site, {}, code="123456")["code"] == ["123456"]  # with a code no passkey is asked for
    assert "Choose one of the four" in _problem(page, site)


def _client_data(text: Any) -> str:
    return bytes(websafe_decode(text)).decode()


def _open(page: Page, site: str) -> None:
    """A page of ours with a form that needs a proof, as the module on every page finds it."""

    def with_form(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("<main", f"{FORM}<main"))

    page.route(f"{site}/settings/", with_form)
    page.goto(f"{site}/settings/")


def _decide(page: Page, site: str, options: dict[str, Any], code: str = "") -> dict[str, list[str]]:
    """What the form sends."""
    page.route("**/asked", lambda route: route.fulfill(json=options))
    page.route("**/decided", lambda route: route.fulfill(body="done"))
    _open(page, site)
    page.fill("#decide [name=code]", code)
    with page.expect_request("**/decided") as sent:
        page.click("#decide button")
    page.wait_for_url("**/decided")
    return parse_qs(sent.value.post_data or "")


def _problem(page: Page, site: str) -> str:
    page.route(
        "**/asked", lambda route: route.fulfill(status=422, json={"problem": "Choose one of the four."})
    )
    _open(page, site)
    page.click("#decide button")
    shown = page.locator("[data-passkey-problem]:not(:empty)")
    shown.wait_for()
    return shown.inner_text()
