"""Where an adapter's credentials come from. They are read when they are used, so a new one works without a restart.

A secret is a few named texts. It is shown by nothing: its repr has no value, and errors name only the secret.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from hybridops.domain.errors import ProviderRefused

CACHE_SECONDS = 30.0
TOKEN = "token"  # noqa: S105 - the name of the only value of a secret that is one bare text
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Secret(Mapping[str, str]):
    """Named texts. Asking for one that is not there raises ProviderRefused, never a KeyError with values."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self.name, self._values = name, dict(values)

    def __getitem__(self, key: str) -> str:
        if key not in self._values:
            raise absent(f"The secret {self.name} has no {key}; add it where the secret is kept.")
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Secret {self.name}>"

    def optional(self, key: str) -> str | None:
        return self._values.get(key)


class Secrets(Protocol):
    """One place that keeps secrets. `read` raises ProviderRefused of kind "auth" where there is none to be had."""

    def read(self, name: str) -> Secret: ...


def absent(message: str) -> ProviderRefused:
    """Without its credential nothing is sent, so whatever was asked has certainly not happened."""
    return ProviderRefused(message, kind="auth")


def parsed(name: str, text: str) -> Secret:
    """A JSON object of texts, or one bare text under TOKEN."""
    if not text.lstrip().startswith("{"):
        return Secret(name, {TOKEN: text.strip()})
    try:
        values = json.loads(text)
    except ValueError:
        raise absent(f"The secret {name} starts like a JSON object and is not one; write it anew.") from None
    if not all(isinstance(value, str) for value in values.values()):
        raise absent(f"The secret {name} has a value that is not a text; write it anew.")
    return Secret(name, values)


def checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise absent("A secret's name is made of small letters, digits, - and _.")
    return name


class Files:
    """One file a secret, as Docker, Kubernetes and systemd mount them. Whoever replaces the file rotates it."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def read(self, name: str) -> Secret:
        file = self._folder / checked(name)
        try:
            return parsed(name, file.read_text())
        except OSError as problem:
            why = problem.strerror or "it cannot be read"
            raise absent(f"The secret {name} cannot be read from {file} ({why}).") from None


class Environment:
    """HYBRIDOPS_SECRET_NAME, for development only: any child process sees it."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    def read(self, name: str) -> Secret:
        variable = f"HYBRIDOPS_SECRET_{checked(name).upper().replace('-', '_')}"
        if not self._environ.get(variable):
            raise absent(f"The secret {name} is missing: {variable} is not set.")
        return parsed(name, self._environ[variable])


class Cached:
    """Another place's secrets, each kept for some seconds; what could not be read is not remembered."""

    def __init__(
        self, place: Secrets, *, seconds: float = CACHE_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._place, self._seconds, self._now = place, seconds, now
        self._kept: dict[str, tuple[float, Secret]] = {}

    def read(self, name: str) -> Secret:
        kept = self._kept.get(name)
        if kept is not None and self._now() - kept[0] < self._seconds:
            return kept[1]
        found = self._place.read(name)
        self._kept[name] = (self._now(), found)
        return found
