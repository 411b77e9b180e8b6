from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.workflows.distributions import closeness
from hybridops.workflows.register_shots import Shots, drawn_shots


def shots(counts: dict[int, int], unreadable: int = 0) -> Shots:
    return Shots(
        np.array(list(counts), dtype=np.int64), np.array(list(counts.values()), dtype=np.int64), unreadable
    )


def test_by_hand():
    """p = (3/4, 1/4), q = (1/2, 1/2): F = (sqrt(3/8) + sqrt(1/8))^2, half of the L1 distance is 1/4."""
    found = closeness(shots({0: 30, 1: 10}), np.array([0.5, 0.5, 0, 0]), (1,))
    assert found.infidelity == pytest.approx(1 - (np.sqrt(3 / 8) + np.sqrt(1 / 8)) ** 2)
    assert found.distance == pytest.approx(0.25)


def test_the_ends():
    ideal = np.array([0.5, 0.5, 0, 0])
    same = closeness(shots({0: 10, 1: 10}), ideal, (1,))
    assert (same.infidelity, same.distance) == (0, 0)
    other = closeness(shots({2: 10, 3: 10}), ideal, (1,))
    assert (other.infidelity, other.distance) == (1, 1)
    assert other.infidelity_interval == (1, 1)
    assert closeness(shots({}), ideal, (1,)) is None


def test_what_cannot_be_read_is_wrong():
    found = closeness(shots({0: 60}, unreadable=40), np.array([1.0, 0]), (1,))
    assert found.infidelity == pytest.approx(0.4)
    assert found.distance == pytest.approx(0.4)
    assert closeness(shots({}, unreadable=4), np.array([1.0, 0]), (1,)).infidelity == 1


@given(
    st.lists(st.integers(0, 50), min_size=4, max_size=4), st.lists(st.floats(0, 1), min_size=4, max_size=4)
)
@settings(max_examples=50, deadline=None)
def test_intervals_hold_the_value_and_the_measures_bound_each_other(counts: list[int], weights: list[float]):
    """1 - sqrt(F) <= distance <= sqrt(1 - F), as Fuchs and van de Graaf 1999 have it."""
    if not sum(counts) or sum(weights) < 1e-6:
        return
    ideal = np.array(weights) / sum(weights)
    found = closeness(shots(dict(enumerate(counts))), ideal, (3,))
    for value, (low, high) in (
        (found.infidelity, found.infidelity_interval),
        (found.distance, found.distance_interval),
    ):
        assert 0 <= low <= value + 1e-8
        assert value - 1e-8 <= high <= 1
    assert 1 - np.sqrt(1 - found.infidelity) <= found.distance + 1e-6
    assert found.distance <= np.sqrt(found.infidelity) + 1e-4


def test_the_interval_covers_what_more_shots_would_tell():
    """A fair coin measured on a biased one: of 200 runs of 1,000 shots about 95 % hold the true values."""
    true, ideal = np.array([0.7, 0.3]), np.array([0.5, 0.5])
    fidelity = np.sqrt(true * ideal).sum() ** 2
    held = [0, 0]
    for seed in range(200):
        found = closeness(drawn_shots(true, 1_000, (seed,)), ideal, (seed, 1))
        held[0] += found.infidelity_interval[0] <= 1 - fidelity <= found.infidelity_interval[1]
        held[1] += found.distance_interval[0] <= 0.2 <= found.distance_interval[1]
    assert min(held) >= 180
    assert max(held) <= 199


def test_the_same_seed_gives_the_same_interval():
    one, same, other = (closeness(shots({0: 30, 1: 10}), np.array([0.5, 0.5]), (seed,)) for seed in (1, 1, 2))
    assert one == same != other
