"""Reads of the trail. This room lies below people and teams, so the door asks for SEE_AUDIT before it calls.

The permission is a team's and the log is one: who holds it in any team reads all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from hybridops.audit.keyring import trusted
from hybridops.audit.models import AuditEvent, Checkpoint, Leaf
from hybridops.domain.errors import NotYours, Refused, Unsigned
from hybridops.trust import checkpoint as notes
from hybridops.trust.merkle import check_inclusion, inclusion_proof, node_hash

PROOF_MAX = 20_000  # leaves; a longer log is proved by the offline tools


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; empty is anything. `until` is not included."""

    person: str = ""
    action: str = ""
    stream: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def any(self) -> bool:
        return self == Filter()


def events(wanted: Filter) -> QuerySet[AuditEvent]:
    """Newest first, each with its place in the log if it has one."""
    rows = AuditEvent.objects.select_related("leaf").order_by("-id")
    if wanted.person:
        rows = rows.filter(actor__icontains=wanted.person)
    if wanted.action:
        rows = rows.filter(action__startswith=wanted.action)
    if wanted.stream:
        rows = rows.filter(stream=wanted.stream)
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    return rows.filter(at__lt=wanted.until) if wanted.until else rows


def before(
    rows: QuerySet[AuditEvent], event_id: int | None, limit: int
) -> tuple[list[AuditEvent], int | None]:
    """One page by key, however long the log is: its events, and where the next page begins."""
    page = list((rows.filter(pk__lt=event_id) if event_id else rows)[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def event_at(event_id: int) -> AuditEvent:
    """One event; raises NotYours where there is none."""
    found = AuditEvent.objects.select_related("leaf").filter(pk=event_id).first()
    if found is None:
        raise NotYours("There is no such event.")
    return found


@dataclass(frozen=True, slots=True)
class State:
    """The log as it stands. `signed`: both signatures of the newest checkpoint are valid."""

    events: int
    sealed: int
    made_at: datetime | None
    root: bytes
    signed: bool

    @property
    def tail(self) -> int:
        return self.events - self.sealed


def state() -> State:
    count = AuditEvent.objects.count()
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return State(count, 0, None, b"", signed=False)
    opened = _opened(newest)
    root = opened.root if opened else b""
    return State(count, newest.size, newest.made_at, root, signed=opened is not None)


def _opened(newest: Checkpoint) -> notes.Checkpoint | None:
    for key in trusted("log"):
        try:
            return notes.open_note(newest.note, key)
        except Unsigned:
            continue
    return None


def per_day(since: datetime, sealed: int) -> list[tuple[date, int, int]]:
    """(day, events, of them not yet in a checkpoint), oldest first; days without events are missing."""
    late = Q(leaf=None) | Q(leaf__index__gte=sealed)
    days = AuditEvent.objects.filter(at__gte=since).annotate(day=TruncDate("at")).values_list("day")
    rows = days.annotate(count=Count("pk"), late=Count("pk", filter=late)).order_by("day")
    return [(day, count, pending) for day, count, pending in rows]


@dataclass(frozen=True, slots=True)
class Step:
    side: str  # of the neighbour
    neighbour: bytes
    gives: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """From an event's leaf to the signed root; `problem` says why there is none, or what does not fit."""

    steps: tuple[Step, ...] = ()
    problem: str = ""


def prove(event: AuditEvent, now: State) -> Proof:
    """The path from an event to the newest checkpoint, checked against its root."""
    leaf: Leaf | None = getattr(event, "leaf", None)
    if leaf is None or leaf.index >= now.sealed:
        return Proof(problem="It joins the next checkpoint; until then there is no signed root over it.")
    if now.sealed > PROOF_MAX:
        return Proof(problem=f"The log has more than {PROOF_MAX} events. The offline tools make this proof.")
    rows = Leaf.objects.filter(index__lt=now.sealed).order_by("index").values_list("leaf_hash", flat=True)
    leaves = [bytes(row) for row in rows]
    if len(leaves) != now.sealed:
        return Proof(problem="Leaves are missing under the checkpoint. Verify the log now.")
    path = inclusion_proof(leaves, leaf.index)
    steps = tuple(_steps(bytes(leaf.leaf_hash), _sides(leaf.index, now.sealed), path))
    try:
        check_inclusion(bytes(event.leaf_hash), leaf.index, now.sealed, path, now.root)
    except Refused:
        return Proof(steps, "The path does not lead to the signed root. Verify the log now.")
    return Proof(steps)


def _sides(index: int, size: int) -> list[str]:
    """On which side each neighbour stands, from the leaf up."""
    if size == 1:
        return []
    half = 1 << (size - 1).bit_length() - 1
    return [*_sides(index, half), "right"] if index < half else [*_sides(index - half, size - half), "left"]


def _steps(leaf: bytes, sides: Sequence[str], path: Sequence[bytes]) -> list[Step]:
    found, out = leaf, []
    for side, neighbour in zip(sides, path, strict=True):
        found = node_hash(found, neighbour) if side == "right" else node_hash(neighbour, found)
        out.append(Step(side, neighbour, found))
    return out
