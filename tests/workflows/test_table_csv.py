"""Tables from outside: what is read, and every refusal with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.workflows.kernels_builtin import breast_cancer, digits, iris
from hybridops.workflows.table_csv import parse
from tests.solvers.public import public

HEAD = "width,height,kind"


def table(rows: int = 20, head: str = HEAD) -> list[str]:
    return [head, *(f"{at * 0.5},{(at * 7) % 11},{'good' if at % 2 else 'bad'}" for at in range(rows))]


def text(lines: list[str]) -> bytes:
    return "\n".join(lines).encode()


def changed(line: int, now: str) -> bytes:
    """The small table with one of its lines, counted from 1, in another way."""
    lines = table()
    lines[line - 1] = now
    return text(lines)


def test_a_small_table_is_read():
    found = parse(text(["# Two kinds", *table()]))
    assert found.name == "Two kinds"
    assert found.columns == ("width", "height")
    assert found.target == "kind"
    assert found.classes == ("bad", "good")
    assert found.values.shape == (20, 2)
    assert found.labels.tolist() == [0, 1] * 10
    assert parse(text(table()) + b"\r\n\r\n").name == "Table"


REFUSED = {
    "nothing": (b"", 1, 1, "header"),
    "comments only": (b"# a\n# b\n", 1, 1, "header"),
    "binary": (b"\xff\xfe\x00", 1, 1, "UTF-8"),
    "a control character": (changed(3, "1,\x002,bad"), 3, 3, "control"),
    "one column": (text([f"{at}" for at in range(30)]), 1, 1, "feature columns"),
    "a name twice": (text(table(head="width,width,kind")), 1, 7, "no other column"),
    "no name": (text(table(head="width,,kind")), 1, 7, "printable"),
    "a hidden name": (text(table(head="width,hei\u200bght,kind")), 1, 7, "printable"),
    "too few rows": (text(table(19)), 20, 1, "20 to 2,000 rows, found 19"),
    "too many rows": (text(table(2001)), 2002, 1, "found 2,001"),
    "too many columns": (text([",".join(f"c{at}" for at in range(102))]), 1, 1, "100"),
    "a missing cell": (changed(4, "1,bad"), 4, 1, "3 fields"),
    "an empty cell": (changed(4, "1,,bad"), 4, 3, "a value"),
    "one too many": (changed(4, "1,2,3,bad"), 4, 1, "found 4"),
    "nan": (changed(5, "nan,2,bad"), 5, 1, "a value"),
    "infinity": (changed(5, "1, inf,bad"), 5, 4, "a value"),
    "a huge number": (changed(5, "1,1e99,bad"), 5, 3, "a value"),
    "a long number": (changed(5, f"1,{'9' * 5000},bad"), 5, 3, "a value"),
    "words": (changed(5, "=cmd(),2,bad"), 5, 1, "a value"),
    "no label": (changed(5, "1,2,"), 5, 5, "class"),
    "three classes": (changed(5, "1,2,ugly"), 5, 5, "two classes"),
    "one class": (text([HEAD, *(f"{at},{at % 3},same" for at in range(20))]), 2, 5, "in every row"),
    "a constant column": (text([HEAD, *(f"7,{at},{at % 2}" for at in range(20))]), 1, 1, "7 in every row"),
    "a rare class": (text([HEAD, *(f"{at},{at % 3},{int(at < 7)}" for at in range(30))]), 2, 5, "found 7"),
    "too large": (b"a" * 5_000_001, None, None, "bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_where(name: str):
    data, line, column, words = REFUSED[name]
    with pytest.raises(BadInput) as caught:
        parse(data)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(data: bytes):
    for sent in (data, text(table()) + b"\n" + data):
        try:
            found = parse(sent)
        except BadInput:
            continue
        assert len(found.values) == len(found.labels)


def test_the_installed_tables_are_their_sources():
    shapes = {breast_cancer: (569, 30), iris: (100, 4), digits: (357, 54)}
    for made, shape in shapes.items():
        assert parse(made()).values.shape == shape
    cancer, flowers = parse(breast_cancer()), parse(iris())
    assert cancer.columns[0] == "mean radius"
    assert cancer.columns[29] == "worst fractal dimension"
    assert cancer.classes == ("benign", "malignant")
    assert int(cancer.labels.sum()) == 212
    assert flowers.classes == ("versicolor", "virginica")
    assert flowers.values[0].tolist() == [7.0, 3.2, 4.7, 1.4]


def test_published_tables():
    found = parse(public("kernel/breast_cancer.csv"))
    assert (found.values == parse(breast_cancer()).values).all()
    with pytest.raises(BadInput, match="two classes"):
        parse(public("kernel/iris.csv"))
    with pytest.raises(BadInput, match="leave it out"):
        parse(public("kernel/digits_3v8.csv"))
