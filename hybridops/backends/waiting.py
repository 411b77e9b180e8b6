"""How long queues were: a bounded history of what workers saw, and quantiles from it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from hybridops.backends.models import Listing, Observation
from hybridops.domain import clock
from hybridops.domain.ports import Backend
from hybridops.domain.waits import Waits

APART = timedelta(minutes=5)
KEPT = 288  # of each backend: a day, where it is looked at all the time


def note(seen: Backend) -> None:
    """Keeps a look at an open backend that tells its wait, if the last one that was kept is old enough."""
    if seen.wait_seconds is None or not seen.available:
        return
    now, rows = clock.now(), Observation.objects.filter(provider=seen.provider, name=seen.name)
    last = rows.order_by("-seen_at").values_list("seen_at", flat=True).first()
    if last is not None and last <= now < last + APART:
        return
    Observation.objects.create(
        provider=seen.provider, name=seen.name, seen_at=now, wait_seconds=seen.wait_seconds
    )
    surplus = rows.order_by("-seen_at", "-id").values_list("id", flat=True)[KEPT:]
    Observation.objects.filter(pk__in=list(surplus)).delete()


def waits() -> dict[tuple[str, str], Waits]:
    """By provider and backend: what was kept, and what holds now."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for model in (Observation, Listing):
        for provider, name, seconds in model.objects.values_list("provider", "name", "wait_seconds"):
            if seconds is not None:
                found[provider, name].append(seconds)
    return {key: Waits(tuple(seen)) for key, seen in found.items()}
