"""When a schedule is due: a cron expression read in a time zone, as moments in UTC.

As Debian's cron does it: what is due at a time that a change to summer time leaves out is due right after it, and a
fixed time that comes twice in autumn is due once; what is due every so many minutes goes on through both hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from hybridops.domain.errors import BadInput

APART_MIN = timedelta(minutes=5)
_LOOKED_AT = 300  # due times that are compared: a day of the most frequent ones


def check_cron(expression: str, zone: str, now: datetime) -> None:
    """Raises BadInput unless these are five fields of cron and a time zone, ever due, and at least 5 minutes apart."""
    if len(expression.split()) != 5:
        raise BadInput("Give five fields: minute, hour, day, month, day of the week.", field="cron")
    _zone(zone)
    try:
        dues = upcoming(expression, zone, now, _LOOKED_AT)
    except CronSimError as problem:
        raise BadInput(f"That is no cron expression: {problem}.", field="cron") from problem
    if not dues:
        raise BadInput("That is never due.", field="cron")
    if any(later - earlier < APART_MIN for earlier, later in pairwise(dues)):
        raise BadInput("Leave at least five minutes between two runs.", field="cron")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise BadInput("Give a time zone such as Europe/Copenhagen.", field="zone") from problem


def upcoming(expression: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """The next so many due times after a moment, in UTC and rising; fewer where there are no more."""
    return list(islice(_dues(expression, zone, after), count))


def latest(expression: str, zone: str, due: datetime, until: datetime) -> datetime:
    """The last due time up to `until`, `due` itself where none follows it."""
    for one in _dues(expression, zone, due):
        if one > until:
            break
        due = one
    return due


def _dues(expression: str, zone: str, after: datetime) -> Iterator[datetime]:
    """Rising in UTC. Where the clock goes back the library may repeat itself: what does not rise is left out."""
    last = after.astimezone(UTC)
    for one in CronSim(expression, after.astimezone(_zone(zone))):
        moment = one.astimezone(UTC)
        if moment > last:
            last = moment
            yield moment
