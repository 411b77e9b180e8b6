"""Reads of the trail. This room lies below people and teams, so the door asks for SEE_AUDIT before it calls.

The permission is a team's and the log is one: who holds it in any team reads all of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from hybridops.audit import names, tiles
from hybridops.audit.keyring import ring
from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Log, Payload, Publication
from hybridops.audit.publish import check_not_rolled_back
from hybridops.audit.services import waiting
from hybridops.domain import clock
from hybridops.domain.errors import NotYours, Refused, Unsigned
from hybridops.trust import checkpoint as notes
from hybridops.trust import proof
from hybridops.trust.merkle import check_inclusion, leaf_hash, node_hash


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
        named = Payload.objects.filter(field="name", text__icontains=wanted.person).values("about")
        rows = rows.filter(Q(actor__in=named) | Q(actor=wanted.person))
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


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as pages show it: `facts` with the personal texts among them, `erased` those that are gone."""

    event: AuditEvent
    who: str
    facts: Mapping[str, Any]
    erased: Mapping[str, datetime]

    @property
    def kind(self) -> str:
        return self.event.actor.partition(":")[0]


def seen(events: Sequence[AuditEvent]) -> list[Seen]:
    """Events with names and texts, read in one question."""
    bodies = [json.loads(event.body) for event in events]
    texts = names.said(digest for body in bodies for digest in names.digests_in(body))
    return [_seen(event, body, texts) for event, body in zip(events, bodies, strict=True)]


def _seen(event: AuditEvent, body: Mapping[str, Any], texts: Mapping[str, names.Said]) -> Seen:
    nothing = names.Said("")
    said = {field: texts.get(digest, nothing) for field, digest in (body.get("personal") or {}).items()}
    return Seen(
        event,
        texts.get(body["actor"]["name"], nothing).text or event.actor.replace(":", " "),
        {**body["facts"], **{field: one.text for field, one in said.items() if one.text}},
        {field: one.erased_at for field, one in said.items() if one.erased_at},
    )


def event_at(event_id: int) -> AuditEvent:
    """One event; raises NotYours where there is none."""
    found = AuditEvent.objects.select_related("leaf").filter(pk=event_id).first()
    if found is None:
        raise NotYours("There is no such event.")
    return found


@dataclass(frozen=True, slots=True)
class State:
    """The log as it stands. `signed`: both signatures of the newest checkpoint are valid.

    `alarm` says why nothing more is signed; `published` where checkpoints went, and what failed.
    """

    events: int
    sealed: int
    made_at: datetime | None
    root: bytes
    signed: bool
    note: str = ""
    alarm: str = ""
    published: tuple[Publication, ...] = ()

    @property
    def tail(self) -> int:
        return self.events - self.sealed


def state() -> State:
    log = Log.objects.first() or Log()
    count = log.size + waiting(log).count()
    newest = Checkpoint.objects.order_by("-size").first()
    opened = _opened(newest.note) if newest else None
    return State(
        events=count,
        sealed=newest.size if newest else 0,
        made_at=newest.made_at if newest else None,
        root=opened.root if opened else b"",
        note=newest.note if newest else "",
        signed=opened is not None,
        alarm=_alarm(log.size),
        published=tuple(Publication.objects.order_by("target")),
    )


def _opened(note: str) -> notes.Checkpoint | None:
    try:
        return notes.open_note(note, origin=ring().origin, trusted=ring().of("log")).checkpoint
    except Unsigned:
        return None


def _alarm(size: int) -> str:
    try:
        check_not_rolled_back(size)
    except Refused as problem:
        return str(problem)
    return ""


def per_day(since: datetime, sealed: int) -> list[tuple[date, int, int]]:
    """(day, events, of them not yet in a checkpoint) from a day on, oldest first, days without events too.

    Each day is one question to the index by time: a million events are not read for it.
    """
    rows, late = AuditEvent.objects.all(), Counter(_late_days(sealed))
    first = datetime.combine(since.date(), time.min, since.tzinfo)
    days = [first + timedelta(days=n) for n in range((clock.now().date() - first.date()).days + 1)]
    return [
        (day.date(), rows.filter(at__gte=day, at__lt=day + timedelta(days=1)).count(), late[day.date()])
        for day in days
    ]


def _late_days(sealed: int) -> Iterator[date]:
    """The day of each event that no checkpoint covers yet."""
    placed = AuditEvent.objects.filter(leaf__index__gte=sealed)
    for rows in (placed, waiting(Log.objects.first() or Log()).order_by()):
        yield from (at.date() for at in rows.values_list("at", flat=True))


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
    """The path from an event to the newest checkpoint, checked against its root; it reads a few tiles."""
    leaf: Leaf | None = getattr(event, "leaf", None)
    if leaf is None or leaf.index >= now.sealed:
        return Proof(problem="It joins the next checkpoint; until then there is no signed root over it.")
    try:
        path = tiles.tree().inclusion(leaf.index, now.sealed)
    except Refused:
        return Proof(problem="Hashes are missing under the checkpoint. Verify the log now.")
    steps = tuple(_steps(bytes(leaf.leaf_hash), _sides(leaf.index, now.sealed), path))
    try:
        check_inclusion(leaf_hash(event.body.encode()), leaf.index, now.sealed, path, now.root)
    except Refused:
        return Proof(steps, "The path does not lead to the signed root. Verify the log now.")
    return Proof(steps)


def proof_file(event: AuditEvent, now: State) -> str:
    """The same as a file of its own (c2sp.org/tlog-proof); raises Refused where the event has no signed root yet."""
    leaf: Leaf | None = getattr(event, "leaf", None)
    if leaf is None or leaf.index >= now.sealed:
        raise Refused("It joins the next checkpoint; until then there is no signed root over it.")
    return proof.write(leaf.index, tiles.tree().inclusion(leaf.index, now.sealed), now.note)


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


@dataclass(frozen=True, slots=True)
class Proved:
    """An event with its exact bytes and the file that proves its place."""

    stream: str
    seq: int
    body: bytes
    proof: str


def proved(streams: Collection[str], now: State) -> list[Proved]:
    """Every event of some objects that the newest checkpoint covers, in the order of the log."""
    tree = tiles.tree()
    rows = AuditEvent.objects.filter(stream__in=streams, leaf__index__lt=now.sealed).order_by("leaf__index")
    return [
        Proved(stream, seq, body.encode(), proof.write(index, tree.inclusion(index, now.sealed), now.note))
        for stream, seq, body, index in rows.values_list("stream", "seq", "body", "leaf__index")
    ]


def place_of_envelope(stream: str, digest: str) -> tuple[int | None] | None:
    """Where the log has a signature: the place of the event of an object that names its digest.

    None where there is no such event; it may be so new that it has no place yet.
    """
    rows = AuditEvent.objects.filter(stream=stream, body__contains=f'"envelope":"{digest}"')
    return rows.values_list("leaf__index").first()


def texts_of(bodies: Iterable[bytes]) -> list[dict[str, str]]:
    """The personal texts of some events that are still there, with what an auditor needs to digest them again."""
    wanted = {digest for body in bodies for digest in names.digests_in(json.loads(body))}
    rows = Payload.objects.filter(digest__in=wanted, erased_at=None).order_by("digest")
    fields = ("digest", "about", "field", "salt", "text")
    return [dict(zip(fields, row, strict=True)) for row in rows.values_list(*fields)]


def consistency(old: int, now: State) -> list[bytes]:
    """From an older checkpoint's size to the newest one; raises Refused where there is no such size."""
    return tiles.tree().consistency(old, now.sealed)
