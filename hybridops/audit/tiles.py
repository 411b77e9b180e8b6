"""The log's tiles in the database, and as static files that any C2SP client reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hybridops.audit.models import AuditEvent, Checkpoint, Tile
from hybridops.domain.errors import Refused
from hybridops.trust.tiles import HASH, WIDTH, Growth, Tree, path_of, widths

_LEVEL_BITS = 56


def place_of(level: int, index: int) -> int:
    """The key of a tile's row."""
    return level << _LEVEL_BITS | index


def read(level: int, index: int) -> bytes:
    """The hashes of a tile, none where it is not there."""
    found = Tile.objects.filter(place=place_of(level, index)).values_list("hashes", flat=True).first()
    return bytes(found or b"")


def tree() -> Tree:
    """Roots and proofs over the log as it stands; tiles are read once."""
    return Tree(read)


def append(size: int, leaves: Sequence[bytes]) -> None:
    """Adds leaf hashes to a tree of `size` leaves; its tiles are written once each."""
    growth = Growth(size, read)
    for leaf in leaves:
        growth.append(leaf)
    rows = [Tile(place=place_of(*place), hashes=hashes) for place, hashes in growth.taken().items()]
    Tile.objects.bulk_create(rows, update_conflicts=True, unique_fields=["place"], update_fields=["hashes"])


def export(folder: Path) -> int:
    """Writes the newest checkpoint with all its tiles and entries; returns how many events it covers.

    The layout is c2sp.org/tlog-tiles. Files that are there already are left: a full tile never changes.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise Refused("No checkpoint is signed yet.")
    for level, count in widths(newest.size):
        for index in range(-(-count // WIDTH)):
            width = min(WIDTH, count - index * WIDTH)
            path = folder / path_of(level, index, width)
            if not path.exists():
                _write(path, read(level, index)[: width * HASH])
    for index in range(-(-newest.size // WIDTH)):
        width = min(WIDTH, newest.size - index * WIDTH)
        path = folder / path_of(0, index, width).replace("tile/0/", "tile/entries/", 1)
        if not path.exists():
            _write(path, _entries(index * WIDTH, width))
    _write(folder / "checkpoint", newest.note.encode())  # last: what it covers is there
    return newest.size


def _entries(start: int, width: int) -> bytes:
    """Entries one after the other, each with its length in two bytes."""
    rows = AuditEvent.objects.filter(leaf__index__gte=start, leaf__index__lt=start + width)
    bodies = [body.encode() for body in rows.order_by("leaf__index").values_list("body", flat=True)]
    if longest := next((body for body in bodies if len(body) > 0xFFFF), b""):
        raise Refused(f"An event of {len(longest)} bytes is too long for this layout.")
    return b"".join(len(body).to_bytes(2) + body for body in bodies)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(data)
    fresh.replace(path)
