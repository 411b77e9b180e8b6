"""The proofs of RFC 6962 as it defines them, over a list of all leaves: what the tiles are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from hybridops.trust.merkle import EMPTY_ROOT, node_hash


def root_of(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    k = split(len(leaves))
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*inclusion(leaves[:k], index), root_of(leaves[k:])]
    return [*inclusion(leaves[k:], index - k), root_of(leaves[:k])]


def consistency(leaves: Sequence[bytes], old: int, *, whole: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*consistency(leaves[:k], old, whole=whole), root_of(leaves[k:])]
    return [*consistency(leaves[k:], old - k, whole=False), root_of(leaves[:k])]
