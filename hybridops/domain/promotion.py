"""What a week's numbers say of a definition: promote, keep or retire. It proposes; people decide."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

RUNS_MIN = 20  # below that it is too early to say anything
IDLE_DAYS_MAX = 60
DEGRADED_SHARE_MAX = 0.5


@dataclass(frozen=True, slots=True)
class Worth:
    """Counts of ended runs. `earned`: the quantum samples beat what uniform samples gave, treated alike."""

    runs: int
    accepted: int
    improved: int
    earned: int
    degraded: int
    cost_usd: Decimal
    idle_days: int | None

    @property
    def per_accepted_usd(self) -> Decimal | None:
        return self.cost_usd / self.accepted if self.accepted else None

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "cost_usd": str(self.cost_usd)}


NOTHING = Worth(0, 0, 0, 0, 0, Decimal(0), None)  # of what nobody has run


@dataclass(frozen=True, slots=True)
class Proposal:
    verdict: str
    why: tuple[str, ...]


def propose(worth: Worth) -> Proposal:
    """Retire what is idle, mostly degraded, or never earned anything over chance; promote what repeatedly did."""
    if worth.idle_days is None or worth.idle_days > IDLE_DAYS_MAX:
        idle = (
            "nobody has run it"
            if worth.idle_days is None
            else f"nobody has run it for {worth.idle_days} days"
        )
        return Proposal("retire", (idle,))
    if worth.runs < RUNS_MIN:
        return Proposal("keep", (f"too early: {worth.runs} of {RUNS_MIN} runs have ended",))
    share = worth.degraded / worth.runs
    if share > DEGRADED_SHARE_MAX:
        return Proposal("retire", (f"{share:.0%} of its runs were answered by the fallback",))
    if not worth.earned:
        why = f"in {worth.runs} runs the quantum samples never beat uniform ones"
        return Proposal("retire", (why, f"{worth.improved} improved on the heuristic by other means"))
    if 2 * worth.earned > worth.runs:
        return Proposal("promote", (f"the quantum samples earned {worth.earned} of {worth.runs} runs",))
    return Proposal("keep", (f"the quantum samples earned {worth.earned} of {worth.runs} runs",))
