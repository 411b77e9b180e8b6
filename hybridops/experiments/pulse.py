"""Who is there: every process says so each ten seconds, through the broker. Who went without a word is seen as lost.

A pulse is a hint, as every call is: nothing is decided by it. What it says is gone a quarter of an hour later.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import Any

from redis import RedisError

from hybridops import __version__
from hybridops.experiments.announce import broker, broker_for_pages

PREFIX = "hybridops:pulse:"
EVERY_SECONDS, LOST_SECONDS, KEPT_SECONDS = 10.0, 45.0, 900
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pulse:
    """`kind` is "worker cpu", "sweep" or "courier"; times are Unix seconds of that process's machine."""

    name: str
    kind: str
    version: str
    since: float
    at: float

    @property
    def age_s(self) -> float:
        return max(0.0, time() - self.at)

    @property
    def lost(self) -> bool:
        return self.age_s > LOST_SECONDS


@cache
def version() -> str:
    """The release and the first digits of the digest of all its code: two that differ are two versions."""
    package, total = Path(__file__).resolve().parent.parent, sha256()
    for file in sorted(package.rglob("*.py")):
        total.update(f"{file.relative_to(package)}\0".encode() + sha256(file.read_bytes()).digest())
    return f"{__version__}+{total.hexdigest()[:8]}"


@contextmanager
def beating(kind: str, name: str = "") -> Iterator[None]:
    """Within the block this process is seen; leaving it takes its name off the list."""
    ended, since = Event(), time()
    named = name or f"{socket.gethostname()}-{kind}-{int(since * 1000) % 100000}"
    thread = Thread(target=_beat_until, args=(ended, named, kind, since), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        _forget(named)


def _beat_until(ended: Event, name: str, kind: str, since: float) -> None:
    while True:
        beat(Pulse(name, kind, version(), since, time()))
        if ended.wait(EVERY_SECONDS):
            _forget(name)  # also where the last word came after the leave
            return


def beat(pulse: Pulse) -> None:
    """Says it once; a broker that is away hears the next one."""
    try:
        broker().set(f"{PREFIX}{pulse.name}", json.dumps(asdict(pulse)), ex=KEPT_SECONDS)
    except RedisError as problem:
        _log.debug("nobody hears this pulse: %s", problem)


def _forget(name: str) -> None:
    try:
        broker().delete(f"{PREFIX}{name}")
    except RedisError as problem:
        _log.debug("the pulse stays until it is old: %s", problem)


def pulses() -> list[Pulse]:
    """Everybody who was heard lately, by kind and name; raises RedisError where the broker is away."""
    asked = broker_for_pages()
    keys = sorted(asked.scan_iter(f"{PREFIX}*", count=1000))
    bodies = asked.mget(keys) if keys else []
    found = [_read(json.loads(body)) for body in bodies if body]
    return sorted(found, key=lambda one: (one.kind, one.name))


def _read(told: dict[str, Any]) -> Pulse:
    """What a newer version says besides is left out: while an installation is upgraded both are there."""
    return Pulse(**{one.name: told[one.name] for one in fields(Pulse)})
