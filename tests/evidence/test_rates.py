"""Intervals of a share against published values, and what no hits say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from hybridops.domain.errors import BadInput
from hybridops.evidence.rates import jeffreys, wilson, within

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_wilson_as_published():
    """Newcombe, Stat. Med. 17 (1998) 857, table I: 81 of 263, 15 of 148, 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0, 1)


def test_no_hits_leave_a_chance():
    """By hand: z² / (n + z²)."""
    assert wilson(0, 10)[1] == pytest.approx(3.841459 / 13.841459, abs=1e-6)
    low, high = jeffreys(0, 10)
    assert low == 0
    assert high == pytest.approx(beta(0.5, 10.5).ppf(0.975))
    assert jeffreys(0, 0) == (0, 1)


@given(counts)
def test_both_intervals_hold_the_share_and_turn_round(counted: tuple[int, int]):
    hits, count = counted
    for rule in (wilson, jeffreys):
        low, high = rule(hits, count)
        assert 0 <= low <= hits / count <= high <= 1
        assert rule(count - hits, count) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_shots_add_up():
    assert within(0.5, 3) == pytest.approx(0.875)
    assert within(1e-12, 1000) == pytest.approx(1e-9)
    assert (within(0, 9), within(1, 1), within(0.3, 0), within(1, 0)) == (0, 1, 0, 0)


@pytest.mark.parametrize(("hits", "count"), [(3, 2), (-1, 5)])
def test_counts_that_cannot_be_are_refused(hits: int, count: int):
    for rule in (wilson, jeffreys):
        with pytest.raises(BadInput, match="hits"):
            rule(hits, count)


def test_a_chance_that_cannot_be_is_refused():
    for chance in (float("nan"), -0.1, 1.1):
        with pytest.raises(BadInput, match="from 0 to 1"):
            within(chance, 3)
