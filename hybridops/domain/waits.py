"""How long a queue was, as it was seen: quantiles and chances without any model of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hybridops.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of queue as they were observed, in any order; none where a backend never told."""

    seen: tuple[float, ...] = ()

    def quantile(self, share: float) -> float | None:
        """The smallest wait that at least this share of the observations did not exceed (nearest rank)."""
        if not 0 < share <= 1:
            raise BadInput(f"{share} is no share; use one above 0 and up to 1")
        if not self.seen:
            return None
        return sorted(self.seen)[math.ceil(share * len(self.seen)) - 1]

    def within(self, seconds: float) -> float | None:
        """The share of the observations that were no longer than this."""
        if not self.seen:
            return None
        return sum(wait <= seconds for wait in self.seen) / len(self.seen)
