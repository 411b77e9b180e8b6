"""Placements of the past under another share of success: the rule is `place`'s own, asked again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.placement import Option, place
from hybridops.domain.waits import Waits
from hybridops.domain.whatif import Weighed, replay

DELTAS = st.sampled_from([0.0, 0.01, 0.03, 0.1, 0.5])
options = st.builds(
    Option,
    provider=st.sampled_from(["a", "b"]),
    backend=st.sampled_from(["one", "two", "three", "four"]),
    cost_usd=st.decimals(0, 100, places=2),
    fidelity=st.none() | st.floats(0.1, 1.0),
    waits=st.just(Waits()) | st.builds(lambda seconds: Waits((seconds,)), st.floats(0, 1e4)),
    blocked=st.sampled_from(["", "", "", "shut"]),
)
several = st.lists(options, min_size=1, max_size=6, unique_by=lambda o: (o.provider, o.backend)).filter(
    lambda found: any(not option.blocked for option in found)
)


def weighed(found: Sequence[Option], delta: float, asked: str = "") -> Weighed:
    made = place(found, delta=delta, asked=asked)
    return Weighed(1, (made.provider, made.chosen), bool(asked), made.candidates)


@given(several, DELTAS, DELTAS)
def test_the_replay_is_what_the_rule_would_have_said(found: list[Option], now: float, other: float) -> None:
    before, after = weighed(found, now), place(found, delta=other)
    again = replay([before], delta=other)
    assert again.elsewhere == (before.chosen != (after.provider, after.chosen))
    taken = next(o for o in found if (o.provider, o.backend) == (after.provider, after.chosen))
    assert (again.fidelity, again.wait_seconds) == (taken.fidelity, taken.wait(0.5))
    assert again.cost_usd == taken.cost_usd


@given(several, DELTAS)
def test_by_the_same_rule_nobody_moves(found: list[Option], delta: float) -> None:
    assert replay([weighed(found, delta)], delta=delta).elsewhere == 0


def test_who_asked_for_a_backend_stays_there_and_the_sums_are_of_all() -> None:
    near = Option("a", "near", Decimal(5), 0.98, Waits((1.0,)))
    best = Option("a", "best", Decimal(2), 1.0, Waits((100.0,)))
    pair = [weighed([near, best], 0.03), weighed([near, best], 0.03, asked="near")]
    assert [one.chosen[1] for one in pair] == ["near", "near"]
    found = replay(pair, delta=0.0)
    assert (found.elsewhere, found.cost_usd, found.wait_seconds) == (1, Decimal(7), 50.5)
    assert replay([], delta=0.0).fidelity is None
