"""The Merkle tree hash of RFC 6962, section 2.1: roots, and inclusion and consistency proofs verified."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hybridops.domain.errors import Refused


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of an inner node; its prefix keeps it from ever being the hash of a leaf (RFC 6962)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


class Frontier:
    """The right edge of a growing tree: one hash for each set bit of its size, largest subtree first.

    Appending costs O(log n) and needs no other leaf.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise Refused(f"a frontier of {size} leaves has {size.bit_count()} hashes, not {len(hashes)}")
        self.size, self.hashes = size, list(hashes)

    def append(self, leaf: bytes) -> None:
        """Adds a leaf hash."""
        merged, size = leaf, self.size
        while size & 1:
            merged = node_hash(self.hashes.pop(), merged)
            size >>= 1
        self.hashes.append(merged)
        self.size += 1

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises Refused unless `leaf` stands at `index` in the tree of `size` leaves with this root."""
    if not 0 <= index < size or len(leaf) != 32:
        raise Refused(f"leaf {index} is not in a tree of {size}")
    found, node, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise Refused("the inclusion proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last or found != root:
        raise Refused("the inclusion proof does not lead to this root")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises Refused unless the tree of `new` leaves extends the tree of `old` leaves (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        raise Refused(f"no tree of {new} leaves extends one of {old}")
    if old == new:
        if proof or old_root != new_root:
            raise Refused("two roots of one size differ")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise Refused("the consistency proof is empty")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Refused("the consistency proof is too long")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise Refused("the consistency proof does not lead from the old root to the new one")
