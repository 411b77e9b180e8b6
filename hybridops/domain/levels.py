"""What the service promises, each promise once, and how fast its error budget is used.

A budget is what a level may miss within 28 days. A burn of 1 uses it up in exactly that time. An alarm needs a long
window that burned fast and a short one that still does, as the SRE workbook says, so that it ends soon after the
trouble. Few events make wild shares: nothing is said of fewer than `BAD_MIN` bad ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86400
PERIOD_SECONDS = 28 * DAY
WINDOWS: Mapping[str, int] = {
    "5 min": 5 * MINUTE,
    "30 min": 30 * MINUTE,
    "1 h": HOUR,
    "6 h": 6 * HOUR,
    "3 d": 3 * DAY,
    "28 d": PERIOD_SECONDS,
}
PERIOD = "28 d"
BAD_MIN = 3
# Long window, short window, the part of the budget that the long one used, and how loud that is.
ALARMS = (
    ("1 h", "5 min", 0.02, "page"),
    ("6 h", "30 min", 0.05, "page"),
    ("3 d", "6 h", 0.10, "ticket"),
)


@dataclass(frozen=True, slots=True)
class Level:
    """One promise. `target` is the share that must be good; 1.0 has no budget: one bad event is too many."""

    key: str
    title: str
    words: str
    target: float


LEVELS = (
    Level("sound", "Runs end without a failure", "of all that ended and were not cancelled", 0.98),
    Level("in_time", "Runs end before their deadline", "of those that have one", 0.95),
    Level("sure", "Jobs are sent without doubt", "the first answer said whether it was taken", 0.99),
    Level("once", "Each job is sent once", "no job belongs to two submissions", 1.0),
    Level("answered", "Requests are answered in time", "before they lapse", 0.95),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What happened within one window."""

    bad: int
    all: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A level with what happened in each window."""

    level: Level
    counts: Mapping[str, Counted]

    @property
    def share(self) -> float | None:
        """The good part of 28 days; None where nothing happened."""
        told = self.counts[PERIOD]
        return 1 - told.bad / told.all if told.all else None

    @property
    def left(self) -> float:
        """What is left of the budget, from 1 down, below 0 where it is overdrawn."""
        told = self.counts[PERIOD]
        allowed = (1 - self.level.target) * told.all
        if not told.bad:
            return 1.0
        return 1 - told.bad / allowed if allowed > 0 else -1.0

    def burn(self, window: str) -> float | None:
        """How many times as fast as allowed; None where nothing happened, infinite without a budget."""
        told = self.counts[window]
        if not told.all:
            return None
        budget = 1 - self.level.target
        if budget <= 0:
            return float("inf") if told.bad else 0.0
        return told.bad / told.all / budget

    @property
    def alarm(self) -> tuple[str, str] | None:
        """How loud, and the window that burned; None where all is well."""
        for long, short, part, loud in ALARMS:
            limit = part * PERIOD_SECONDS / WINDOWS[long]
            enough = self.counts[long].bad >= (BAD_MIN if self.level.target < 1 else 1)
            if enough and (self.burn(long) or 0.0) > limit and (self.burn(short) or 0.0) > limit:
                return loud, long
        return None

    @property
    def gone_in_seconds(self) -> float | None:
        """When the rest of the budget is gone at the rate of the last hour; None where it is not being used up."""
        burn = self.burn("1 h")
        if not burn or burn <= 1 or self.left <= 0:
            return None
        return self.left * PERIOD_SECONDS / burn
