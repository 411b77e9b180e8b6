"""A stage beside a test: fakecloud in a thread, its clock standing still, and what an adapter needs to know of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from hybridops.providers.fakecloud.clock import Clock
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.remote import Pause
from hybridops.providers.secrets import Files

PUBLIC = "caller-7f3a"  # what the stage compares: an access key's id, or a whole token
NOWHERE = "http://127.0.0.1:9"  # nobody listens on the discard port
HIDDEN = "hush-5b1e9c-hush"  # what no log and no message may show


class Naps:
    """A Pause on a clock of its own, which its naps move."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.moment = 0.0
        self.pause = Pause("The vendor", now=lambda: self.moment, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.moment += seconds


@contextmanager
def stage(folder: Path, **credentials: str) -> Iterator[Cloud]:
    """A cloud that is being served; `credentials` by vendor."""
    serve = pytest.importorskip("hybridops.providers.fakecloud.serve", reason="starlette is not installed")
    cloud = Cloud(folder / "cloud", credentials=credentials, clock=Clock(moving=False))
    with serve.running(cloud):
        yield cloud


def fresh(cloud: Cloud, **credentials: str) -> Cloud:
    """The same stage for another test: nothing scripted, nothing counted."""
    cloud.script.clear()
    cloud.requests.clear()
    cloud.credentials.update(credentials)
    return cloud


def kept(folder: Path, name: str, values: Mapping[str, str]) -> Files:
    """Mounted secrets with this one in them."""
    place = folder / "secrets"
    place.mkdir(exist_ok=True)
    (place / name).write_text(json.dumps(values))
    return Files(place)


class Ears(logging.Handler):
    """Everything that any logger says, from DEBUG on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.getMessage()} {record.exc_info or ''}")


@contextmanager
def listening() -> Iterator[Ears]:
    root, ears = logging.getLogger(), Ears()
    before = root.level
    root.addHandler(ears)
    root.setLevel(logging.DEBUG)
    try:
        yield ears
    finally:
        root.removeHandler(ears)
        root.setLevel(before)


def named(check: Callable[..., None]) -> str:
    return check.__name__.removeprefix("check_")
