"""Business time: what records carry.

Everything that is written for people (events, decisions, quotes) is stamped with `now()`. The demo's
history runs the real services at past moments through `at()`. Leases never use this clock: they use
the database's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_set_to: ContextVar[datetime | None] = ContextVar("business_time", default=None)


def now() -> datetime:
    """The business moment, aware, in UTC."""
    return _set_to.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block `now()` answers `moment`."""
    token = _set_to.set(moment)
    try:
        yield
    finally:
        _set_to.reset(token)
