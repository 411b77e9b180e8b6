"""How often a team may ask: counted with the broker, a minute at a time. No team takes the others' room.

And how often an address may be refused a token: counted in the database, so that it holds without a broker too.
"""

from __future__ import annotations

import logging
import time

from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

from hybridops.domain.errors import Refused
from hybridops.experiments.announce import broker
from hybridops.teams.models import User

MINUTE = 60
REFUSED_A_MINUTE = 30  # of one address: each refusal costs the hash of a secret
_log = logging.getLogger(__name__)


class TooMany(Refused):
    """The team has asked too often this minute; `seconds` until the next."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Your team asks more than {settings.API_CALLS_A_MINUTE} times a minute. Wait {seconds} s."
        )
        self.seconds = seconds


def count(user: User) -> None:
    """Counts one call of everybody this is a call of; raises TooMany. Without the broker nothing is counted."""
    now = int(time.time())
    try:
        calls = [_counted(team, now // MINUTE) for team in _teams(user)]
    except RedisError as problem:
        _log.warning("calls are not counted, the broker is away: %s", problem)
        return
    if max(calls, default=0) > settings.API_CALLS_A_MINUTE:
        raise TooMany(MINUTE - now % MINUTE)


def _teams(user: User) -> list[int]:
    return list(user.memberships.values_list("team_id", flat=True))


def _counted(team: int, minute: int) -> int:
    key = f"api:{team}:{minute}"
    with broker().pipeline() as pipe:
        pipe.incr(key)
        pipe.expire(key, 2 * MINUTE)
        return int(pipe.execute()[0])


def seconds_to_wait(request: HttpRequest) -> int:
    """0, or how long this address waits, because it was refused too many tokens within this minute."""
    return MINUTE - int(time.time()) % MINUTE if cache.get(_refusals(request), 0) >= REFUSED_A_MINUTE else 0


def count_refusal(request: HttpRequest) -> None:
    key = _refusals(request)  # once: a minute may end here
    cache.add(key, 0, 2 * MINUTE)
    cache.incr(key)


def _refusals(request: HttpRequest) -> str:
    return f"refused-tokens:{get_ip(request)}:{int(time.time()) // MINUTE}"
