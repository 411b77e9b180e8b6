"""Bytes that are taken away: first the row says so, in the transaction of who decides; then they are deleted."""

from __future__ import annotations

from collections.abc import Collection

from django.core.files.storage import storages
from django.db import transaction

from hybridops.artifacts.models import Artifact
from hybridops.artifacts.services import path_of
from hybridops.domain import clock

CHUNK = 500


def remove(digests: Collection[str], *, under: str) -> list[str]:
    """Marks these as removed under a rule; returns those that were still there. `clear` deletes the bytes."""
    marked: list[str] = []
    wanted = sorted(digests)
    for first in range(0, len(wanted), CHUNK):
        rows = Artifact.objects.filter(pk__in=wanted[first : first + CHUNK], removed_at=None)
        found = list(rows.values_list("pk", flat=True))
        Artifact.objects.filter(pk__in=found).update(
            removed_at=clock.now(), removed_under=under[:200], cleared=False
        )
        marked += found
    return marked


def clear() -> int:
    """Deletes the bytes of what is marked; what a crash left over is met by the next call. Returns how many.

    The row is held meanwhile: who stores the same bytes again waits, then writes them anew.
    """
    done = 0
    for digest in Artifact.objects.filter(removed_at__isnull=False, cleared=False).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            row = Artifact.objects.select_for_update().get(pk=digest)
            if row.removed_at is None:
                continue
            storages["artifacts"].delete(path_of(digest))
            row.cleared = True
            row.save(update_fields=["cleared"])
            done += 1
    return done


def count(digests: Collection[str]) -> int:
    """How many of these are still there."""
    wanted = sorted(digests)
    chunks = (wanted[first : first + CHUNK] for first in range(0, len(wanted), CHUNK))
    return sum(Artifact.objects.filter(pk__in=chunk, removed_at=None).count() for chunk in chunks)
