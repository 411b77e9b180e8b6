"""Curves of one angle: their lowest point, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.solvers.sinusoids import lowest_turn, offsets

size = st.floats(-2, 2)


def curve(half: bool, weights: tuple[float, ...], at: np.ndarray) -> np.ndarray:
    a, b, c, d, e = weights
    whole = a + b * np.cos(at) + c * np.sin(at)
    return whole + (d * np.cos(at / 2) + e * np.sin(at / 2) if half else 0)


@given(st.booleans(), st.tuples(size, size, size, size, size))
def test_no_point_of_the_curve_is_lower(half: bool, weights: tuple[float, ...]):
    at = np.array([0.0, *offsets(half)])
    found = lowest_turn(half, curve(half, weights, at), np.zeros(len(at)))
    everywhere = curve(half, weights, np.linspace(-2 * np.pi, 2 * np.pi, 2001))
    there = float(curve(half, weights, np.array([found.angle]))[0])
    assert there <= everywhere.min() + 1e-6
    assert found.gain == pytest.approx(float(curve(half, weights, np.zeros(1))[0]) - there, abs=1e-9)
    assert (found.error, found.gain_error) == (0, 0)


def test_a_flat_curve_moves_nothing():
    for half in (False, True):
        count = 1 + len(offsets(half))
        found = lowest_turn(half, np.full(count, -1.1), np.full(count, 0.01))
        assert (found.angle, found.gain) == (0, 0)


def test_of_equally_low_points_the_nearest_counts():
    at = np.array([0.0, *offsets(True)])
    assert lowest_turn(True, -np.cos(at), np.zeros(len(at))).angle == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("half", [False, True])
def test_errors_are_those_that_repeated_readings_show(half: bool):
    rng = np.random.default_rng(3)
    at = np.array([0.0, *offsets(half)])
    ideal, errors = curve(half, (-1, -0.8, 0.1, 0.1, 0.02), at), np.full(len(at), 0.004)
    turns = [lowest_turn(half, ideal + errors * rng.normal(size=len(at)), errors) for _ in range(400)]
    assert np.std([turn.angle for turn in turns]) == pytest.approx(
        np.mean([t.error for t in turns]), rel=0.15
    )
