"""How long bytes are kept: by the class of the data. Rows, digests and events stay; holds and open runs win.

Bytes are known by their content: what another run or snapshot still needs is not removed with this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from hybridops.artifacts import removal
from hybridops.audit.services import record
from hybridops.definitions.queries import draft_sources
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.data import DATA_CLASSES
from hybridops.experiments.holds import held_runs, held_snapshots
from hybridops.experiments.models import DataSnapshot, Run, Stage, Submission
from hybridops.experiments.summed_days import touch_data

DIGESTS_AN_EVENT = 500


@dataclass(frozen=True, slots=True)
class Due:
    """What may go under one rule: snapshots, and the digests that nothing else needs."""

    under: str
    snapshots: tuple[DataSnapshot, ...]
    digests: frozenset[str]


def period(data_class: str) -> timedelta | None:
    """How long bytes of a class are kept after their last use; None without an end."""
    days = settings.RETENTION_DAYS[data_class]
    return None if days is None else timedelta(days=days)


def due() -> Iterator[Due]:
    """What is past the period of its class now."""
    for data_class in DATA_CLASSES:
        kept_for = period(data_class)
        if kept_for is not None:
            runs, snapshots = _past(data_class, kept_for)
            rule = f"the retention of {data_class} data, {kept_for.days} days"
            yield Due(rule, tuple(snapshots), frozenset(_alone(snapshots, runs)))


def _past(data_class: str, kept_for: timedelta) -> tuple[QuerySet[Run], QuerySet[DataSnapshot]]:
    """Ended runs on data of a class, and its snapshots, that nobody has used for so long and no hold keeps."""
    limit = clock.now() - kept_for
    runs = Run.objects.filter(experiment__snapshot__data_class=data_class, ended_at__lt=limit)
    runs = runs.exclude(pk__in=held_runs().values("pk"))
    used = Run.objects.filter(experiment__snapshot__data_class=data_class).exclude(ended_at__lt=limit)
    rows = DataSnapshot.objects.filter(data_class=data_class, added_at__lt=limit, removed_at=None)
    rows = rows.exclude(pk__in=used.values("experiment__snapshot"))
    return runs, rows.exclude(pk__in=held_snapshots().values("pk"))


def _alone(snapshots: QuerySet[DataSnapshot], runs: QuerySet[Run]) -> set[str]:
    """The digests of these that nothing else needs."""
    mine = set(_made_by(runs)) | set(snapshots.values_list("digest", flat=True))
    if not mine:
        return mine
    others = DataSnapshot.objects.filter(removed_at=None).exclude(pk__in=snapshots.values("pk"))
    mine -= set(others.values_list("digest", flat=True)) | draft_sources()
    return mine - set(_made_by(Run.objects.exclude(pk__in=runs.values("pk"))))


def _made_by(runs: QuerySet[Run]) -> Iterator[str]:
    """The digests of everything that these runs made, as often as it occurs."""
    for summary in (
        Stage.objects.filter(run__in=runs.values("pk")).values_list("summary", flat=True).iterator(500)
    ):
        yield from (summary.get("artifacts") or {}).values()
        yield from (body["digest"] for body in summary.get("programs") or ())
    sent = Submission.objects.filter(run__in=runs.values("pk")).exclude(result="")
    yield from sent.values_list("result", flat=True).iterator(500)


def present(due: Due) -> int:
    """How many files would be deleted."""
    return removal.count(due.digests)


def remove_due() -> int:
    """Removes what is due and deletes the bytes, also those that a crash left over; how many were deleted."""
    for one in due():
        take_away(one, SYSTEM)
    return removal.clear()


@transaction.atomic
def take_away(due: Due, actor: Actor) -> None:
    """Marks snapshots and bytes as removed under a rule, with its events. `removal.clear` deletes the bytes."""
    moment = clock.now()
    for row in due.snapshots:
        gone = DataSnapshot.objects.filter(pk=row.pk, removed_at=None)
        if gone.update(removed_at=moment, removed_under=due.under):
            facts = {"digest": row.digest, "under": due.under}
            touch_data(row.pk)
            record(stream=f"snapshot:{row.pk}", action="snapshot.removed", actor=actor, facts=facts)
    for digests in _chunks(removal.remove(due.digests, under=due.under)):
        told: dict[str, Any] = {"under": due.under, "digests": digests}
        record(stream="retention", action="artifacts.removed", actor=actor, facts=told)


def _chunks(digests: list[str]) -> Iterator[list[str]]:
    yield from (digests[at : at + DIGESTS_AN_EVENT] for at in range(0, len(digests), DIGESTS_AN_EVENT))


def uploads_of(person_id: int, classes: Iterable[str], under: str) -> Due:
    """Somebody's uploads of some classes with what ended runs made of them, as far as nothing else needs it."""
    rows = DataSnapshot.objects.filter(added_by=person_id, data_class__in=classes, removed_at=None)
    runs = Run.objects.filter(experiment__snapshot__in=rows.values("pk"))
    return Due(under, tuple(rows), frozenset(_alone(rows, runs)))
