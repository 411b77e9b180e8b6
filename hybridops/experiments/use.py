"""What each team has used lately, by which turns are shared.

Bills lose half of their weight every half-life and count for eight of them: in two months a busy site has very many.
What was used until a day ago is therefore kept as one number a team, which loses weight by itself as time passes; only
what came since is read. The sweeper keeps it anew every hour, with bills that came later than a day after their job.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import cache

from hybridops.domain import clock
from hybridops.domain.shares import Rules, decayed
from hybridops.experiments.models import Submission
from hybridops.quotas.queries import promised_by_key

FORGOTTEN = 8  # half-lives after which use no longer counts: less than half a percent is left
KEPT, KEPT_SECONDS = "use", 24 * 3600
LATE = timedelta(days=1)  # most bills have come by then
TEAM = "run__experiment__project__team__slug"
type Bill = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Kept:
    """Micro-dollars by team, of that moment, under rules with this half-life and least charge."""

    until: float
    half_life_seconds: float
    least_micro: int
    used: dict[str, float]

    def serves(self, rule: Rules, now: float) -> bool:
        same = (self.half_life_seconds, self.least_micro) == (rule.half_life_seconds, rule.least_micro)
        return same and self.until <= now


def used(rule: Rules) -> dict[str, float]:
    """What each team has used, in micro-dollars of today: bills decayed, and what is promised to jobs without one."""
    now, kept = clock.now().timestamp(), cache.get(KEPT)
    if isinstance(kept, Kept) and kept.serves(rule, now):
        entries = [(team, kept.until, amount) for team, amount in kept.used.items()]
        since = kept.until
    else:
        entries, since = [], now - FORGOTTEN * rule.half_life_seconds
    return decayed([*entries, *_bills(rule, since, now), *_promises(rule, now)], now, rule.half_life_seconds)


def keep_use(rule: Rules) -> None:
    """Adds up what was used until a day ago, for `used`."""
    until = (clock.now() - LATE).timestamp()
    bills = _bills(rule, until - FORGOTTEN * rule.half_life_seconds, until)
    summed = decayed(bills, until, rule.half_life_seconds)
    cache.set(KEPT, Kept(until, rule.half_life_seconds, rule.least_micro, summed), KEPT_SECONDS)


def _bills(rule: Rules, since: float, until: float) -> list[Bill]:
    """Settled jobs that ended after `since` and not after `until`."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (since, until))
    rows = Submission.objects.filter(settled=True, ended_at__gt=first, ended_at__lte=last)
    return [
        (team, at.timestamp(), max(cost or 0, rule.least_micro))
        for team, at, cost in rows.values_list(TEAM, "ended_at", "cost_micro")
    ]


def _promises(rule: Rules, now: float) -> list[Bill]:
    open_ones = list(Submission.objects.filter(settled=False).values_list(TEAM, "reservation"))
    promised = promised_by_key(key for _, key in open_ones)
    return [(team, now, max(promised.get(key, 0), rule.least_micro)) for team, key in open_ones]
