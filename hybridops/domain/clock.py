"""Business time: what records carry.

Everything that is written for people (events, decisions, quotes) is stamped with `now()`. The demo's
history runs the real services at past moments through `at()`, and lets their time go by with `advance()`.
Leases never use this clock: they use the database's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_set_to: ContextVar[list[datetime] | None] = ContextVar("business_time", default=None)


def now() -> datetime:
    """The business moment, aware, in UTC."""
    told = _set_to.get()
    return told[0] if told else datetime.now(UTC)


def is_told() -> bool:
    """Whether a told moment is lived now, a rehearsed past, and not the real one."""
    return _set_to.get() is not None


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block `now()` answers `moment`, and later ones as `advance` says."""
    token = _set_to.set([moment])
    try:
        yield
    finally:
        _set_to.reset(token)


def advance(seconds: float) -> None:
    """Lets told time go by; real time goes by itself, so outside `at` nothing happens."""
    told = _set_to.get()
    if told:
        told[0] += timedelta(seconds=seconds)
