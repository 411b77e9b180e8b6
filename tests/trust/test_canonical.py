from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.trust.canonical import canonical, digest_of, read
from tests.trust.public import VECTORS, files

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2.0**53) + 2, 2.0**53 - 2)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("path", files("jcs-rfc8785/testdata/input"), ids=lambda p: p.stem)
def test_public_vectors(path: Path) -> None:
    expected = (VECTORS / "jcs-rfc8785/testdata/output" / path.name).read_bytes()
    assert canonical(json.loads(path.read_bytes())) == expected


@given(JSON)
def test_reading_what_was_written_gives_the_same_bytes(document: object) -> None:
    written = canonical(document)
    assert canonical(read(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        "[NaN]",
        "[Infinity]",
        "[1e999]",
        "[-1e999]",
        "[" * 100_000,
        "[" * 70 + "]" * 70,
        '"\\ud800"',
        "1" * 5000,
        "{",
        "",
        "\ufeff{}",
    ],
)
def test_what_json_must_not_be_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        canonical(read(text.encode("utf-8", "surrogatepass")))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        read(data)
    except BadInput:
        pass


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


@pytest.mark.parametrize("path", files("jcs-rfc8785/testdata/outhex", "*.txt"), ids=lambda p: p.stem)
def test_public_vectors_byte_by_byte(path: Path) -> None:
    """T9: strict reading, then exactly these bytes."""
    given = (VECTORS / "jcs-rfc8785/testdata/input" / f"{path.stem}.json").read_bytes()
    assert canonical(read(given)) == bytes.fromhex("".join(path.read_text().split()))
