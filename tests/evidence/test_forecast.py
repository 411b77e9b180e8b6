"""What is left of a budget: odds that fit simulated spending, and ratios with intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from hybridops.evidence.forecast import forecast
from hybridops.evidence.ratios import at_least, over


def test_the_same_every_day_has_one_future() -> None:
    found = forecast([2.0] * 10, 5, room=9.0, seed=1)
    assert found is not None
    assert (found.low, found.likely, found.high, found.over) == (10.0, 10.0, 10.0, 1.0)
    assert found.runs_out == 5
    enough = forecast([2.0] * 10, 5, room=10.0, seed=1)
    assert enough is not None
    assert (enough.over, enough.runs_out) == (0.0, None)


def test_six_days_say_nothing() -> None:
    assert forecast([1.0] * 6, 10, room=5.0, seed=1) is None


def test_no_day_left_spends_nothing_more() -> None:
    found = forecast([1.0] * 9, 0, room=0.0, seed=1)
    assert found is not None
    assert (found.high, found.over, found.runs_out) == (0.0, 0.0, None)


def test_eight_of_ten_futures_end_within_the_range() -> None:
    rng, inside = np.random.default_rng(7), 0
    for seed in range(200):
        found = forecast(list(rng.exponential(3.0, 28)), 30, room=1e9, seed=seed)
        assert found is not None
        inside += found.low <= rng.exponential(3.0, 30).sum() <= found.high
    assert (
        100 <= inside <= 190
    )  # 28 days know their own mean only roughly, and the page says how many were seen


def test_a_ratio_is_sum_over_sum_and_never_infinite() -> None:
    found = over([1.0, 9.0], [1.0, 1.0], seed=1)
    assert found.value == 5.0
    assert found.low <= 5.0
    none = over([1.0, 9.0], [0.0, 0.0], seed=1)
    assert (none.value, none.high) == (None, None)
    assert np.isfinite(none.low)
    assert over([4.0], [2.0], seed=1).value == 2.0


def test_the_interval_of_a_ratio_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(3), 0
    for seed in range(200):
        found = over(list(rng.exponential(2.0, 64)), list(rng.binomial(4, 0.5, 64).astype(float)), seed=seed)
        held += found.low <= 1.0 <= (found.high or np.inf)
    assert held >= 180


def test_nothing_accepted_has_a_price_from_below() -> None:
    assert at_least(10.0, 10) == pytest.approx(1 / 0.2775, rel=0.01)
    assert at_least(0.0, 0) == 0.0
