"""Every address is behind a sign-in and every write behind a token, except those written down here with their reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from hybridops.bootstrap import ROOT
from hybridops.experiments.models import Run
from hybridops.teams.models import User
from tests.approvals.asking import ask
from tests.world import World

# Open to who is not signed in: name of the address → why, and what a GET and a POST without data answer.
OPEN: dict[str, tuple[str, int, int]] = {
    "healthz": ("a monitor has no account; it names no detail", 503, 503),
    "livez": ("the same, of this process alone", 200, 200),
    "metrics": ("its own token opens it; without one there is nothing", 404, 405),
    "account_login": ("it is the door", 200, 200),
    "theme": ("how things look, and no more", 405, 302),
    "account_signup": ("closed: it says so", 200, 200),
    "account_inactive": ("says that an account is not active", 200, 405),
    "account_email_verification_sent": ("says that a mail was sent", 200, 405),
    "account_confirm_email": ("the link in a mail; a wrong key is told so", 200, 404),
    "account_reset_password": ("who forgot a password cannot sign in", 200, 200),
    "account_reset_password_done": ("says that a mail was sent", 200, 405),
    "account_reset_password_from_key": ("the link in that mail; a wrong key is told so", 200, 200),
    "account_reset_password_from_key_done": ("says that it was changed", 200, 405),
    "socialaccount_login_cancelled": ("says that nothing came of it", 200, 405),
    "socialaccount_login_error": ("says that nothing came of it", 401, 405),
    "token": ("the door for services: they show their secret", 405, 400),
    "hook": ("what comes in is signed; all else looks like nothing", 405, 404),
    "device": ("a command line asks to be confirmed; it gets a code and nothing else", 405, 400),
    "revoke_token": ("whoever has a token may end it", 405, 400),
}
VALUES = {
    "pk": "1",
    "what": "mail",
    "ordinal": "1",
    "part": "main",
    "name": "fake",
    "key": "x",
    "uidb36": "1",
    "provider_id": "company",
    "kind": "workflow",
    "table": "pairs",
}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[tuple[str, str]]:
    """Name and an example of each address that the resolver knows, without those that a token opens, which
    tests/api/test_matrix.py takes from the API's description.
    """
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, before + _example(pattern))
        elif not before.startswith("/api/v1/"):
            yield str(pattern.name), before + _example(pattern)


def _example(pattern: URLPattern | URLResolver) -> str:
    """A path that matches: converters and named groups filled in."""
    import re

    route = str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z").replace("\\", "")
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: VALUES[m[1]], route)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: VALUES[m[1]], route)


ALL = list(addresses(get_resolver().url_patterns))


def test_there_are_addresses_and_each_example_is_one() -> None:
    from django.urls import resolve

    assert len(ALL) > 40
    for name, url in ALL:
        assert str(resolve(url).url_name) == name, url


@pytest.fixture
def run(world: World) -> Run:
    """Something to find under every number that the examples use."""
    ask(world)
    return Run.objects.get()


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_gets_in_without_signing_in(run: Run, method: str) -> None:
    seen = {}
    for name, url in ALL:
        answer = getattr(Client(), method)(url.replace("/1/", f"/{run.pk}/"))
        if name in OPEN:
            seen[name] = answer.status_code
            continue
        assert answer.status_code in (302, 401, 403, 404, 405), (name, url, answer.status_code)
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith(("/sign-in/", "/account/reauthenticate/")), (
                name,
                url,
            )
        assert b"Wave 14" not in answer.content
    expected = {name: told[1 if method == "get" else 2] for name, told in OPEN.items()}
    assert seen == {name: expected[name] for name in seen}
    assert set(seen) == set(OPEN), set(OPEN) - set(seen)


def test_every_page_of_ours_redirects_to_the_sign_in(run: Run) -> None:
    others = ("/account/", "/sign-on/", "/api/")
    ours = [(name, url) for name, url in ALL if not url.startswith(others) and name not in OPEN]
    assert len(ours) > 20
    for name, url in ours:
        answers = [getattr(Client(), method)(url) for method in ("get", "post")]
        assert any(answer.headers.get("Location", "").startswith("/sign-in/") for answer in answers), (
            name,
            url,
        )


@pytest.mark.slow
@pytest.mark.parametrize("method", ["post", "delete"])
def test_every_write_needs_its_token(world: World, run: Run, method: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.ines)
    for name, url in ALL:
        if name in ("token", "device", "revoke_token", "hook"):
            continue  # they read no cookie
        sent = {"content_type": "text/plain", "data": '{"a": 1}'}
        answer = getattr(browser, method)(url.replace("/1/", f"/{run.pk}/"), **sent)
        assert answer.status_code == 403, (name, url, answer.status_code)
    assert Run.objects.get().outcome == ""


@pytest.mark.slow
def test_a_get_changes_nothing(world: World, run: Run) -> None:
    """A link, a prefetch, a crawler behind somebody's session: every address read once."""
    from hybridops.audit.models import AuditEvent

    before = AuditEvent.objects.count(), Run.objects.get().version, User.objects.count()
    browser = Client()
    browser.force_login(world.ines)
    for name, url in ALL:
        if name != "account_logout":
            answer = browser.get(url.replace("/1/", f"/{run.pk}/"))
            assert answer.status_code < 500 or name == "healthz", (name, url)
    assert (AuditEvent.objects.count(), Run.objects.get().version, User.objects.count()) == before


HEAVY = {"qiskit", "qiskit_aer", "qiskit_ibm_runtime", "pyvrp", "scipy", "sklearn", "plotly"}


@pytest.mark.slow
def test_a_web_process_loads_no_solver() -> None:
    code = (
        "import sys, django; django.setup();"
        "import hybridops.config.asgi; from django.urls import get_resolver; get_resolver().url_patterns;"
        "import hybridops.web.urls, hybridops.engine.sweep, hybridops.engine.advance;"
        f"found = {sorted(HEAVY)!r}; print([name for name in found if name in sys.modules])"
    )
    import os

    env = os.environ | {"DJANGO_SETTINGS_MODULE": "hybridops.config.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr[-2000:]
