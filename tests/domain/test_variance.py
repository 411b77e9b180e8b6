"""The four parts of a difference add up to it, whatever the two periods were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.variance import Period, split

PLACES = st.dictionaries(
    st.sampled_from(("aster", "garnet", "ibm", "no QPU")),
    st.tuples(st.integers(0, 500), st.integers(0, 10**10)).map(lambda one: one if one[0] else (0, 0)),
)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    by = draw(PLACES)
    return Period(draw(st.integers(0, sum(runs for runs, _ in by.values()))), by)


@given(periods(), periods())
def test_the_parts_are_the_whole_difference(before: Period, now: Period) -> None:
    assert split(before, now).total == now.micro - before.micro


@given(periods())
def test_the_same_period_twice_differs_in_nothing(one: Period) -> None:
    found = split(one, one)
    assert (found.volume, found.yields, found.mix, found.price) == (0, 0, 0, 0)


def test_each_cause_alone_is_its_own_part() -> None:
    before = Period(5, {"dear": (5, 5_000), "cheap": (5, 500)})
    more = split(before, Period(10, {"dear": (10, 10_000), "cheap": (10, 1_000)}))
    assert (more.volume, more.yields, more.mix, more.price) == (5_500, 0, 0, 0)
    worse = split(before, Period(5, {"dear": (10, 10_000), "cheap": (10, 1_000)}))
    assert (worse.volume, worse.yields, worse.mix, worse.price) == (0, 5_500, 0, 0)
    moved = split(before, Period(5, {"dear": (0, 0), "cheap": (10, 1_000)}))
    assert (moved.volume, moved.yields, moved.mix, moved.price) == (0, 0, -4_500, 0)
    dearer = split(before, Period(5, {"dear": (5, 6_000), "cheap": (5, 500)}))
    assert (dearer.volume, dearer.yields, dearer.mix, dearer.price) == (0, 0, 0, 1_000)


def test_without_an_accepted_solution_all_that_was_run_more_is_volume() -> None:
    found = split(Period(0, {"a": (2, 200)}), Period(3, {"a": (6, 600)}))
    assert (found.volume, found.yields) == (400, 0)
