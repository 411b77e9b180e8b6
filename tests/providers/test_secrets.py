"""Secrets from files, the environment and a small Vault over HTTP: found, changed, missing, never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hybridops.domain.errors import ProviderRefused
from hybridops.providers.secrets import Cached, Environment, Files, Secret, parsed
from tests.providers.stage import HIDDEN, listening


def test_files(tmp_path: Path) -> None:
    (tmp_path / "ibm").write_text(f"{HIDDEN}\n")
    (tmp_path / "braket").write_text('{"access_key_id": "a", "secret_access_key": "b"}')
    places = Files(tmp_path)
    assert places.read("ibm")["token"] == HIDDEN
    assert dict(places.read("braket")) == {"access_key_id": "a", "secret_access_key": "b"}
    assert places.read("braket").optional("session_token") is None


def test_environment() -> None:
    places = Environment({"HYBRIDOPS_SECRET_IBM_EU": HIDDEN})
    assert places.read("ibm-eu")["token"] == HIDDEN
    with pytest.raises(ProviderRefused, match="HYBRIDOPS_SECRET_IONQ is not set"):
        places.read("ionq")


@pytest.mark.parametrize("name", ["", "../ibm", "a/b", "IBM", "x" * 65])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProviderRefused, match="small letters"):
        Files(tmp_path / "inner").read(name)


@pytest.mark.parametrize("text", ["{", '{"token": 3}', '{"token": null}'])
def test_what_cannot_be_read_is_said_without_its_text(text: str) -> None:
    with pytest.raises(ProviderRefused) as caught:
        parsed("ibm", text)
    assert caught.value.kind == "auth"
    assert text not in str(caught.value)


def test_nothing_shows_a_secret() -> None:
    secret = Secret("ibm", {"token": HIDDEN})
    assert HIDDEN not in f"{secret} {secret!r}"
    with pytest.raises(ProviderRefused) as caught:
        secret["instance"]
    assert HIDDEN not in str(caught.value)


def test_a_changed_file_is_seen_after_the_cache_s_time(tmp_path: Path) -> None:
    (tmp_path / "ibm").write_text("before")
    moment = [0.0]
    places = Cached(Files(tmp_path), seconds=30, now=lambda: moment[0])
    assert places.read("ibm")["token"] == "before"
    (tmp_path / "ibm").write_text("after")
    assert places.read("ibm")["token"] == "before"
    moment[0] = 30.0
    assert places.read("ibm")["token"] == "after"
    (tmp_path / "ibm").unlink()
    moment[0] = 60.0
    with pytest.raises(ProviderRefused):
        places.read("ibm")
    (tmp_path / "ibm").write_text("again")
    assert places.read("ibm")["token"] == "again"


class FakeVault:
    """Vault's AppRole and KV version 2, as far as hvac asks. `asked` counts log-ins and reads."""

    def __init__(self) -> None:
        self.kept = {"hybridops/ibm": {"token": HIDDEN}}
        self.tokens: dict[str, str] = {}
        self.asked = {"login": 0, "read": 0}
        self.down = False

    def routes(self) -> list:
        from starlette.requests import Request
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        async def login(request: Request) -> JSONResponse:
            body = await request.json()
            self.asked["login"] += 1
            if body != {"role_id": "role", "secret_id": "right"}:
                return JSONResponse({"errors": ["invalid role or secret ID"]}, 400)
            token = f"hvs.{self.asked['login']}"
            self.tokens[token] = "alive"
            return JSONResponse({"auth": {"client_token": token, "lease_duration": 60}})

        async def read(request: Request) -> JSONResponse:
            self.asked["read"] += 1
            if self.down:
                return JSONResponse({"errors": ["sealed"]}, 503)
            if self.tokens.get(request.headers.get("x-vault-token")) != "alive":
                return JSONResponse({"errors": ["permission denied"]}, 403)
            found = self.kept.get(request.path_params["path"])
            if found is None:
                return JSONResponse({"errors": []}, 404)
            return JSONResponse({"data": {"data": found, "metadata": {"version": 1}}})

        return [
            Route("/v1/auth/approle/login", login, methods=["POST"]),
            Route("/v1/secret/data/{path:path}", read),
        ]


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    pytest.importorskip("hvac", reason="hvac is not installed: pip install -r requirements/dev.txt")
    serve = pytest.importorskip("hybridops.providers.fakecloud.serve", reason="starlette is not installed")
    from starlette.applications import Starlette

    made = FakeVault()
    with serve.serving(Starlette(routes=made.routes())) as made.url:
        yield made


def places(vault: FakeVault, folder: Path, *, secret_id: str = "right", now=lambda: 0.0):  # noqa: ANN001
    from hybridops.providers.secrets_vault import Vault

    (folder / "secret-id").write_text(secret_id)
    return Vault(vault.url, role_id="role", secret_id_file=folder / "secret-id", now=now)


def test_vault_by_role(vault: FakeVault, tmp_path: Path) -> None:
    moment = [0.0]
    found = places(vault, tmp_path, now=lambda: moment[0])
    assert found.read("ibm")["token"] == HIDDEN
    vault.kept["hybridops/ibm"] = {"token": "rotated"}
    assert found.read("ibm")["token"] == "rotated"
    assert vault.asked["login"] == 1
    moment[0] = 55.0  # the token would end soon
    assert found.read("ibm")["token"] == "rotated"
    assert vault.asked["login"] == 2


def test_vault_takes_a_token_back(vault: FakeVault, tmp_path: Path) -> None:
    found = places(vault, tmp_path)
    found.read("ibm")
    vault.tokens.clear()
    assert found.read("ibm")["token"] == HIDDEN
    assert vault.asked["login"] == 2


def test_vault_by_token_file(vault: FakeVault, tmp_path: Path) -> None:
    from hybridops.providers.secrets_vault import Vault

    vault.tokens = {"hvs.agent": "alive"}
    file = tmp_path / "token"
    file.write_text("hvs.old\n")
    found = Vault(vault.url, token_file=file)
    with pytest.raises(ProviderRefused, match="check its policy"):
        found.read("ibm")
    file.write_text("hvs.agent\n")
    assert found.read("ibm")["token"] == HIDDEN


def test_vault_says_what_is_missing_and_shows_nothing(vault: FakeVault, tmp_path: Path) -> None:
    found = places(vault, tmp_path)
    with listening() as ears:
        found.read("ibm")
        with pytest.raises(ProviderRefused, match="no secret hybridops/ionq"):
            found.read("ionq")
        vault.down = True
        with pytest.raises(ProviderRefused, match="did not give the secret ibm") as caught:
            found.read("ibm")
    assert caught.value.kind == "auth"
    said = f"{ears.heard} {caught.getrepr(style='long')} {found!r}"
    assert HIDDEN not in said
    assert "hvs." not in f"{found!r} {caught.value}"


def test_a_wrong_role_and_a_missing_file(vault: FakeVault, tmp_path: Path) -> None:
    found = places(vault, tmp_path, secret_id="wrong")
    with pytest.raises(ProviderRefused):
        found.read("ibm")
    (tmp_path / "secret-id").unlink()
    with pytest.raises(ProviderRefused, match="secret id cannot be read"):
        found.read("ibm")


def test_vault_wants_one_way_in() -> None:
    pytest.importorskip("hvac")
    from hybridops.providers.secrets_vault import Vault

    for options in ({}, {"token_file": "a", "secret_id_file": "b"}):
        with pytest.raises(ValueError, match="either"):
            Vault("http://127.0.0.1:1", **options)
