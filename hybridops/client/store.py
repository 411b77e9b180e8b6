"""The tokens of this person on this machine: one file, readable by nobody else, changed by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hybridops.client.errors import ClientError

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@dataclass(frozen=True, slots=True)
class Pair:
    """A token and what renews it; `ends_at` is in seconds since 1970."""

    access: str
    refresh: str
    ends_at: float


def folder() -> Path:
    """HYBRIDOPS_CONFIG, or `hybridops` in the person's configuration folder."""
    if named := os.environ.get("HYBRIDOPS_CONFIG"):
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "hybridops"


class Store:
    """`sites` by address, and which of them was signed in to last."""

    def __init__(self, where: Path | None = None) -> None:
        self.folder = where or folder()
        self.file = self.folder / "tokens.json"

    def pair(self, site: str) -> Pair | None:
        try:
            return Pair(**self._read()["sites"][site])
        except (KeyError, TypeError):
            return None

    @property
    def last(self) -> str:
        """The site that was signed in to last, or nothing."""
        return str(self._read().get("last", ""))

    def keep(self, site: str, pair: Pair | None) -> None:
        """Writes the tokens of a site, or forgets them. The caller holds `alone()` where it read before."""
        told = self._read()
        sites = {name: one for name, one in told.get("sites", {}).items() if name != site}
        if pair is not None:
            sites[site] = asdict(pair)
        last = site if pair is not None else next(iter(sites), "")
        self._write({"last": last, "sites": sites})

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Two programs do not renew the same token: the second waits, and finds the first one's."""
        self._make_folder()
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as problem:
            raise ClientError(f"{self.folder} cannot be made: {problem.strerror}.") from None

    def _read(self) -> dict[str, Any]:
        """What is kept; raises ClientError for a file that others can read, or that is none of ours."""
        try:
            with self.file.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise ClientError(f"Others can read {self.file}. Sign out and in again, or chmod 600 it.")
                told = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as problem:
            raise ClientError(f"{self.file} cannot be read: {type(problem).__name__}. Remove it.") from None
        if not isinstance(told, dict) or not isinstance(told.get("sites", {}), dict):
            raise ClientError(f"{self.file} is not ours. Remove it.")
        return told

    def _write(self, told: dict[str, Any]) -> None:
        """Whole or not at all, and private from its first byte."""
        self._make_folder()
        fresh = self.folder / f"tokens.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
        with os.fdopen(handle, "w") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.file)
