"""Single sign-on against an issuer that runs beside the test: who is known by a verified address comes in, nobody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from hybridops.bootstrap import ROOT
from hybridops.config import environment
from hybridops.domain.actors import SYSTEM
from hybridops.teams import leaving, machines
from hybridops.teams.models import User
from tests.teams.issuer import CLIENT, PASSWORD, SECRET
from tests.world import World

pytestmark = pytest.mark.slow  # a real issuer, in its own process

BACK = "http://testserver/sign-on/company/back/"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.teams.issuer", BACK], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    address = f"http://127.0.0.1:{int(process.stdout.readline())}"
    requests.get(f"{address}/.well-known/openid-configuration", timeout=60)  # its first answer is a slow one
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture
def configured(world: World, issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """As the environment configures it."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("HYBRIDOPS_OIDC_ISSUER", issuer)
    monkeypatch.setenv("HYBRIDOPS_OIDC_CLIENT_ID", CLIENT)
    monkeypatch.setenv("HYBRIDOPS_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setattr(settings, "SOCIALACCOUNT_PROVIDERS", environment.single_sign_on())
    return issuer


def sign_on(browser: Client, name: str, *, change: str = "") -> Any:
    """The whole way: our button, the issuer's sign-in, and back to us."""
    leads = browser.post("/sign-on/company/")
    assert leads.status_code == 302
    there = requests.Session()
    form = there.get(leads.headers["Location"], timeout=10)
    token = (
        form.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        if "csrfmiddlewaretoken" in form.text
        else ""
    )
    told = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = there.post(form.url, told, allow_redirects=False, timeout=10)
    while answer.is_redirect and not answer.headers["Location"].startswith(BACK):
        where = requests.compat.urljoin(answer.url, answer.headers["Location"])
        answer = there.get(where, allow_redirects=False, timeout=10)
    parts = urlsplit(answer.headers["Location"])
    return browser.get(f"{parts.path}?{parts.query}{change}")


def is_in(browser: Client) -> str:
    return str(browser.session.get("_auth_user_id", ""))


def test_a_person_whom_an_administrator_added_comes_in_by_a_verified_address(
    world: World, configured: str
) -> None:
    for _ in range(2):  # the second time the account is linked
        browser = Client()
        assert sign_on(browser, "ines").headers["Location"] == "/"
        assert is_in(browser) == str(world.ines.pk)
    assert SocialAccount.objects.get().user == world.ines
    page = browser.get("/settings/").content.decode()
    assert "Single sign-on" in page


@pytest.mark.parametrize("name", ["stranger", "unverified", "robot"])
def test_strangers_unverified_addresses_and_services_stay_out(
    world: World, configured: str, name: str
) -> None:
    machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=world.ines, team=world.team, actor=SYSTEM
    )
    User.objects.filter(username="robot").update(email="robot@example.org")
    before, browser = User.objects.count(), Client()
    answer = sign_on(browser, name)
    assert answer.status_code == 403 and "An administrator can add you" in answer.content.decode()
    assert is_in(browser) == "" and User.objects.count() == before and not SocialAccount.objects.exists()


def test_two_people_with_one_address_are_nobody(world: World, configured: str) -> None:
    User.objects.filter(pk=world.tomas.pk).update(email="INES@example.org")
    assert sign_on(Client(), "ines").status_code == 403


def test_a_deactivated_person_stays_out_also_with_a_linked_account(world: World, configured: str) -> None:
    assert sign_on(Client(), "ines").headers["Location"] == "/"
    leaving.deactivate(user=world.ines, why="left", actor=SYSTEM)
    browser = Client()
    sign_on(browser, "ines")
    assert is_in(browser) == ""


def test_an_answer_that_we_did_not_ask_for_is_refused(world: World, configured: str) -> None:
    """Another browser's answer, or a changed state: nobody is signed in as somebody else's guest."""
    first, other = Client(), Client()
    leads = first.post("/sign-on/company/").headers["Location"]
    state = leads.split("state=")[1].split("&")[0]
    assert other.get(f"/sign-on/company/back/?code=x&state={state}").status_code in (200, 401, 403)
    assert sign_on(first, "ines", change="x").status_code in (200, 401, 403)
    assert is_in(first) == is_in(other) == ""


def test_the_sign_in_page_offers_it_only_where_it_is_set_up(
    world: World, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'action="/sign-on/company/' in Client().get("/sign-in/").content.decode()
    monkeypatch.setattr(settings, "SOCIALACCOUNT_PROVIDERS", {})
    assert "sign-on" not in Client().get("/sign-in/").content.decode()
    assert Client().post("/sign-on/company/").status_code == 404


def test_half_a_configuration_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HYBRIDOPS_OIDC_ISSUER", raising=False)
    assert environment.single_sign_on() == {}
    monkeypatch.setenv("HYBRIDOPS_OIDC_ISSUER", "https://issuer.example")
    with pytest.raises(ImproperlyConfigured, match="_CLIENT_ID"):
        environment.single_sign_on()
    monkeypatch.setenv("HYBRIDOPS_OIDC_CLIENT_ID", "x")
    monkeypatch.setenv("HYBRIDOPS_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        environment.single_sign_on()
    assert environment.origin_of("https://issuer.example/realms/x") == ["https://issuer.example"]
