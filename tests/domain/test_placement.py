"""Placement: the rule is obeyed, every number is on record, and nothing that does not matter changes the choice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.placement import (
    IN_TIME,
    Option,
    Placement,
    fidelity_error,
    place,
    place_compute,
)
from hybridops.domain.waits import Waits

IDEAL = Option("a", "ideal", Decimal(0), 1.0, Waits((0.0,)))
NEAR = Option("a", "near", Decimal(5), 0.98, Waits((1.0,)))
FAR = Option("a", "far", Decimal(1), 0.5, Waits((0.0,)))


def test_placement_gives_up_three_percent_of_fidelity_for_the_queue() -> None:
    chosen = place([replace(IDEAL, waits=Waits((100.0,))), NEAR, FAR])
    assert chosen.chosen == "near"
    assert "within 3 % of the best expected success (1.00 on ideal)" in chosen.why
    assert {name for name, _ in chosen.rejected} == {"ideal", "far"}


def test_less_is_given_up_where_the_policy_says_so() -> None:
    assert place([replace(IDEAL, waits=Waits((100.0,))), NEAR, FAR], delta=0.01).chosen == "ideal"


def test_a_person_s_choice_wins_unless_a_guard_blocks_it() -> None:
    assert place([IDEAL, FAR], asked="far").chosen == "far"
    assert place([IDEAL, replace(FAR, blocked="shut")], asked="far").chosen == "ideal"
    with pytest.raises(Refused, match="shut"):
        place([replace(FAR, blocked="shut")])


def test_price_decides_between_equal_waits_and_the_name_between_equal_prices() -> None:
    cheap = replace(NEAR, backend="cheap", cost_usd=Decimal(4))
    found = place([NEAR, cheap])
    assert (found.chosen, "cheapest of 2" in found.why) == ("cheap", True)
    assert place([NEAR, replace(NEAR, backend="also")]).chosen == "also"


def test_who_would_be_late_goes_and_the_record_says_so() -> None:
    slow = replace(IDEAL, waits=Waits((10.0, 20.0, 4000.0)))
    found = place([slow, FAR], seconds_left=3600.0)
    assert found.chosen == "far"
    (removed,) = [one for one in found.candidates if one.backend == "ideal"]
    assert (removed.in_time, removed.wait_p50, removed.wait_p90, removed.waits_seen) == (
        2 / 3,
        20.0,
        4000.0,
        3,
    )
    assert "67%" in removed.guard
    late = place([slow], seconds_left=5.0)
    assert "though only 0%" in late.why
    assert not late.candidates[0].guard


def test_what_the_budget_cannot_pay_goes_as_long_as_another_fits() -> None:
    poor = replace(NEAR, budget_usd=Decimal("4.99"))
    assert place([poor, replace(FAR, fidelity=0.5)]).chosen == "far"
    assert "$4.99 are left" in place([poor]).why
    assert place([poor, FAR], asked="near").chosen == "near"


def test_jobs_sent_since_the_queue_was_seen_count_as_ahead() -> None:
    busy = replace(NEAR, waits=Waits((0.0,)), ahead_seconds=50.0)
    assert place([busy, replace(NEAR, backend="free")]).chosen == "free"
    assert busy.wait(0.5) == 50.0
    assert busy.in_time(49.0) == 0.0


def test_an_unknown_queue_or_success_is_the_worst() -> None:
    silent = replace(NEAR, backend="silent", waits=Waits())
    assert place([silent, NEAR]).chosen == "near"
    assert place([replace(NEAR, backend="unsaid", fidelity=None, waits=Waits((0.0,))), NEAR]).chosen == "near"
    assert "no backend reports" in place([replace(silent, fidelity=None)]).why


numbers = st.builds(
    Option,
    provider=st.just("v"),
    backend=st.just(""),
    cost_usd=st.integers(0, 4).map(Decimal),
    fidelity=st.none() | st.sampled_from([0.5, 0.9, 0.95, 0.96, 0.97, 0.98, 1.0]),
    waits=st.lists(st.integers(0, 5).map(float), max_size=4).map(lambda seen: Waits(tuple(seen))),
    run_seconds=st.sampled_from([0.0, 1.0]),
    ahead_seconds=st.sampled_from([0.0, 2.0]),
    budget_usd=st.none() | st.integers(0, 4).map(Decimal),
    blocked=st.sampled_from(["", "", "", "shut"]),
)
OPTIONS = st.lists(numbers, min_size=1, max_size=6).map(
    lambda found: [replace(one, backend=f"b{place}") for place, one in enumerate(found)]
)
LEFT = st.none() | st.floats(0, 8)


def decided(options: Sequence[Option], left: float | None) -> Placement | None:
    try:
        return place(options, seconds_left=left)
    except Refused:
        return None


def allowed(options: Sequence[Option], left: float | None) -> list[Option]:
    """The guards as the rule says them, written down a second time."""
    free = [one for one in options if not one.blocked]
    chance = {one.backend: 1.0 if left is None else one.in_time(left) for one in free}
    in_time = [one for one in free if (found := chance[one.backend]) is None or found >= IN_TIME] or free
    return [one for one in in_time if one.budget_usd is None or one.cost_usd <= one.budget_usd] or in_time


@given(OPTIONS, LEFT)
def test_the_choice_obeys_the_rule(options: list[Option], left: float | None) -> None:
    found = decided(options, left)
    assert (found is None) == all(one.blocked for one in options)
    if found is None:
        return
    kept = allowed(options, left)
    chosen = next(one for one in kept if one.backend == found.chosen)
    best = max(one.fidelity or 0.0 for one in kept)
    near = [one for one in kept if (one.fidelity or 0.0) >= best * 0.97]
    assert chosen in near
    for other in near:
        wait, its = (one.wait(0.5) if one.waits.seen else float("inf") for one in (other, chosen))
        assert its is not None
        assert wait is not None
        assert its < wait or (its == wait and chosen.cost_usd <= other.cost_usd)
    guarded = {one.backend for one in found.candidates if one.guard}
    assert guarded == {one.backend for one in options} - {one.backend for one in kept}
    assert [one.backend for one in found.candidates] == [one.backend for one in options]
    assert json.loads(json.dumps(found.document()))["chosen"] == found.chosen


@given(OPTIONS, LEFT, st.randoms())
def test_the_order_of_the_candidates_does_not_matter(
    options: list[Option], left: float | None, order: object
) -> None:
    found = decided(options, left)
    order.shuffle(options)  # type: ignore[attr-defined]
    again = decided(options, left)
    assert (found and (found.chosen, found.why)) == (again and (again.chosen, again.why))


@given(OPTIONS, LEFT)
def test_who_was_not_chosen_does_not_matter_unless_it_was_the_best(
    options: list[Option], left: float | None
) -> None:
    """The best expected success is what the others are measured by, so only its leaving can open the field."""
    found = decided(options, left)
    if found is None:
        return
    kept = allowed(options, left)
    best = max(one.fidelity or 0.0 for one in kept)
    leaders = [one.backend for one in kept if (one.fidelity or 0.0) == best]
    for one in options:
        if one.backend == found.chosen or leaders == [one.backend]:
            continue
        fewer = decided([other for other in options if other is not one], left)
        assert fewer is not None
        assert fewer.chosen == found.chosen


def test_without_the_best_the_field_may_open() -> None:
    best, middle, fast = (
        Option("v", name, Decimal(1), fidelity, Waits((wait,)))
        for name, fidelity, wait in (("best", 1.0, 100.0), ("middle", 0.98, 10.0), ("fast", 0.96, 1.0))
    )
    assert place([best, middle, fast]).chosen == "middle"
    assert place([middle, fast]).chosen == "fast"


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0.01, 1))
def test_quantiles_are_waits_that_were_seen(seen: list[float], share: float) -> None:
    waits = Waits(tuple(seen))
    found = waits.quantile(share)
    assert found in seen
    within = waits.within(found)
    assert within is not None
    assert within >= share - 1e-12
    assert waits.quantile(1) == max(seen)


def test_a_share_that_is_none_is_refused() -> None:
    for share in (0.0, 1.1):
        with pytest.raises(BadInput, match="share"):
            Waits((1.0,)).quantile(share)


@given(st.floats(0, 1))
def test_the_error_of_an_expected_success_is_small_and_positive(fidelity: float) -> None:
    assert 0 <= fidelity_error(fidelity) <= 0.13


def test_a_required_gpu_that_is_absent_is_said() -> None:
    assert "NumPy" in place_compute("gpu", "CPU", gpu_required=False).chosen
    with pytest.raises(Refused, match="GPU"):
        place_compute("gpu", "CPU", gpu_required=True)
