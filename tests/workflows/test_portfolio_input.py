from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.markowitz import moments
from hybridops.workflows.portfolio_input import facts, parse
from hybridops.workflows.stocks import STOCKS, technology_stocks
from tests.solvers.public import public


def prices(rows: int = 24, assets: int = 3, days: int = 7, first: int = 1) -> str:
    """A small market whose every price is known: whole numbers, the first row at line `first` + 1."""
    lines = ["date," + ",".join(f"A{at}" for at in range(assets))]
    for row in range(rows):
        day = date(2024, 1, 1) + timedelta(days=days * row)
        lines.append(",".join([str(day), *(str(100 + (row * (at + 3)) % 17) for at in range(assets))]))
    return "\n".join(lines) + "\n"


MOMENTS = "3\n 0.001 0.02\n0.002 0.03\n-0.001 0.01\n1 1 1\n1 2 0.5\n1 3 -.25\n2 2 1\n2 3 0\n3 3 1\n"


def test_a_file_of_prices_is_read():
    """Simple returns of one row to the next; weeks are told by their dates."""
    market = parse(f"# Two years\n{prices()}".encode())
    assert (market.name, market.labels, market.periods) == ("Two years", ("A0", "A1", "A2"), 52)
    assert market.returns is not None and market.returns.shape == (23, 3)
    assert market.returns[0].tolist() == [103 / 100 - 1, 104 / 100 - 1, 105 / 100 - 1]
    assert parse(prices(days=1).encode()).periods == 252
    assert facts(market)["size"] == "3 assets, 23 returns"


def test_a_file_of_moments_is_read():
    """Covariance is correlation times both deviations; the pairs may come in any order."""
    market = parse(MOMENTS.encode())
    assert market.mean.tolist() == [0.001, 0.002, -0.001]
    assert market.covariance[0, 1] == market.covariance[1, 0] == pytest.approx(0.5 * 0.02 * 0.03)
    assert market.covariance[2, 0] == pytest.approx(-0.25 * 0.02 * 0.01)
    assert market.returns is None
    assert facts(market)["observations"] is None
    lines = MOMENTS.splitlines()
    shuffled = parse("\n".join(lines[:4] + lines[:3:-1]).encode())
    assert shuffled.covariance.tolist() == market.covariance.tolist()


@pytest.mark.parametrize(("name", "assets"), [("port1", 31), ("port2", 85), ("port5", 225)])
def test_published_files_are_read(name: str, assets: int):
    """Every one of OR-Library's files here, the largest as well."""
    market = parse(public(f"portfolio/{name}.txt"))
    assert market.assets == assets
    assert np.linalg.eigvalsh(market.covariance)[0] > 0


def test_the_installed_stocks_are_read():
    market = parse(technology_stocks())
    assert (market.name, market.periods) == (STOCKS, 52)
    assert market.labels == ("GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT")
    assert facts(market)["observations"] == 104


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "expected"),
    [
        ("date,", "day,", 1, 1, "the column date"),
        (",A1", ",A0", 1, 9, "a name that no other column has"),
        (",A1", ",", 1, 9, "a name of 1 to 40"),
        ("2024-01-08", "2024-01-01", 3, 1, "a date after 2024-01-01"),
        ("2024-01-08", "2024-02-30", 3, 1, "a date like 2026-01-31"),
        ("2024-01-08", "20240108", 3, 1, "a date like 2026-01-31"),
        ("01-08,103", "01-08,", 3, 12, "a price; fill the gap"),
        ("01-08,103", "01-08,0", 3, 12, "a price, a number from"),
        ("01-08,103", "01-08,-5", 3, 12, "a price, a number from"),
        ("01-08,103", "01-08,nan", 3, 12, "a price, a number from"),
        ("01-08,103", "01-08,9999", 3, 12, "within 20 times the one before, 100"),
        ("01-08,103", "01-08,103,1", 3, 1, "4 fields"),
        ("01-08,103,", "01-08,", 3, 1, "4 fields"),
    ],
)
def test_a_refusal_of_prices_says_where_and_what(old: str, new: str, line: int, column: int, expected: str):
    text = prices()
    assert old in text
    with pytest.raises(BadInput) as caught:
        parse(text.replace(old, new, 1).encode())
    assert expected in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "expected"),
    [
        ("3\n ", "1\n ", 1, 1, "the number of assets"),
        ("3\n ", "226\n ", 1, 1, "the number of assets"),
        ("0.02\n", "-0.02\n", 2, 8, "a standard deviation"),
        ("0.002", "x", 3, 1, "a mean return"),
        ("1 2 0.5", "1 4 0.5", 6, 3, "an asset, a number from 1 to 3"),
        ("1 2 0.5", "1 2 1.5", 6, 5, "a correlation, a number from -1 to 1"),
        ("1 2 0.5", "1 1 1", 6, 1, "a pair that was not given before"),
        ("2 2 1\n", "2 2 .9\n", 8, 5, "the correlation 1 of an asset with itself"),
        ("3 3 1\n", "", 10, 1, "the number of an asset, found the end of the file"),
        ("3 3 1\n", "3 3 1\n4", 11, 1, "the end of the file"),
    ],
)
def test_a_refusal_of_moments_says_where_and_what(old: str, new: str, line: int, column: int, expected: str):
    with pytest.raises(BadInput) as caught:
        parse(MOMENTS.replace(old, new, 1).encode())
    assert expected in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (prices(rows=19), "line 20, column 1: expected 20 to 5,000 rows of prices, found 19"),
        (prices(rows=5001, assets=2), "line 5002, column 1: expected 20 to 5,000 rows"),
        (prices(rows=20, assets=226), "line 1, column 1: expected 2 to 225 assets, found 226"),
        (prices(rows=20, assets=1), "expected 2 to 225 assets, found 1"),
        (prices(days=30), "expected a row a day or a week, found 30 days"),
        ("date,a,b\n", "line 1, column 1: expected 20 to 5,000 rows of prices, found 0"),
        ("", "line 1, column 1: expected the number of assets, found the end of the file"),
        ("date,a,b\n" + "\n".join(f"2024-01-{d:02d},1,2" for d in range(1, 32)), "returns that vary"),
        ("a" * 5_000_001, "at most 5,000,000 bytes"),
        ("# only\n#, comments", "the number of assets"),
    ],
)
def test_sizes_and_emptiness_are_refused(data: str, expected: str):
    with pytest.raises(BadInput, match=expected):
        parse(data.encode())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_comes_is_read_or_refused(data: st.DataObject):
    """Bytes changed, cut or put in anywhere: a market, or BadInput, and nothing else."""
    text = bytearray(data.draw(st.sampled_from([prices(), MOMENTS, prices(21, 2, 1)])).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(
            st.sampled_from([b"", b",", b"\n", b" ", b"e9", b"-", b"\x00", b"\xff", b"inf", b"#"])
        )
        text[at : at + data.draw(st.integers(0, 3))] = new
    try:
        market = parse(bytes(text))
    except BadInput:
        return
    assert np.isfinite(market.covariance).all() and np.isfinite(market.mean).all()
    assert market.covariance.tolist() == market.covariance.T.tolist()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_raw_returns_and_the_covariance_agree(data: st.DataObject):
    """Mean and variance of the chosen assets' own path are those of the moments that solvers use."""
    rows = data.draw(st.integers(20, 40))
    table = data.draw(
        st.lists(st.lists(st.integers(50, 150), min_size=3, max_size=3), min_size=rows, max_size=rows)
    )
    lines = [f"{date(2024, 1, 1) + timedelta(at)},{a},{b},{c}" for at, (a, b, c) in enumerate(table)]
    try:
        market = parse("\n".join(["date,x,y,z", *lines]).encode())
    except BadInput:
        assert all(row == table[0] for row in table)
        return
    chosen = sorted(data.draw(st.sets(st.integers(0, 2), min_size=1)))
    mean, variance = moments(market, chosen)
    x = np.isin(range(3), chosen) / len(chosen)
    assert mean == pytest.approx(float(market.mean @ x), abs=1e-12)
    assert variance == pytest.approx(float(x @ market.covariance @ x), rel=1e-9, abs=1e-15)
