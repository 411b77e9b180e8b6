"""Costs and times by hand, by their properties, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.evidence.costs import Spending, per_accepted, per_improvement, times_cheaper
from hybridops.evidence.rates import wilson
from hybridops.evidence.resampling import draws
from hybridops.evidence.times import repeats, tts99

dollars = st.floats(0.01, 1000).map(lambda value: round(value, 2))
pairs = st.lists(st.tuples(dollars, st.integers(0, 3)), min_size=2, max_size=12)
winners = st.lists(st.tuples(dollars, st.integers(1, 3)), min_size=2, max_size=12)
few = settings(max_examples=25, deadline=None)


def spending(rows: list[tuple[float, int]], times: float = 1.0) -> Spending:
    return Spending([paid * times for paid, _ in rows], [3.0] * len(rows), [float(won) for _, won in rows])


def test_all_attempts_are_paid_by_what_was_accepted():
    """By hand: 10 + 2 + 8 dollars for two accepted; the mean of ratios would say something else."""
    found = per_accepted(Spending([10, 2, 8], [5, 1, 4], [1, 1, 0]), seed=1)
    assert (found.spent, found.attempts, found.accepted, found.value) == (20, 10, 2, 10)
    assert 2 <= found.low <= 10
    assert found.high is None, "one draw in 27 has the pair without an accepted one three times"


def test_an_interval_of_many_pairs_has_both_ends():
    rng = np.random.default_rng(5)
    won = rng.integers(0, 2, 200).astype(float)
    found = per_accepted(Spending(np.full(200, 3.0), np.ones(200), won), seed=1)
    low, high = (3 / end for end in reversed(wilson(int(won.sum()), 200)))
    assert found.low == pytest.approx(low, rel=0.03)
    assert found.high == pytest.approx(high, rel=0.03)


def test_none_accepted_has_a_price_at_least():
    """By hand: $30 in ten attempts, over 3.84 / 13.84."""
    found = per_accepted(Spending([10, 20], [4, 6], [0, 0]), seed=1)
    assert (found.spent, found.value, found.high) == (30, None, None)
    assert found.low == pytest.approx(3 / (3.841459 / 13.841459), rel=1e-6)


@few
@given(pairs, st.floats(0.1, 10))
def test_costs_scale_with_the_currency(rows: list[tuple[float, int]], times: float):
    one, other = (per_accepted(spending(rows, rate), seed=3) for rate in (1.0, times))
    assert other.low == pytest.approx(one.low * times)
    assert (one.value is None) == (other.value is None) == (sum(won for _, won in rows) == 0)
    if one.value is not None:
        assert other.value == pytest.approx(one.value * times)
        assert one.low <= one.value * (1 + 1e-9)
        assert math.isfinite(one.low)


@few
@given(winners, st.floats(0.5, 20))
def test_a_ratio_of_one_arm_to_its_multiple_has_no_width(rows: list[tuple[float, int]], times: float):
    """Drawn apart, the arms would give it one."""
    found = times_cheaper(spending(rows, times), spending(rows), seed=2)
    assert (found.low, found.value, found.high) == pytest.approx((times, times, times))


def test_a_ratio_needs_two_prices():
    some, none, free = (Spending([1, 2], [1, 1], row) for row in ([1, 0], [0, 0], [1, 1]))
    for first, second in ((some, none), (none, some)):
        with pytest.raises(BadInput, match="without an accepted"):
            times_cheaper(first, second, seed=1)
    with pytest.raises(BadInput, match="free"):
        times_cheaper(some, Spending([0, 0], [1, 1], [1, 1]), seed=1)
    assert times_cheaper(some, free, seed=1).value == 2
    assert times_cheaper(some, free, seed=1).high is None


def test_an_improvement_is_paid_for_by_all_that_got_better_or_worse():
    found = per_improvement([5, 5, 10], [3.0, -1.0, 2.0], seed=1)
    assert found.value == 5
    assert 0 < found.low < 5
    assert found.high is None
    assert per_improvement([5, 5], [1.0, -1.0], seed=1).value is None
    assert per_improvement([5, 5], [-1.0, -2.0], seed=1).high is None


def test_rows_that_cannot_be_are_refused():
    for row, sentence in (
        ([1, math.nan], "Number 2"),
        ([1, -1], "below 0"),
        ([1], "together"),
        ([[1, 2]], "one row"),
    ):
        with pytest.raises(BadInput, match=sentence):
            per_accepted(Spending(row, [1, 1], [1, 0]), seed=1)
    for attempts, accepted in (([1, 1], [2, 0]), ([1.5, 1], [1, 0])):
        with pytest.raises(BadInput, match="whole"):
            per_accepted(Spending([1, 1], attempts, accepted), seed=1)
    with pytest.raises(BadInput, match="attempted"):
        per_accepted(Spending([0, 0], [0, 0], [0, 0]), seed=1)
    with pytest.raises(BadInput, match="at least two"):
        per_improvement([1], [1], seed=1)
    with pytest.raises(BadInput, match="too many to draw"):
        draws(5_000, 1)


def test_repeats_as_published():
    """Half of the runs hit: ln 0.01 / ln 0.5; a sure one needs one, and so does one of 99 % or more."""
    assert repeats(np.array([0.5, 1.0, 0.995, 0.0])).tolist() == pytest.approx([6.643856, 1, 1, math.inf])


def test_time_to_target():
    found = tts99([2.0] * 40, [True, False] * 20, seed=1)
    assert found.value == pytest.approx(13.287712)
    assert found.high is not None
    assert found.low < found.value < found.high
    low, high = (2 * repeats(np.array([end]))[0] for end in reversed(wilson(20, 40)))
    assert (found.low, found.high) == (pytest.approx(low, rel=0.1), pytest.approx(high, rel=0.1))
    sure = tts99([2.0, 4.0], [True, True], seed=1)
    assert (sure.value, sure.low, sure.high) == (3, 2, 4)


def test_a_target_that_was_never_reached_takes_this_long_at_least():
    found = tts99([1.0] * 10, [False] * 10, seed=1)
    assert (found.value, found.high) == (None, None)
    assert found.low == pytest.approx(math.log(0.01) / math.log(1 - wilson(0, 10)[1]))
    with pytest.raises(BadInput, match="at least two"):
        tts99([1.0], [True], seed=1)
    with pytest.raises(BadInput, match="no time at all"):
        tts99([0.0, 1.0], [True, True], seed=1)
    with pytest.raises(BadInput, match="Number 1 of the seconds"):
        tts99([math.inf, 1.0], [True, True], seed=1)
