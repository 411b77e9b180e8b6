from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import Refused
from hybridops.trust.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)
from tests.trust.naive import consistency, inclusion, root_of
from tests.trust.public import files

HASHES = [leaf_hash(bytes([i])) for i in range(64)]


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize(
    "path", files("merkle-rfc6962/testdata/inclusion"), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_public_inclusion_vectors(path: Path) -> None:
    case = json.loads(path.read_text())
    proof = [raw(item) for item in case["proof"] or ()]
    arguments = (raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, raw(case["root"]))
    if case["wantErr"]:
        with pytest.raises(Refused):
            check_inclusion(*arguments)
    else:
        check_inclusion(*arguments)


@pytest.mark.parametrize(
    "path", files("merkle-rfc6962/testdata/consistency"), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_public_consistency_vectors(path: Path) -> None:
    case = json.loads(path.read_text())
    proof = [raw(item) for item in case["proof"] or ()]
    arguments = (case["size1"], case["size2"], proof, raw(case["root1"]), raw(case["root2"]))
    if case["wantErr"]:
        with pytest.raises(Refused):
            check_consistency(*arguments)
    else:
        check_consistency(*arguments)


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert Frontier().root() == root_of([]) == EMPTY_ROOT


def test_a_node_is_never_a_leaf_and_no_last_leaf_is_doubled() -> None:
    """T10: second preimages, and the duplicated last leaf of CVE-2012-2459."""
    left, right = HASHES[:2]
    assert node_hash(left, right) != leaf_hash(left + right)
    assert root_of(HASHES[:3]) != root_of([*HASHES[:3], HASHES[2]])
    with pytest.raises(Refused):
        check_inclusion(node_hash(left, right), 0, 1, [], leaf_hash(left + right))


@given(size=st.integers(1, 64), data=st.data())
def test_every_leaf_is_proved_and_no_other_bytes_are(size: int, data: st.DataObject) -> None:
    leaves, index = HASHES[:size], data.draw(st.integers(0, size - 1))
    proof, root = inclusion(leaves, index), root_of(leaves)
    check_inclusion(leaves[index], index, size, proof, root)
    with pytest.raises(Refused):
        check_inclusion(leaf_hash(b"other"), index, size, proof, root)
    with pytest.raises(Refused):
        check_inclusion(leaves[index], index, size, [*proof, b"\0" * 32], root)


@given(new=st.integers(1, 64), data=st.data())
def test_a_grown_tree_is_consistent_and_a_rewritten_one_is_not(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    leaves = HASHES[:new]
    proof = consistency(leaves, old)
    check_consistency(old, new, proof, root_of(leaves[:old]), root_of(leaves))
    rewritten = [leaf_hash(b"rewritten"), *leaves[1:]]
    with pytest.raises(Refused):
        check_consistency(old, new, proof, root_of(leaves[:old]), root_of(rewritten))


@given(cut=st.integers(0, 64))
def test_a_frontier_that_was_put_away_goes_on_as_if_it_had_not_been(cut: int) -> None:
    edge = Frontier()
    for leaf in HASHES[:cut]:
        edge.append(leaf)
    again = Frontier(edge.size, edge.hashes)
    for leaf in HASHES[cut:]:
        again.append(leaf)
    assert again.root() == root_of(HASHES)


def test_a_consistency_proof_has_no_easy_cases() -> None:
    """T11: from nothing, equal sizes with a proof, sizes swapped."""
    root = root_of(HASHES[:5])
    for old, new, proof in ((0, 0, []), (0, 5, []), (5, 5, [root]), (5, 3, consistency(HASHES[:5], 3))):
        with pytest.raises(Refused):
            check_consistency(old, new, proof, root, root)
