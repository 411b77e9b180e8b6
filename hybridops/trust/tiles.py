"""The tree in tiles of height 8 (c2sp.org/tlog-tiles): proofs read a few tiles, however long the log is.

A tile is up to 256 hashes of one level in a row. Level 0 holds leaf hashes; a hash of the next level is the
root over a full tile. Tiles only ever grow at their end, and full ones never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from hybridops.domain.errors import Refused
from hybridops.trust.merkle import EMPTY_ROOT, node_hash

WIDTH, HEIGHT, HASH = 256, 8, 32
LEVELS = 8

type Place = tuple[int, int]  # level, index within the level
type Reader = Callable[[int, int], bytes]


def path_of(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile lies in a tree of static files."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < WIDTH else "")


def widths(size: int) -> Iterator[tuple[int, int]]:
    """For each level with hashes in a tree of this size: the level, and how many hashes it has."""
    level, count = 0, size
    while count:
        yield level, count
        level, count = level + 1, count // WIDTH


def joined(hashes: bytes) -> bytes:
    """The root over a power of two of hashes."""
    row = [hashes[i : i + HASH] for i in range(0, len(hashes), HASH)]
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


class Growth:
    """The right edge of a tree that grows: what was appended lies in `tiles` until `taken`."""

    def __init__(self, size: int, read: Reader) -> None:
        self.size = size
        self.edge = {level: bytearray(_edge(level, count, read)) for level, count in widths(size)}
        self.tiles: dict[Place, bytes] = {}
        self._touched: set[int] = set()

    def append(self, leaf: bytes) -> None:
        """Adds a leaf hash."""
        level, found = 0, leaf
        place = self.size
        while True:
            edge = self.edge.setdefault(level, bytearray())
            edge += found
            self._touched.add(level)
            if len(edge) < WIDTH * HASH:
                break
            full = bytes(edge)
            self.tiles[level, place // WIDTH] = full
            edge.clear()
            self._touched.discard(level)
            level, place, found = level + 1, place // WIDTH, joined(full)
        self.size += 1

    def taken(self) -> dict[Place, bytes]:
        """Every tile that has grown since the last time, full ones and the edge."""
        for level in self._touched:
            self.tiles[level, (self.size >> HEIGHT * level) // WIDTH] = bytes(self.edge[level])
        found, self.tiles = self.tiles, {}
        self._touched.clear()
        return found


def _edge(level: int, count: int, read: Reader) -> bytes:
    width = count % WIDTH
    if not width:
        return b""
    found = read(level, count // WIDTH)[: width * HASH]
    if len(found) != width * HASH:
        raise Refused(f"the tile at level {level} is too short for the log")
    return found


class Tree:
    """Roots and proofs from tiles. `read` gives a tile's hashes, more than a smaller tree needs does no harm."""

    def __init__(self, read: Reader) -> None:
        self.read = cache(read)

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        return self._over(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Sibling hashes from the leaf at `index` up to the root over `size` leaves (RFC 6962, 2.1.1)."""
        if not 0 <= index < size:
            raise Refused(f"leaf {index} is not in a tree of {size}")
        low, high, path = 0, size, []
        while high - low > 1:
            middle = low + _half(high - low)
            if index < middle:
                path.append(self._over(middle, high))
                high = middle
            else:
                path.append(self._over(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 6962, 2.1.2, from a tree of `old` leaves (at least 1) to the one of `new`."""
        if not 0 < old <= new:
            raise Refused(f"no tree of {new} leaves extends one of {old}")
        low, high, path, whole = 0, new, [], True
        while old != high:
            middle = low + _half(high - low)
            if old <= middle:
                path.append(self._over(middle, high))
                high = middle
            else:
                path.append(self._over(low, middle))
                low, whole = middle, False
        return ([] if whole else [self._over(low, high)]) + path[::-1]

    def _over(self, low: int, high: int) -> bytes:
        """The root over the leaves from `low` up to, not including, `high`."""
        count = high - low
        if count & (count - 1) == 0 and low % count == 0:
            return self._node(count.bit_length() - 1, low)
        middle = low + _half(count)
        return node_hash(self._over(low, middle), self._over(middle, high))

    def _node(self, height: int, low: int) -> bytes:
        """The root over 2**height leaves from `low` on, from the highest tile that has its hashes."""
        level = height // HEIGHT
        first, count = low >> HEIGHT * level, 1 << height % HEIGHT
        tile, at = divmod(first, WIDTH)
        found = self.read(level, tile)[at * HASH : (at + count) * HASH]
        if len(found) != count * HASH:
            raise Refused(f"the tile {path_of(level, tile)} is missing or too short")
        return joined(found)


def _half(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def grown(leaves: Iterable[bytes]) -> dict[Place, bytes]:
    """All tiles of a tree over these leaf hashes."""
    growth = Growth(0, lambda level, index: b"")
    for leaf in leaves:
        growth.append(leaf)
    return growth.taken()
