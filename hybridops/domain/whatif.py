"""What another share of success given up for a shorter queue would have made of the placements of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean

from hybridops.domain.placement import Candidate, again


@dataclass(frozen=True, slots=True)
class Weighed:
    """One recorded placement on a QPU; `asked` where the requester named the backend, which no rule changes."""

    run_id: int
    chosen: tuple[str, str]
    asked: bool
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """All placements under one `delta`, by the numbers that were recorded with each.

    `elsewhere` counts those that would have gone to another backend. The means are over those that report a number,
    None where none does; `cost_usd` is the sum of the worst cases.
    """

    delta: float
    elsewhere: int
    fidelity: float | None
    wait_seconds: float | None
    cost_usd: Decimal


def replay(placements: Sequence[Weighed], *, delta: float) -> Replayed:
    """Every placement again, each on its own: queues are those that were seen, also where others would have moved."""
    pairs = [(one, _where(one, delta)) for one in placements]
    there = [found for _, found in pairs if found is not None]
    return Replayed(
        delta=delta,
        elsewhere=sum(f is not None and (f.provider, f.backend) != one.chosen for one, f in pairs),
        fidelity=_mean(found.fidelity for found in there),
        wait_seconds=_mean(found.wait_p50 for found in there),
        cost_usd=sum((Decimal(found.cost_usd or 0) for found in there), Decimal()),
    )


def _where(one: Weighed, delta: float) -> Candidate | None:
    if not one.asked:
        return again(one.candidates, delta=delta)
    return next((c for c in one.candidates if (c.provider, c.backend) == one.chosen), None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
