"""Tiles say what the definition says, whatever the size and however the log grew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import Refused
from hybridops.trust.merkle import EMPTY_ROOT, check_consistency, check_inclusion, leaf_hash
from hybridops.trust.tiles import Growth, Place, Tree, grown, path_of, widths
from tests.trust import naive

LEAVES = [leaf_hash(n.to_bytes(4)) for n in range(70_000)]
TILES = grown(LEAVES)


def tree(tiles: dict[Place, bytes]) -> Tree:
    return Tree(lambda level, index: tiles.get((level, index), b""))


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() -> None:
    assert list(widths(70_000)) == [(0, 70_000), (1, 273), (2, 1)]
    assert {level: sum(1 for at, _ in TILES if at == level) for level in range(3)} == {0: 274, 1: 2, 2: 1}
    assert [len(TILES[place]) // 32 for place in ((0, 273), (1, 1), (2, 0))] == [112, 17, 1]
    assert path_of(0, 1234067) == "tile/0/x001/x234/067"
    assert path_of(1, 5, 17) == "tile/1/005.p/17"
    assert path_of(0, 999) == "tile/0/999"
    assert path_of(0, 1000) == "tile/0/x001/000"


@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 70_000]
)
def test_a_root_is_that_of_the_definition(size: int) -> None:
    assert tree(TILES).root(size) == naive.root_of(LEAVES[:size])


@given(st.integers(1, 3000), st.data())
def test_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    leaves, whole = LEAVES[:size], tree(TILES)
    assert whole.inclusion(index, size) == naive.inclusion(leaves, index)
    assert whole.consistency(old, size) == naive.consistency(leaves, old)


@given(st.integers(1, 70_000), st.data())
def test_proofs_of_a_long_log_hold(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    whole = tree(TILES)
    check_inclusion(LEAVES[index], index, size, whole.inclusion(index, size), whole.root(size))
    check_consistency(old, size, whole.consistency(old, size), whole.root(old), whole.root(size))


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_a_log_that_grew_in_pieces_has_the_tiles_of_the_whole(pieces: list[int]) -> None:
    stored: dict[Place, bytes] = {}
    size = 0
    for piece in pieces:
        growth = Growth(size, lambda level, index: stored.get((level, index), b""))
        for leaf in LEAVES[size : size + piece]:
            growth.append(leaf)
        size += piece
        for place, hashes in growth.taken().items():
            assert hashes.startswith(stored.get(place, b"")), "a tile only ever grows"
            stored[place] = hashes
    assert stored == grown(LEAVES[:size])


def test_what_is_missing_or_outside_is_refused() -> None:
    less = {place: hashes for place, hashes in TILES.items() if place != (0, 3)}
    with pytest.raises(Refused, match="tile/0/003"):
        tree(less).inclusion(3 * 256 + 5, 70_000)
    with pytest.raises(Refused):
        tree(TILES).inclusion(70_000, 70_000)
    for old, new in ((0, 0), (0, 5), (6, 5)):
        with pytest.raises(Refused):
            tree(TILES).consistency(old, new)
    with pytest.raises(Refused, match="too short"):
        Growth(300, lambda level, index: b"")
    assert tree({}).root(0) == EMPTY_ROOT
