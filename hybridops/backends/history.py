"""What was seen of one backend, for looking back: calibrations, queues, how its jobs ended, its breaker's moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hybridops.backends.models import BreakerMove, Listing, Observation, Outcome, Snapshot
from hybridops.domain import clock
from hybridops.domain.dispatch import Key
from hybridops.domain.errors import NotYours

LATELY = timedelta(days=7)
CALIBRATIONS_MAX, WAITS_MAX, OUTCOMES_MAX, MOVES_MAX = 60, 288, 15, 12


@dataclass(frozen=True, slots=True)
class Health:
    """How jobs ended lately: those that came back sound, all of them, and the vendor's last fault."""

    sound: int = 0
    all: int = 0
    last_fault: str = ""
    fault_at: datetime | None = None


def health() -> dict[Key, Health]:
    """By backend, over a week. Faults of a provider as a whole count for each backend that was asked for."""
    seen: dict[Key, list[tuple[bool, str, datetime]]] = defaultdict(list)
    rows = Outcome.objects.filter(at__gte=clock.now() - LATELY).order_by("-at", "-id")
    for provider, backend, sound, kind, at in rows.values_list("provider", "backend", "sound", "kind", "at"):
        seen[provider, backend].append((sound, kind, at))
    return {key: _health(ends) for key, ends in seen.items()}


def _health(ends: Sequence[tuple[bool, str, datetime]]) -> Health:
    fault = next(((kind, at) for sound, kind, at in ends if not sound), ("", None))
    return Health(sum(sound for sound, _, _ in ends), len(ends), *fault)


def listing(pk: int) -> Listing:
    """One backend as last seen; raises NotYours where there is none."""
    row = Listing.objects.select_related("snapshot").filter(pk=pk).first()
    if row is None:
        raise NotYours("There is no such backend.")
    return row


def numbers() -> dict[Key, int]:
    """The number of each backend, under which it has its page."""
    return {(row.provider, row.name): row.pk for row in Listing.objects.all()}


def calibrations(row: Listing) -> list[Snapshot]:
    """What was seen of it, each record once, in the order in which it was first seen."""
    rows = Snapshot.objects.filter(provider=row.provider, name=row.name).order_by("-seen_at")
    return list(rows[:CALIBRATIONS_MAX])[::-1]


def waits_seen(row: Listing) -> list[Observation]:
    """Its queue in the order of time: about a day."""
    rows = Observation.objects.filter(provider=row.provider, name=row.name).order_by("-seen_at", "-id")
    return list(rows[:WAITS_MAX])[::-1]


def outcomes(row: Listing) -> list[Outcome]:
    """The last ends, newest first."""
    rows = Outcome.objects.filter(provider=row.provider, backend=row.name).order_by("-at", "-id")
    return list(rows[:OUTCOMES_MAX])


def moves(row: Listing) -> list[BreakerMove]:
    """What its breaker and that of its provider did, newest first."""
    rows = BreakerMove.objects.filter(breaker__provider=row.provider, breaker__backend__in=("", row.name))
    return list(rows.select_related("breaker").order_by("-made_at", "-id")[:MOVES_MAX])
