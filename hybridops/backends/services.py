"""What is known of backends, from the workers that can ask: web pages read it, they never call a vendor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from django.db import transaction

from hybridops.backends import waiting
from hybridops.backends.models import Listing, Snapshot
from hybridops.domain import clock
from hybridops.domain.ports import Backend

_LIVE = {"available", "queue_length", "wait_seconds", "observed_at", "digest"}


@transaction.atomic
def observe(backends: Iterable[Backend]) -> None:
    """Keeps each backend's snapshot by digest, what holds of it now, and now and then how long its queue is."""
    for seen in backends:
        body = {key: value for key, value in asdict(seen).items() if key not in _LIVE}
        body["calibrated_at"] = seen.calibrated_at and seen.calibrated_at.isoformat()
        body["calibration"] = dict(seen.calibration)
        snapshot, _ = Snapshot.objects.get_or_create(
            digest=seen.digest,
            defaults={"provider": seen.provider, "name": seen.name, "body": body, "seen_at": clock.now()},
        )
        Listing.objects.update_or_create(
            provider=seen.provider,
            name=seen.name,
            defaults={
                "snapshot": snapshot,
                "available": seen.available,
                "queue_length": seen.queue_length,
                "wait_seconds": seen.wait_seconds,
                "seen_at": clock.now(),
            },
        )
        waiting.note(seen)


def close(provider: str) -> None:
    """None of a provider's backends is open: it cannot be asked. The next observation says otherwise."""
    Listing.objects.filter(provider=provider).update(available=False)


def known() -> list[Backend]:
    """Every backend as last observed, by name."""
    return [_backend(row) for row in Listing.objects.select_related("snapshot").order_by("provider", "name")]


def snapshot(digest: str) -> dict[str, Any] | None:
    """The body of a snapshot, or None where it was never seen here."""
    row = Snapshot.objects.filter(pk=digest).first()
    return None if row is None else dict(row.body)


def recalled(digest: str, body: Mapping[str, Any]) -> Backend:
    """A backend as a snapshot recorded it, with nothing of what changes from minute to minute."""
    return _whole(body, available=True, queue_length=None, wait_seconds=None, observed_at=None, digest=digest)


def _backend(row: Listing) -> Backend:
    return _whole(
        row.snapshot.body,
        available=row.available,
        queue_length=row.queue_length,
        wait_seconds=row.wait_seconds,
        observed_at=row.seen_at,
        digest=row.snapshot_id,
    )


def _whole(body: Mapping[str, Any], **live: Any) -> Backend:
    calibrated = body["calibrated_at"] and datetime.fromisoformat(body["calibrated_at"])
    names = {field.name for field in fields(Backend)}
    return Backend(
        **{key: value for key, value in {**body, **live, "calibrated_at": calibrated}.items() if key in names}
    )
