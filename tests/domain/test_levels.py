"""Budgets and burns agree with plain arithmetic; an alarm needs a long window, a short one, and enough of it."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.levels import ALARMS, LEVELS, PERIOD, PERIOD_SECONDS, WINDOWS, Counted, Level, Standing

LEVEL = Level("x", "X", "of all", 0.99)


def standing(level: Level = LEVEL, **counts: tuple[int, int]) -> Standing:
    """Windows by their names without a blank; what is not named had nothing."""
    return Standing(
        level, {name: Counted(*counts.get(f"w{name.replace(' ', '')}", (0, 0))) for name in WINDOWS}
    )


@given(bad=st.integers(0, 500), good=st.integers(0, 50_000))
def test_what_burns_at_one_for_the_whole_period_leaves_nothing(bad: int, good: int) -> None:
    one = standing(w28d=(bad, bad + good))
    burn = one.burn(PERIOD)
    if bad + good == 0:
        assert burn is None and one.share is None and one.left == 1
        return
    assert burn is not None and one.share is not None
    assert abs(one.left - (1 - burn)) < 1e-6 * max(1, burn)
    assert (one.left > 1e-9) == (bad < 0.01 * (bad + good) - 1e-9) or abs(one.left) < 1e-9


def test_both_windows_have_to_burn() -> None:
    assert standing(w1h=(20, 100), w5min=(5, 10)).alarm == ("page", "1 h")
    assert standing(w1h=(20, 100), w5min=(0, 10)).alarm is None, "it is over"
    assert standing(w1h=(0, 100), w5min=(5, 10)).alarm is None
    assert standing(w6h=(20, 300), w30min=(20, 300)).alarm == ("page", "6 h")
    assert standing(w3d=(20, 1000), w6h=(4, 300)).alarm == ("ticket", "3 d")


def test_few_events_are_no_alarm_unless_one_is_too_many() -> None:
    assert standing(w1h=(2, 2), w5min=(2, 2)).alarm is None
    once = Level("once", "Once", "", 1.0)
    assert standing(once, w1h=(1, 900), w5min=(1, 80), w28d=(1, 9000)).alarm == ("page", "1 h")
    assert standing(once, w28d=(1, 9000)).left < 0
    assert standing(once, w1h=(0, 9), w28d=(0, 9)).burn("1 h") == 0


def test_the_rate_says_when_the_rest_is_gone() -> None:
    one = standing(w1h=(10, 100), w28d=(50, 10_000))
    burn, gone = one.burn("1 h"), one.gone_in_seconds
    assert burn and gone and isclose(gone, 0.5 * PERIOD_SECONDS / burn)
    assert standing(w1h=(0, 100), w28d=(50, 10_000)).gone_in_seconds is None


def test_levels_and_alarms_are_sound() -> None:
    assert len({one.key for one in LEVELS}) == len(LEVELS)
    assert all(0 < one.target <= 1 for one in LEVELS)
    assert all(WINDOWS[short] < WINDOWS[long] for long, short, *_ in ALARMS)
