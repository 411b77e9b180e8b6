"""The interval that may be looked at daily: against exact odds, and what it does when its values are moved."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.evidence.sequential import interval

shares = st.lists(st.integers(0, 100).map(lambda value: value / 100), max_size=25)
steady = settings(max_examples=40, deadline=None)
CLOSE = 1e-7


@steady
@given(shares)
def test_it_never_widens_as_values_come(values: list[float]):
    looks = [interval(values[:count], low=0, high=1) for count in range(len(values) + 1)]
    assert looks[0] == (0, 1)
    for before, after in pairwise(looks):
        assert before[0] <= after[0] <= 1
        assert 0 <= after[1] <= before[1]


@steady
@given(shares, st.floats(-5, 5), st.floats(0.1, 10))
def test_it_moves_and_stretches_with_its_values(values: list[float], by: float, times: float):
    low, high = interval(values, low=0, high=1)
    moved = interval(
        np.clip([by + times * value for value in values], by, by + times), low=by, high=by + times
    )
    assert moved == pytest.approx((by + times * low, by + times * high), abs=times * CLOSE)


@steady
@given(shares)
def test_it_turns_round_with_its_values(values: list[float]):
    low, high = interval(values, low=0, high=1)
    assert interval([-value for value in values], low=-1, high=0) == pytest.approx((-high, -low), abs=CLOSE)


@steady
@given(st.lists(st.integers(0, 100).map(lambda value: value / 100), min_size=1, max_size=12), st.randoms())
def test_order_matters_only_by_earlier_looks(values: list[float], random: Random):
    """What is won up to a look is the same in any order: the best a lower end can get is the largest values first."""
    mixed = list(values)
    random.shuffle(mixed)
    falling, rising = sorted(values, reverse=True), sorted(values)
    assert interval(mixed, low=0, high=1)[0] <= interval(falling, low=0, high=1)[0] + CLOSE
    assert interval(mixed, low=0, high=1)[1] >= interval(rising, low=0, high=1)[1] - CLOSE


def test_equal_values_in_any_number():
    """By hand, with all at the top: the gambler has the mean of (1 - stake + stake / m)^n."""
    stakes = np.sin((2 * np.arange(32) + 1) * math.pi / 128) ** 2
    low, high = interval([1.0] * 10, low=0, high=1)
    assert high == 1
    assert ((1 - stakes + stakes / low) ** 10).mean() == pytest.approx(40, rel=1e-5)


def test_it_closes_in_on_a_mean_faster_where_values_vary_less():
    rng = np.random.default_rng(11)
    wide, narrow = (
        np.diff(interval(np.clip(0.5 + sd * rng.standard_normal(200), 0, 1), low=0, high=1))[0]
        for sd in (0.2, 0.02)
    )
    assert narrow < wide / 2
    assert wide < 3 * 2 * 1.96 * 0.2 / math.sqrt(200)


def test_a_drift_turns_it_inside_out():
    low, high = interval([1.0] * 40 + [0.0] * 160, low=0, high=1)
    assert low > high


@pytest.mark.slow
def test_looking_every_day_misses_the_mean_seldom():
    """Fair coins, lopsided coins and small steps, 300 sequences of 100 each: the miss is at most 5 % each, with room
    for chance (mean 15, three standard deviations 11)."""
    rng = np.random.default_rng(20261129)
    for mean, draw in (
        (0.5, lambda: rng.integers(0, 2, 100)),
        (0.1, lambda: rng.random(100) < 0.1),
        (0.5, lambda: 0.5 + 0.1 * (rng.random(100) - 0.5)),
    ):
        found = [interval(np.asarray(draw(), dtype=float), low=0, high=1) for _ in range(300)]
        assert sum(not low <= mean <= high for low, high in found) <= 26


def test_what_lies_outside_is_refused():
    for values, sentence in (
        ([1.1], "clip"),
        ([-0.1], "clip"),
        ([math.nan], "Number 1"),
        ([[0.1]], "one row"),
    ):
        with pytest.raises(BadInput, match=sentence):
            interval(values, low=0, high=1)
    for low, high, level in ((1, 1, 0.95), (1, 0, 0.95), (0, math.inf, 0.95), (0, 1, 1.0), (0, 1, 0.0)):
        with pytest.raises(BadInput, match="range"):
            interval([], low=low, high=high, level=level)
