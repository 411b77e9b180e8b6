from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.qubo import Qubo
from hybridops.workflows.maxcut_input import parse
from hybridops.workflows.maxcut_instance import MAXCUT, QUBO, Instance
from tests.workflows.maxcut_chain import SQUARE, problem

DWAVE = b"c a comment\np qubo 0 3 2 1\n0 0 -1.5\n2 2 4\nc another\n2 0 3\n"
JSON = b'{"offset": 2.0, "linear": [1, -1.5, 0], "quadratic": [[0, 2, 3.0]], "name": "Small"}'
EDGES = "# Friends\nfrom,to,weight\nAnn,Bob,2\nBob,\u00c9va,-1.5\n".encode()
HOSTILE = [
    b"", b"\n\n", b"\xff\xfe", b"\x00", b"{", b"[]", b"{}", b"[" * 100_000, b'{"linear":' + b"[" * 100_000,
    b'{"linear": [NaN], "quadratic": []}', b'{"linear": [1e999, 1], "quadratic": [[0, 1, 1]]}',
    b'{"linear": [' + b"9" * 6000 + b', 1], "quadratic": []}', b'{"linear": [true, 1], "quadratic": [[0, 1, 1]]}',
    b'{"linear": [1, 1], "quadratic": [[0, 1]]}', b'{"linear": [1, 1], "quadratic": [[0, 0, 1]]}',
    b'{"linear": [1, 1], "quadratic": [[false, true, 1]]}', b'{"linear": {"0": 1}, "quadratic": []}',
    b"2000000000 1\n1 2 1\n", b"2 999999999\n1 2 1\n", b"3 1\n1 2 nan\n", b"3 1\n1 2 1e999\n", b"3 1\n1 2 1_0\n",
    b"p qubo 0 3 1 1\n0 0 1\n", b"p qubo 0 3 0 1\n0 0 1\n", b"p qubo\n", b"0 0 1\np qubo 0 3 1 0\n",
    b"from,to,weight\n", b"from,to,weight\na,a,1\n", b"from,to,weight\na,b,1\nb,a,1\n", b"a,b\n", b"from,to,weight\n,b,1\n",
    b"# qubo\n", b"# maxcut\n2 1\n1 1 4\n", b"2 1\n1 1 4\n", b"2 1\n1 2 0\n", b"1 1\n1 1 1\n",
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE)
def test_what_is_no_problem_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse(data)


def test_each_format_says_the_same_of_the_same() -> None:
    """By hand: E = 2 + x0 - 1.5 x1 + 3 x0 x2 in JSON; the others by their own rules."""
    found = parse(JSON)
    assert (found.name, found.offset, found.terms) == (
        "Small", 2.0, ((0, 0, 1.0), (1, 1, -1.5), (0, 2, 3.0)),
    )  # fmt: skip
    found = parse(DWAVE)
    assert (found.kind, found.name, found.terms) == (
        QUBO,
        "a comment",
        ((0, 0, -1.5), (2, 2, 4.0), (0, 2, 3.0)),
    )
    found = parse(EDGES)
    assert (found.kind, found.name, found.labels) == (MAXCUT, "Friends", ("Ann", "Bob", "\u00c9va"))
    assert found.terms == ((0, 1, 2.0), (1, 2, -1.5))
    found = parse(b"3 2\n1 2\n2 3 4\n")
    assert (found.kind, found.labels, found.terms) == (MAXCUT, ("1", "2", "3"), ((0, 1, 1.0), (1, 2, 4.0)))
    assert parse(b"3 2\n1 1 5\n3 1 4\n").terms == ((0, 0, 5.0), (0, 2, 8.0))  # off the diagonal twice


def test_a_comment_decides_where_the_diagonal_is_empty() -> None:
    """The same rows are a graph, or a QUBO where a first comment says so."""
    assert parse(b"2 1\n1 2 3\n").kind == MAXCUT
    found = parse(b"# qubo\n# Mine\n2 1\n1 2 3\n")
    assert (found.kind, found.name, found.terms) == (QUBO, "Mine", ((0, 1, 6.0),))


def test_a_document_of_ours_is_read_back() -> None:
    qubo = parse(DWAVE).qubo()
    again = parse(json.dumps(Qubo.document(qubo)).encode()).qubo()
    assert again.document() == qubo.document()


@pytest.mark.parametrize(
    ("data", "line", "column", "words"),
    [
        (b"3 2\n1 2 1\n2 x 1\n", 3, 3, "a variable"),
        (b"3 2\n1 2 1\n2 4 1\n", 3, 3, "from 1 to 3"),
        (b"3 2\n1 2 1\n 2 1 1\n", 3, 2, "each pair once"),
        (b"3 2\n1 2 1\n", 1, 3, "which are 1"),
        (b"3 1\n1 2 1\n\n2 3 1\n", 4, 1, "the end after the 1 terms"),
        (b"3 1\n1 2 heavy\n", 2, 5, "a weight"),
        (b"3 1\n1 2 3 4\n", 2, 7, "a row of two numbers and a weight"),
        (b"3\n1 2 1\n", 1, 1, "two numbers"),
        (b"3 2\n1 1 1\n2 3\n", 3, 1, "a row, a column and a value"),
        (b"p qubo 0 3 2 0\n0 0 1\n0 1 1\n", 1, 12, "diagonals below, which is 1"),
        (b"from,to,cost\na,b,1\n", 1, 9, "the column weight"),
        (b"from,to,weight\na,b,1\na, b,2\n", 3, 1, "each pair once"),
        (b"from,to,weight\na,b,x\n", 2, 5, "a weight"),
        (b'{"linear": [1,\n 2,, 3]}', 2, 4, "JSON"),
    ],
)
def test_a_refusal_says_where(data: bytes, line: int, column: int, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        parse(data)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_sizes_are_capped_before_anything_is_built() -> None:
    """3,000 variables and 200,000 terms at most, by header and by what is counted."""
    for data in (b"3001 1\n1 2 1\n", b"10 200001\n", b"p qubo 0 3000 3000 200000\n0 0 1\n"):
        with pytest.raises(BadInput, match=r"at most|from 1 to 3000|from 0 to 200000"):
            parse(data)
    rows = "".join(f"n{at},n{at + 1},1\n" for at in range(3_001))
    with pytest.raises(BadInput, match="at most 3,000 nodes"):
        parse(f"from,to,weight\n{rows}".encode())


LONG = [
    b"1 " * 40_000, b"p qubo " + b"1 " * 40_000, b"a,b,1\n" * 14_000, b"from,to,weight\n" + b"a,b,1\n" * 14_000,
    b"3000 200000\n" + b"1 2 1\n" * 14_000, b"," * 80_000, b"#\n" * 40_000, b"{" * 80_000,
    b'{"linear": [' + b"1," * 40_000 + b"1]}", b"\n" * 80_000,
]  # fmt: skip


@pytest.mark.parametrize("data", LONG, ids=range(len(LONG)))
def test_what_is_long_takes_memory_by_its_length(data: bytes) -> None:
    """No more than 120 bytes for each one sent until it is refused: an upload has 5 MB at most."""
    tracemalloc.start()
    with pytest.raises(BadInput):
        parse(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120 * len(data)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
@example(b"2 1\n1 2 1")
def test_any_bytes_are_an_instance_or_refused(data: bytes) -> None:
    seen(data)


WORDS = st.sampled_from(["1", "2", "3", "-1", "1e9", "1e10", "0.5", "p", "qubo", "c", "#", ",", "from,to,weight", "{", "}",
                         '"linear":', "[", "]", "[0,1,2]", '"quadratic":', "\n", " ", "nan", "2 1\n1 2 1\n"])  # fmt: skip


@given(st.lists(WORDS, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_words_are_an_instance_or_refused(words: list[str]) -> None:
    seen(" ".join(words).encode())


def seen(data: bytes) -> Instance | None:
    """What is read keeps the promises of `Instance`; what is not raises BadInput and nothing else."""
    try:
        found = parse(data)
    except BadInput:
        return None
    pairs = [(i, j) for i, j, _ in found.terms]
    assert len(set(pairs)) == len(pairs)
    assert all(0 <= i <= j < found.variables for i, j in pairs)
    assert all(abs(weight) <= 2e9 for _, _, weight in found.terms)
    found.qubo()
    return found


@pytest.mark.parametrize(
    ("name", "kind", "variables", "terms"),
    [
        ("maxcut/G11.mc", MAXCUT, 800, 1600),
        ("maxcut/w01_100.0.mc", MAXCUT, 100, 495),
        ("qubo/bqp50-1.sparse", QUBO, 50, 111),
        ("qubo/gka1b.sparse", QUBO, 20, 207),
    ],
)
def test_published_files_are_read(name: str, kind: str, variables: int, terms: int) -> None:
    found = parse(problem(name))
    assert (found.kind, found.variables, len(found.terms), found.whole) == (kind, variables, terms, True)


def test_installed_graphs_are_read() -> None:
    """Zachary's 78 and Knuth's 254 pairs, by name."""
    karate, miserables = parse(problem("karate")), parse(problem("miserables"))
    assert (karate.variables, len(karate.terms), karate.total) == (34, 78, 231)
    assert (miserables.variables, len(miserables.terms), miserables.total) == (77, 254, 820)
    assert "Valjean" in miserables.labels


def test_a_square_is_a_square() -> None:
    """All on one side, opposite corners apart, two neighbours apart: by hand from the five weights."""
    rows = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1]])
    assert parse(SQUARE).qubo().energy(rows).tolist() == [10.0, 2.0, 6.0]
