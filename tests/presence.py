"""A person who is there: what a test brings to a decision that asks who makes it."""

from __future__ import annotations

from datetime import timedelta

from hybridops.domain import clock
from hybridops.domain.presence import Method, Presence


def here(method: Method = Method.CODE, ago: float = 0) -> Presence:
    """A proof of presence, so many seconds old."""
    return Presence(method, clock.now() - timedelta(seconds=ago))
