"""Who else reads a request right now. A courtesy, forgotten after a minute: nothing rests on it."""

from __future__ import annotations

from time import time

from django.core.cache import caches

from hybridops.teams.models import User

SECONDS = 60
_SEEN = caches["default"]


def others(request_id: int, user: User) -> list[str]:
    """Notes that this person looks, and names those who looked within a minute."""
    key, now = f"looking:{request_id}", time()
    seen: dict[int, tuple[str, float]] = _SEEN.get(key, {})
    fresh = {pk: told for pk, told in seen.items() if now - told[1] < SECONDS}
    _SEEN.set(key, fresh | {user.pk: (str(user), now)}, SECONDS)
    return sorted(name for pk, (name, _) in fresh.items() if pk != user.pk)
