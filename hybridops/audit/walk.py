"""The log leaf by leaf: each event in its place, the tiles, and every signed root on the way.

A few tiles are held in memory, however long the log is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from hybridops.audit import publish, tiles
from hybridops.audit.faults import COLUMNS, faults_of
from hybridops.audit.keyring import ring
from hybridops.audit.models import Checkpoint, Leaf, Log
from hybridops.audit.report import Report
from hybridops.domain.errors import Unsigned
from hybridops.trust import checkpoint as notes
from hybridops.trust.merkle import Frontier
from hybridops.trust.tiles import HASH, WIDTH, Growth, widths

CHUNK = 2000
_ROW = ("index", "leaf_hash", *(f"event__{name}" for name in COLUMNS))


@dataclass(slots=True)
class _Signed:
    """A checkpoint to come: how many events it covers, its root, and what it is called."""

    size: int
    root: bytes
    name: str


def walk(report: Report, kept: Sequence[str]) -> Iterator[str]:
    """Leaf by leaf: the event, the tiles, and every signed root on the way."""
    size = Log.objects.values_list("size", flat=True).first() or 0
    outside, bad = _outside(kept)
    yield from bad
    walker = _Walk(report, outside)
    rows = Leaf.objects.filter(index__lt=size).order_by("index").values_list(*_ROW)
    try:
        for row in rows.iterator(CHUNK):
            yield from walker.step(row)
    except ValueError as problem:  # what SQLite lets stand in a column of dates
        yield f"entry {walker.edge.size} or a checkpoint after it has a value that cannot be read: {problem}"
    yield from walker.end(size)


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
        for fault in faults_of(*event):
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
        if (opened.checkpoint.size, opened.at) != (row.size, row.made_at and int(row.made_at.timestamp())):
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
        cursor.execute(
            'SELECT (SELECT max(size) FROM audit_log), (SELECT max("index") + 1 FROM audit_leaf), '
            "(SELECT count(*) FROM audit_tile)"
        )
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


def _outside(kept: Iterable[str]) -> tuple[list[_Signed], list[str]]:
    """Checkpoints that left the database, smallest first, and those that are not what they should be."""
    numbered = ((f"the kept checkpoint {n}", note) for n, note in enumerate(kept, 1))
    named = [("the checkpoint file", publish.kept()), *numbered]
    good, bad = [], []
    for name, note in named:
        if note:
            try:
                point = notes.open_note(note, origin=ring().origin, trusted=ring().of("log")).checkpoint
                good.append(_Signed(point.size, point.root, name))
            except Unsigned as problem:
                bad.append(f"{name}: {problem}")
    return sorted(good, key=lambda one: one.size), bad
