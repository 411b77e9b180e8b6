"""What a budget will have spent when its period ends, and when it runs out: days that were seen, drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.evidence.resampling import numbers

PATHS = 2_000
DAYS_MIN = 7  # seen, before anything is said
AHEAD_MAX = 800  # days
_TENTHS = 10, 50, 90


@dataclass(frozen=True, slots=True)
class Forecast:
    """Further spending: `low` to `high` hold 8 of 10 drawn futures, `likely` halves them. `over` is the share of
    futures that exceed the room; `runs_out` after how many days half of them have, None where fewer ever do.
    """

    low: float
    likely: float
    high: float
    over: float
    runs_out: int | None
    days_seen: int


def forecast(daily: Sequence[float], days: int, *, room: float, seed: int) -> Forecast | None:
    """`days` more like those in `daily` (n,), dollars a day, drawn independently; None for fewer than seven seen.

    Days are drawn one by one, so a rhythm of weeks is only in the sums. Raises BadInput for what is not a number.
    """
    seen = numbers(daily, "days")
    if len(seen) < DAYS_MIN:
        return None
    ahead = min(max(days, 0), AHEAD_MAX)
    drawn = np.random.default_rng(seed).integers(0, len(seen), (PATHS, ahead))
    spent = seen[drawn].cumsum(axis=1)
    final = spent[:, -1] if ahead else np.zeros(PATHS)
    low, likely, high = (float(one) for one in np.percentile(final, _TENTHS))
    shares = (np.maximum.accumulate(spent, axis=1) > room).mean(axis=0) if ahead else np.zeros(0)
    late = np.flatnonzero(shares >= 0.5)
    runs_out = int(late[0]) + 1 if len(late) else None
    return Forecast(low, likely, high, float((final > room).mean()), runs_out, len(seen))
