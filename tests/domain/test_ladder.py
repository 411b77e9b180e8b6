"""Ways out of waiting: in order, in time, never more often than allowed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.dispatch import Key
from hybridops.domain.ladder import ASK, FEWER, OTHER, SIMULATION, Standing, climb
from hybridops.domain.shares import CLASS_RULES, Rules
from hybridops.domain.waits import Waits

A, B, C = KEYS = (("p", "a"), ("p", "b"), ("q", "c"))
RULES = Rules()
RESEARCH, CUSTOMER = CLASS_RULES["research"], CLASS_RULES["customer-facing"]
waits = st.dictionaries(
    st.sampled_from(KEYS), st.lists(st.integers(0, 9000).map(float), max_size=5).map(tuple).map(Waits)
)


def test_each_rung_takes_another_delay() -> None:
    at = Standing(3599.0, 1e6, 1000, (), (A,), KEYS, {B: Waits((50.0,)), C: Waits((20.0,))})
    assert climb(at, RESEARCH, RULES) is None
    first = climb(replace(at, waited=3600.0), RESEARCH, RULES)
    assert first is not None and (first.name, first.shots, first.late) == (FEWER, 500, False)
    at = replace(at, taken=(FEWER,), shots=500)
    assert climb(replace(at, waited=7199.0), RESEARCH, RULES) is None
    second = climb(replace(at, waited=7200.0), RESEARCH, RULES)
    assert second is not None and (second.name, second.to) == (OTHER, C)
    third = climb(replace(at, waited=1e5, taken=(FEWER, OTHER), open_to=(A, C)), RESEARCH, RULES)
    assert third is not None and third.to == B
    assert climb(replace(at, waited=1e5, taken=(FEWER, OTHER, OTHER), open_to=KEYS), RESEARCH, RULES) is None


def test_who_serves_customers_never_gets_fewer_shots() -> None:
    at = Standing(120.0, 1e6, 1000, (), (A,), KEYS)
    found = climb(at, CUSTOMER, RULES)
    assert found is not None and (found.name, found.to) == (OTHER, B)


def test_slack_that_is_gone_reroutes_and_then_falls_back() -> None:
    seen = {A: Waits((500.0,) * 9 + (900.0,)), B: Waits((900.0,)), C: Waits((100.0,))}
    at = Standing(1.0, 400.0, 10, (), (A,), KEYS, seen)
    found = climb(at, CUSTOMER, RULES)
    assert found is not None and (found.name, found.to, found.late) == (OTHER, C, True)
    none = climb(replace(at, left=50.0), CUSTOMER, RULES)
    assert none is not None and none.name == SIMULATION
    assert climb(at, CUSTOMER, Rules(reroutes_max=0)) == none
    assert climb(replace(at, taken=(SIMULATION,)), CUSTOMER, RULES) is None
    assert (
        climb(replace(at, left=500.0), CUSTOMER, RULES) is None
    )  # 9 in 10 of the waits on a are 500 s or less


def test_it_asks_again_for_what_is_not_approved_while_there_is_time_for_people() -> None:
    seen = {A: Waits((9000.0,)), B: Waits((50.0,)), C: Waits((20.0,))}
    at = Standing(1.0, 8000.0, 10, (), (A,), (A,), seen, beyond=(B, C))
    found = climb(at, RESEARCH, RULES)
    assert found is not None and (found.name, found.to) == (ASK, C)
    for none in (
        replace(at, beyond=()),
        replace(at, left=3599.0),
        replace(at, waits={A: seen[A], B: seen[A], C: seen[A]}),
    ):
        fallen = climb(none, RESEARCH, RULES)
        assert fallen is not None and fallen.name == SIMULATION
    assert climb(replace(at, taken=(ASK,)), RESEARCH, RULES) is None
    assert climb(at, CUSTOMER, RULES) == climb(replace(at, beyond=()), CUSTOMER, RULES)
    listed = climb(replace(at, listed=(A, B)), RESEARCH, RULES)
    assert listed is not None and (listed.name, listed.to) == (OTHER, B)


def test_where_all_is_shut_it_asks_after_a_delay() -> None:
    at = Standing(10.0, 1e6, 10, (), (A,), (A,), shut={A: 60.0}, beyond=(B,))
    assert climb(at, RESEARCH, RULES) is None
    found = climb(replace(at, waited=3600.0), RESEARCH, RULES)
    assert found is not None and (found.name, found.to) == (ASK, B)


@given(
    st.floats(0, 1e6), st.floats(-10, 1e4), st.integers(1, 1000), waits, st.sampled_from(sorted(CLASS_RULES)),
    st.integers(0, 3), st.sampled_from([(), (("r", "d"),)]),
)  # fmt: skip
def test_a_climb_ends_and_stays_inside_what_is_listed(
    waited: float,
    left: float,
    shots: int,
    seen: dict[Key, Waits],
    name: str,
    most: int,
    beyond: tuple[Key, ...],
) -> None:
    rules, rule = Rules(reroutes_max=most), CLASS_RULES[name]
    at = Standing(waited, left, shots, (), (A,), KEYS, seen, beyond=beyond)
    for _ in range(10):
        rung = climb(at, rule, rules)
        if rung is None:
            break
        assert rung.name in rule.rungs
        ways = at.beyond if rung.name == ASK else tuple(key for key in at.listed if key not in at.open_to)
        assert rung.to is None or rung.to in ways
        assert 0 <= rung.shots < at.shots or rung.shots == 0
        at = replace(
            at,
            taken=(*at.taken, rung.name),
            open_to=(*at.open_to, *((rung.to,) if rung.to and rung.name == OTHER else ())),
            shots=rung.shots or at.shots,
        )
    assert climb(at, rule, rules) is None
    assert at.taken.count(OTHER) <= most
    assert at.taken.count(FEWER) <= 1 and at.taken.count(SIMULATION) <= 1
