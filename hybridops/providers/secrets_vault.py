"""Secrets from HashiCorp Vault's KV store, version 2, through hvac and tokens that live for a short time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hybridops.providers.secrets import Secret, absent, checked

SPARE_SECONDS = 10.0  # before its end a token is not used any more


class Vault:
    """Keeps `secrets.Secrets`. Options:

    address          such as https://vault.example:8200
    mount, prefix    of the KV store; a secret NAME is at prefix/NAME
    token_file       a token that somebody else renews, such as Vault Agent; read at every use. Or:
    role_id, secret_id_file   AppRole: a token is fetched, used until shortly before its end, then fetched anew
    ca               a file of certificates
    """

    def __init__(
        self,
        address: str,
        *,
        mount: str = "secret",
        prefix: str = "hybridops",
        token_file: Path | str | None = None,
        role_id: str = "",
        secret_id_file: Path | str | None = None,
        ca: str | None = None,
        timeout_seconds: float = 10.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if (token_file is None) == (secret_id_file is None):
            raise ValueError("Give Vault either a token file or an AppRole with its secret id file.")
        self._where = {"url": address, "verify": ca or True, "timeout": timeout_seconds}
        self._mount, self._prefix = mount, prefix
        self._token_file, self._role_id, self._secret_id_file = token_file, role_id, secret_id_file
        self._now, self._token, self._until = now, "", 0.0

    def __repr__(self) -> str:
        return f"<Vault {self._where['url']}>"

    def read(self, name: str) -> Secret:
        """A token that Vault does not take any more is fetched anew once."""
        from hvac.exceptions import Forbidden, InvalidPath

        path = f"{self._prefix}/{checked(name)}"
        try:
            try:
                found = self._data(path)
            except Forbidden:
                self._until = 0.0
                found = self._data(path)
        except InvalidPath:
            raise absent(f"Vault has no secret {path} in {self._mount}; write it there.") from None
        except Forbidden:
            raise absent(f"Vault does not let this installation read {path}; check its policy.") from None
        except _troubles() as problem:
            raise absent(f"Vault did not give the secret {name} ({type(problem).__name__}).") from None
        return Secret(name, {key: str(value) for key, value in found.items()})

    def _data(self, path: str) -> dict[str, Any]:
        import hvac

        client = hvac.Client(token=self._current(), **self._where)
        answer = client.secrets.kv.v2.read_secret_version(
            path=path, mount_point=self._mount, raise_on_deleted_version=True
        )
        found: dict[str, Any] = answer["data"]["data"]
        return found

    def _current(self) -> str:
        if self._token_file is not None:
            return _text(self._token_file, "Vault token")
        if self._now() >= self._until:
            self._log_in()
        return self._token

    def _log_in(self) -> None:
        import hvac

        client = hvac.Client(**self._where)
        secret_id = _text(self._secret_id_file or "", "AppRole secret id")
        told = client.auth.approle.login(role_id=self._role_id, secret_id=secret_id)["auth"]
        self._token = told["client_token"]
        self._until = self._now() + max(0.0, float(told["lease_duration"]) - SPARE_SECONDS)


def _text(file: Path | str, what: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError as problem:
        raise absent(f"The {what} cannot be read from {file} ({problem.strerror}).") from None


def _troubles() -> tuple[type[Exception], ...]:
    """What hvac raises, and an answer that is not what Vault answers."""
    from hvac.exceptions import VaultError
    from requests import RequestException

    return VaultError, RequestException, LookupError, TypeError, ValueError
