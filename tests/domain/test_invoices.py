"""The bill's CSV: what is read, what is refused and where; the corpus is kept beside it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.domain.invoices import BYTES_MAX, LINES_MAX, Billed, read

CORPUS = sorted((Path(__file__).parent / "invoices").glob("*.csv"))
HEAD = b"job,amount,currency\n"


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_the_corpus(file: Path) -> None:
    """`ok-3` has three lines, `line-2-column-3` and `line-4` are refused there."""
    told = file.stem.split(".")[0].split("-")
    if told[0] == "ok":
        assert len(read(file.read_bytes())) == int(told[1])
        return
    with pytest.raises(BadInput) as refused:
        read(file.read_bytes())
    wanted = (int(told[1]), int(told[3]) if len(told) > 2 else None)
    assert (refused.value.line, refused.value.column) == wanted


def test_too_much_is_refused() -> None:
    with pytest.raises(BadInput, match="at most"):
        read(HEAD + b"x" * BYTES_MAX)
    many = "".join(f"j{n},1,USD\n" for n in range(LINES_MAX + 1))
    with pytest.raises(BadInput, match=f"At most {LINES_MAX}"):
        read(HEAD + many.encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_is_read_or_refused(data: bytes) -> None:
    for whole in (data, HEAD + data):
        made: list[Billed] = []
        line = 1
        try:
            made = read(whole)
        except BadInput as problem:
            line = problem.line or 1
        assert line >= 1
        assert all(one.amount >= 0 and one.job and len(one.currency) == 3 for one in made)


NAMES = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=40).filter(
    lambda text: text == text.strip() != ""
)
AMOUNTS = st.decimals(0, 10**6, places=6, allow_nan=False, allow_infinity=False)


@given(
    st.lists(
        st.tuples(NAMES, AMOUNTS, st.sampled_from(["USD", "EUR"])),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0],
    )
)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, Decimal, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["Currency", "note", "Amount", "Job"])
    for name, amount, currency in rows:
        writer.writerow([currency, 'a, "b"', f"{amount:f}", name])
    made = read(text.getvalue().encode("utf-8-sig"))
    wanted = [
        Billed(one.line, name, amount, currency, None)
        for one, (name, amount, currency) in zip(made, rows, strict=True)
    ]
    assert made == wanted
