"""The paired interval and the exact test against published values and against counting."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.evidence.agreement import mcnemar, paired

marks = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_a_paired_difference_as_published():
    """Newcombe, Stat. Med. 17 (1998) 2635, method 10: 36 both, 12 and 2 one of them, 0 neither."""
    found = told(36, 12, 2, 0)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    assert found.chance == pytest.approx(mcnemar(12, 2))
    assert found.shown


def told(both: int, ahead: int, behind: int, neither: int):
    first = [True] * (both + ahead) + [False] * (behind + neither)
    second = [True] * both + [False] * ahead + [True] * behind + [False] * neither
    return paired(first, second)


def test_mcnemar_counts_the_tails():
    assert mcnemar(1, 8) == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(0, 0) == mcnemar(4, 4) == 1
    assert mcnemar(0, 6) == pytest.approx(2 / 64)


@given(marks)
def test_a_difference_turns_round_with_its_arms(pairs: list[tuple[bool, bool]]):
    first, second = ([pair[at] for pair in pairs] for at in (0, 1))
    one, other = paired(first, second), paired(second, first)
    assert one.low <= one.difference <= one.high
    assert math.isclose(one.difference, -other.difference, abs_tol=1e-12)
    assert math.isclose(one.low, -other.high, abs_tol=1e-12)
    assert one.chance == other.chance
    assert -1 <= one.low <= one.high <= 1
    assert not (one.shown and one.low <= 0 <= one.high)


def test_equal_answers_show_nothing():
    found = paired([True] * 24, [True] * 24)
    assert (found.difference, found.shown) == (0, False)
    assert found.low < 0 < found.high
    assert paired([], []).shown is False
