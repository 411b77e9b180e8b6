"""The whole log, checked in one pass that holds a few tiles in memory, however long it is.

Everything is recomputed from the stored bytes; only the trust file and what was published are believed.
What is wrong is named by its place, first things first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connection

from hybridops.audit import publish, tiles
from hybridops.audit.keyring import ring
from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Log, Payload, Stream
from hybridops.audit.names import digests_in
from hybridops.domain.errors import Unsigned
from hybridops.trust import checkpoint as notes
from hybridops.trust.merkle import Frontier, leaf_hash
from hybridops.trust.personal import Text
from hybridops.trust.tiles import HASH, WIDTH, Growth, widths

FINDINGS_MAX = 20
CHUNK = 2000
_ROW = ("index", "leaf_hash", *(f"event__{name}" for name in ("stream", "seq", "at", "action", "actor", "body", "leaf_hash")))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the check, in words, and how many faults it found."""

    words: str
    faults: int


@dataclass(slots=True)
class Report:
    """`findings` name what is wrong, first things first; `first_bad` is the first place in the log that is.

    `tail` counts events not yet under a signed root, `erased` personal texts that were taken away.
    """

    events: int = 0
    leaves: int = 0
    sealed: int = 0
    tail: int = 0
    erased: int = 0
    first_bad: int | None = None
    findings: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return not self.findings


def verify(*, kept: Sequence[str] = ()) -> Report:
    """Recomputes everything. `kept` are checkpoints somebody kept outside: the log must extend each of them."""
    report = Report()
    _has_text.cache_clear()
    for words, part in (
        ("Each event's bytes give its hash, in its place; tiles and signed roots follow from them", _tree(report, kept)),
        ("Each object's events are numbered without a gap", _streams()),
        ("Events that have no place yet are whole", _tail(report)),
        ("Personal texts are those that were digested, or were erased by an event", _texts(report)),
    ):  # fmt: skip
        found = list(islice(part, FINDINGS_MAX))
        report.steps.append(Step(words, len(found)))
        report.findings += found
    report.tail = report.events - report.sealed
    return report


@dataclass(slots=True)
class _Signed:
    """A checkpoint to come: how many events it covers, its root, and what it is called."""

    size: int
    root: bytes
    name: str


def _tree(report: Report, kept: Sequence[str]) -> Iterator[str]:
    """Leaf by leaf: the event, the tiles, and every signed root on the way."""
    size = Log.objects.values_list("size", flat=True).first() or 0
    outside, bad = _outside(kept)
    yield from bad
    walk = _Walk(report, outside)
    rows = Leaf.objects.filter(index__lt=size).order_by("index").values_list(*_ROW)
    for row in rows.iterator(CHUNK):
        yield from walk.step(row)
    yield from walk.end(size)


class _Walk:
    def __init__(self, report: Report, outside: list[_Signed]) -> None:
        self.report, self.outside = report, outside
        self.edge, self.growth = Frontier(), Growth(0, lambda level, index: b"")
        self.checkpoints = Checkpoint.objects.order_by("size").iterator(CHUNK)
        self.next = next(self.checkpoints, None)
        self.agreed, self.broken, self.tile = 0, False, b""

    def step(self, row: tuple[Any, ...]) -> Iterator[str]:
        index, stored, *event = row
        if index != self.edge.size and not self.broken:
            yield self._bad(self.edge.size, "is missing from the log")
            self.broken = True
        for fault in _faults(*event):
            yield self._bad(index, f"{event[0]}#{event[1]}, {fault}")
        if bytes(event[-1]) != bytes(stored) or self._placed(index) != bytes(stored):
            yield self._bad(index, f"{event[0]}#{event[1]}, is not the event that got this place")
        self.report.events += 1
        self.report.leaves += 1
        if not self.broken:
            yield from self._grow(bytes(stored))

    def _bad(self, index: int, words: str) -> str:
        self.report.first_bad = index if self.report.first_bad is None else min(index, self.report.first_bad)
        return f"entry {index}, {words}" if "#" in words else f"entry {index} {words}"

    def _placed(self, index: int) -> bytes:
        """The leaf hash that the tiles have at a place."""
        if index % WIDTH == 0 or not self.tile:
            self.tile = tiles.read(0, index // WIDTH)
        return self.tile[index % WIDTH * HASH :][:HASH]

    def _grow(self, leaf: bytes) -> Iterator[str]:
        self.edge.append(leaf)
        self.growth.append(leaf)
        if self.growth.tiles:
            yield from _compare(self.growth)
        while self.next is not None and self.next.size <= self.edge.size:
            yield from self._opened(self.next)
            self.next = next(self.checkpoints, None)
        while self.outside and self.outside[0].size <= self.edge.size:
            yield from self._agrees(self.outside.pop(0))

    def _opened(self, row: Checkpoint) -> Iterator[str]:
        name = f"the checkpoint of {row.size} events"
        try:
            opened = notes.open_note(row.note, origin=ring().origin, trusted=ring().of("log"))
        except Unsigned as problem:
            yield f"{name}: {problem}"
            return
        if (opened.checkpoint.size, opened.at) != (row.size, int(row.made_at.timestamp())):
            yield f"{name} says something else than was signed"
        yield from self._agrees(_Signed(row.size, opened.checkpoint.root, name))

    def _agrees(self, signed: _Signed) -> Iterator[str]:
        if signed.size != self.edge.size or signed.root != self.edge.root():
            yield (
                f"{signed.name} has another root than what is there: among the entries {self.agreed} to "
                f"{signed.size - 1} something is not what was signed"
            )
        else:
            self.agreed = self.report.sealed = max(self.agreed, signed.size)

    def end(self, size: int) -> Iterator[str]:
        """What was promised and did not come."""
        if not self.broken:
            yield from _compare(self.growth, last=True)
        if size > self.report.leaves:
            yield f"the log was cut off: {size} entries got their place, {self.report.leaves} are left"
        yield from _counts(size)
        for row in [self.next, *self.checkpoints] if self.next else ():
            if row is not None and row.size > size:
                yield f"the log was cut off: a signed checkpoint covers {row.size} entries, {size} are left"
        for signed in self.outside:
            if signed.size > size:
                yield f"the log was cut off or rolled back: {signed.name} covers {signed.size} entries, {size} are left"


def _counts(size: int) -> Iterator[str]:
    """What the log says of its length, against its rows; it may have grown meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT (SELECT max(size) FROM audit_log), (SELECT max("index") + 1 FROM audit_leaf), (SELECT count(*) FROM audit_tile)')  # fmt: skip
        told, leaves, rows = cursor.fetchone()
    if (told or 0) != (leaves or 0):
        yield f"the log says that it has {told or 0} entries, and {leaves or 0} have a place"
    if not _tiles(size) <= rows <= _tiles(max(size, told or 0)):
        yield f"the log has {rows} tiles, {_tiles(size)} follow from its entries"


def _tiles(size: int) -> int:
    return sum(-(-count // WIDTH) for _, count in widths(size))


def _compare(growth: Growth, *, last: bool = False) -> Iterator[str]:
    """The tiles that follow from the leaves against those that proofs are made from."""
    if last:
        found = growth.taken()
    else:
        found, growth.tiles = growth.tiles, {}
    for (level, index), hashes in found.items():
        stored = tiles.read(level, index)
        if (stored if len(hashes) == WIDTH * HASH else stored[: len(hashes)]) != hashes:
            yield f"tile {index} of level {level} is not the one that follows from its entries"


def _faults(
    stream: str, seq: int, at: datetime, action: str, actor: str, body: str, own_hash: bytes
) -> Iterator[str]:
    """What is wrong with one event: its bytes, and the columns that people filter by."""
    if leaf_hash(body.encode("utf-8", "surrogatepass")) != bytes(own_hash):
        yield "was altered: its bytes do not give its hash"
        return
    try:
        told = json.loads(body)
        by = told["actor"]
        said = {
            "stream": (told["stream"], stream),
            "number": (told["seq"], seq),
            "action": (told["action"], action),
            "time": (told["at"], at.isoformat()),
            "actor": (f"{by['kind']}:{by['id']}", actor),
        }
    except (ValueError, KeyError, TypeError):
        yield "was altered: its bytes are no event"
        return
    wrong = [name for name, (signed, column) in said.items() if signed != column]
    if wrong:
        yield f"was altered: the {' and the '.join(wrong)} in the table is not what its bytes say"
    if missing := [digest for digest in digests_in(told) if not _has_text(digest)]:
        yield f"has lost a personal text: nothing is kept for {missing[0][:16]}…, not even that it was erased"


@lru_cache(maxsize=4096)
def _has_text(digest: str) -> bool:
    return Payload.objects.filter(digest=digest).exists()


def _streams() -> Iterator[str]:
    """Objects whose numbering is not dense up to the last number given: asked in one statement, so in one moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.name, s.head, count(e.id) FROM audit_stream s LEFT JOIN audit_auditevent e ON e.stream = s.name "
            "GROUP BY s.name, s.head "
            "HAVING count(e.id) <> s.head OR min(e.seq) <> 1 OR max(e.seq) <> s.head ORDER BY s.name"
        )
        bad = cursor.fetchmany(FINDINGS_MAX)
    for name, head, _ in bad:
        yield _gap(name, head)
    known = Stream.objects.values("name")
    for event in AuditEvent.objects.exclude(stream__in=known).order_by("id")[:FINDINGS_MAX]:
        yield f"{event.stream}#{event.seq} was inserted: {event.stream} was never counted"


def _gap(name: str, head: int) -> str:
    expected = 1
    for seq in (
        AuditEvent.objects.filter(stream=name).order_by("seq").values_list("seq", flat=True).iterator(CHUNK)
    ):
        if seq != expected:
            return f"{name}#{expected} is missing: the next one is {name}#{seq}"
        expected += 1
    if expected <= head:
        return f"{name}#{expected} is missing: {head} events were written to {name}"
    return f"{name}#{head + 1} was inserted: {head} events were written to {name}"


def _tail(report: Report) -> Iterator[str]:
    """Events without a place: the newest, which get theirs within a second."""
    names = [name.removeprefix("event__") for name in _ROW[2:]]
    rows = AuditEvent.objects.filter(leaf=None).order_by("id").values_list(*names)
    for event in rows.iterator(CHUNK):
        report.events += 1
        yield from (f"{event[0]}#{event[1]}, not in the log yet, {fault}" for fault in _faults(*event))


def _texts(report: Report) -> Iterator[str]:
    """Each personal text against its digest; each erased one against the event that tells of it."""
    told = dict(_erased())
    for row in Payload.objects.order_by("digest").iterator(CHUNK):
        if row.erased_at is None:
            if Text(row.about, row.field, row.salt, row.text).digest != row.digest:
                yield f"the {row.field} of {row.about} was altered: the text is not the one that was digested"
        else:
            report.erased += 1
            if told.pop(row.digest, None) != row.erased_at.isoformat() or row.text or row.salt or row.about:
                yield f"a personal text ({row.digest[:16]}…) is gone and no event tells of this erasure"
    for digest in islice(told, FINDINGS_MAX):
        yield f"a personal text ({digest[:16]}…) was erased and is there again, or its row is gone"


def _erased() -> Iterator[tuple[str, str]]:
    for body in (
        AuditEvent.objects.filter(action="audit.erased").values_list("body", flat=True).iterator(CHUNK)
    ):
        with suppress(ValueError, KeyError, TypeError):  # altered, and named as such elsewhere
            facts = json.loads(body)["facts"]
            yield from [(digest, facts["erased_at"]) for digest in facts["digests"]]


def _outside(kept: Iterable[str]) -> tuple[list[_Signed], list[str]]:
    """Checkpoints that left the database, smallest first, and those that are not what they should be."""
    named = [("the checkpoint file", publish.kept()), *((f"the kept checkpoint {n}", note) for n, note in enumerate(kept, 1))]  # fmt: skip
    good, bad = [], []
    for name, note in named:
        if note:
            try:
                point = notes.open_note(note, origin=ring().origin, trusted=ring().of("log")).checkpoint
                good.append(_Signed(point.size, point.root, name))
            except Unsigned as problem:
                bad.append(f"{name}: {problem}")
    return sorted(good, key=lambda one: one.size), bad
