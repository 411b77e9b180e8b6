"""Quantiles by rank, means, and the spread of repeats: against known truths, and what no number may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.evidence.spread import clustered, mean, quantile, within

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(numbers, st.sampled_from([0.5, 0.9]))
def test_a_quantile_is_one_of_the_values_and_inside_its_interval(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found.value in values
    assert found.low <= found.value
    assert found.high is None or found.high >= found.value
    assert sum(value <= found.value for value in values) >= share * len(values) - 1e-9


def test_the_interval_of_a_median_covers_it() -> None:
    """By the rank argument in 95 % of the samples, whatever the distribution."""
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(400):
        found = quantile(list(rng.lognormal(0.0, 2.0, 80)), 0.5)
        hits += found.low <= 1.0 <= (found.high or np.inf)
    assert hits >= 0.93 * 400


def test_few_values_leave_the_upper_end_open() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.9).high is None
    assert quantile([], 0.5).value is None
    with pytest.raises(BadInput):
        quantile([1.0], 1.0)


def test_a_mean_and_its_interval() -> None:
    found = mean(list(np.random.default_rng(1).normal(5.0, 1.0, 200)), seed=3)
    assert found.value is not None and found.high is not None
    assert found.low < 5.0 < found.high and found.high - found.low < 0.5
    assert mean([], seed=3).value is None
    assert mean([2.0], seed=3).value == 2.0


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(-1e3, 1e3))
def test_what_differs_between_groups_is_no_spread(values: list[float], shift: float) -> None:
    """Moving a whole group changes nothing: only repeats of the same thing are compared."""
    one, other = (
        within({1: values}, seed=1)[0].value,
        within({1: [v + shift for v in values]}, seed=1)[0].value,
    )
    assert one == pytest.approx(other, abs=1e-6)


def test_the_spread_of_repeats_is_found_and_single_runs_say_nothing() -> None:
    rng = np.random.default_rng(5)
    groups = {n: list(rng.normal(10.0 * n, 0.3, 4)) for n in range(60)}
    found, count, repeats = within({**groups, 99: [1.0]}, seed=2)
    assert (count, repeats) == (60, 240)
    assert found.high is not None and found.low < 0.3 < found.high
    assert found.value == pytest.approx(0.3, rel=0.1)
    assert within({1: [1.0], 2: [5.0]}, seed=2)[0].value is None


def test_clusters_keep_every_sum_and_every_row_together() -> None:
    dollars, runs = np.arange(2_500.0), np.ones(2_500)
    made = clustered(dollars, runs)
    assert [len(row) for row in made] == [300, 300]
    assert (made[0].sum(), made[1].sum()) == (dollars.sum(), 2_500)
    assert clustered(dollars[:10])[0] is not None and len(clustered(dollars[:10])[0]) == 10
