"""What the load bench says about memory: a process that grows is seen, one that does not is not accused."""

from __future__ import annotations

import random

import pytest

from tests.bench.load_memory import slope


def seen(mb_an_hour: float, hours: float, noise: float) -> list[tuple[float, float]]:
    """A sample each five seconds, after a start in which caches fill."""
    rng = random.Random(7)
    times = [n * 5 / 3600 for n in range(int(hours * 720))]
    return [(at, 100 + mb_an_hour * at - 30 * (at < hours / 5) + noise * rng.gauss(0, 1)) for at in times]


@pytest.mark.parametrize("growth", [0.0, 12.0, -3.0])
def test_the_slope_is_found_within_its_interval(growth: float) -> None:
    found, half = slope(seen(growth, hours=1.0, noise=0.5))
    assert abs(found - growth) <= half * 1.5
    assert half < 2


def test_a_leak_stands_out_of_its_interval() -> None:
    found, half = slope(seen(12.0, hours=0.5, noise=0.5))
    assert found - half > 0


def test_too_few_samples_have_no_slope() -> None:
    assert slope([(0.0, 1.0)] * 5)[0] != slope([(0.0, 1.0)] * 5)[0]  # not a number
