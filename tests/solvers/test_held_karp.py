from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.solvers.held_karp import subset_paths


def table(rng: np.random.Generator, m: int):
    numbers = rng.integers(1, 100, (m, m))
    between = np.maximum(numbers, numbers.T)
    return between, rng.integers(1, 100, (2, m)), rng.integers(1, 100, (2, m)), rng.integers(1, 100, 2)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_every_subset_has_its_shortest_path(seed: int, m: int):
    """Against all permutations of every subset, both paths; the order given has the length claimed."""
    between, entry, leave, direct = table(np.random.default_rng(seed), m)
    found = subset_paths(between, entry, leave, direct)
    for path in (0, 1):
        assert found.cost[path, 0] == direct[path]
        for subset in range(1, 1 << m):
            stops = [stop for stop in range(m) if subset >> (m - 1 - stop) & 1]

            def length(order: Sequence[int], path: int = path) -> int:
                inner = sum(between[a, b] for a, b in pairwise(order))
                return int(entry[path, order[0]] + inner + leave[path, order[-1]])

            assert found.cost[path, subset] == min(map(length, permutations(stops)))
            order = found.order(path, subset)
            assert sorted(order) == stops
            assert length(order) == found.cost[path, subset]


def test_fourteen_stops_take_less_than_a_second():
    """The largest table that scoring uses stays out of a person's way."""
    tables = table(np.random.default_rng(0), 14)
    begun = time.process_time()
    subset_paths(*tables)
    assert time.process_time() - begun < 1.0


def test_fifteen_stops_are_refused():
    """Memory doubles with every stop: the limit is said, not met by accident."""
    with pytest.raises(ValueError, match="15 stops are too many"):
        subset_paths(*table(np.random.default_rng(0), 15))
