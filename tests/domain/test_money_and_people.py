"""Envelope, money, placement, verdict: the rules that decide, by examples and by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain import budget
from hybridops.domain.actors import Actor
from hybridops.domain.envelope import Envelope, Input, Listed, Planned, check_within, narrow, read
from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.placement import Option, place, place_compute
from hybridops.domain.ports import Usage
from hybridops.domain.verdict import judge
from tests.world import PRICES

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PAIR = Listed("scripted", "aster", "p" * 64, "s" * 64, "here")
ENVELOPE = Envelope(
    7,
    "d" * 64,
    "q" * 64,
    "b" * 64,
    "t" * 64,
    "trained",
    (),
    1,
    (PAIR,),
    2,
    1000,
    Decimal("5.00"),
    "book",
    "policy",
    "assessment",
    NOON,
)
PLANNED = Planned(7, 1, "scripted", "aster", "p" * 64, 1000, Decimal("5.00"), NOON)
LOOP = replace(ENVELOPE, inputs=(Input("a", -1.0, 1.0), Input("b", 0.0, 0.5)), bindings_max=2)
SETS = [{"a": 1.0, "b": 0.0}, {"a": -1.0, "b": 0.5}]
CENTS = st.integers(0, 10**9).map(lambda n: Decimal(n) / 1_000_000)


def test_an_envelope_reads_back_as_it_was_written() -> None:
    for envelope in (ENVELOPE, LOOP):
        assert read(envelope.document()) == envelope


def test_what_was_approved_is_within() -> None:
    check_within(ENVELOPE, PLANNED)
    for sets in (SETS, SETS[:1]):
        check_within(LOOP, replace(PLANNED, bindings=sets))


OUTSIDE: list[tuple[dict[str, Any], str]] = [
    ({"run": 8}, "for run 7"),
    ({"backend": "kelvin"}, "kelvin"),
    ({"provider": "other"}, "not approved"),
    ({"program": "x"}, "not approved"),
    ({"ordinal": 3}, "2 submissions"),
    ({"ordinal": 0}, "2 submissions"),
    ({"shots_total": 1001}, "1000 shots"),
    ({"shots_total": 0}, "1000 shots"),
    ({"cost_usd_total": Decimal("5.01")}, "5.00"),
    ({"at": NOON + timedelta(seconds=1)}, "ended"),
]


@pytest.mark.parametrize(("change", "says"), OUTSIDE)
def test_one_step_outside_is_refused_with_its_reason(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        check_within(ENVELOPE, replace(PLANNED, **change))


@pytest.mark.parametrize(
    "sets",
    [
        [],
        [*SETS, SETS[0]],
        [{"a": 0.0}],
        [{"a": 0.0, "b": 0.0, "c": 0.0}],
        [SETS[0], {"a": 1.0000001, "b": 0.0}],
        [{"a": float("nan"), "b": 0.0}],
        [{"a": float("inf"), "b": 0.0}],
    ],
)
def test_values_outside_the_template_s_domain_are_refused(sets: list[dict[str, float]]) -> None:
    with pytest.raises(Refused, match="approved"):
        check_within(LOOP, replace(PLANNED, bindings=sets))


def test_a_circuit_without_inputs_takes_no_values() -> None:
    with pytest.raises(Refused, match="0 to 0 sets"):
        check_within(ENVELOPE, replace(PLANNED, bindings=[{}]))


@given(st.integers(-5, 2000), CENTS)
def test_narrowing_never_widens(shots: int, cost: Decimal) -> None:
    try:
        tighter = narrow(ENVELOPE, shots_max=shots, cost_usd_max=cost)
    except BadInput:
        return
    assert 0 < tighter.shots_max <= ENVELOPE.shots_max
    assert 0 < tighter.cost_usd_max <= ENVELOPE.cost_usd_max
    assert tighter != ENVELOPE
    assert replace(tighter, shots_max=1000, cost_usd_max=Decimal("5.00")) == ENVELOPE


@given(CENTS, CENTS)
def test_rounding_goes_up_and_by_less_than_a_micro_dollar(a: Decimal, b: Decimal) -> None:
    third = a / 3
    assert 0 <= budget.from_micro(budget.to_micro(third)) - third < Decimal("0.000001")
    assert budget.to_micro(a + b) <= budget.to_micro(a) + budget.to_micro(b)


@pytest.mark.parametrize("amount", ["-0.01", "NaN"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises((BadInput, ArithmeticError)):
        budget.to_micro(Decimal(amount))


SECONDS = budget.Rule("ibm", "x", "seconds", second=Decimal("1.60"), job_seconds=Decimal(2))


@given(st.integers(1, 10_000), st.integers(1, 5), st.integers(0, 10_000), st.integers(1, 20), st.data())
def test_a_bill_within_the_promise_never_exceeds_the_quote(
    shots: int, submissions: int, done: int, circuits: int, data: st.DataObject
) -> None:
    book = budget.parse(PRICES)
    rule = data.draw(st.sampled_from([book.rule_for("scripted", "aster"), SECONDS]))
    quote = budget.quote(
        book,
        rule,
        submissions_max=submissions,
        shots=shots,
        shot_seconds=0.001,
        circuits=circuits,
        submissions_likely=data.draw(st.integers(1, submissions)),
    )
    ran = data.draw(st.integers(1, circuits))
    used = Usage(ran, min(done, shots), min(done, shots) * 0.001, final=True)
    assert budget.bill(rule, used, failed=False) * submissions <= quote.high
    assert quote.low <= quote.likely <= quote.high
    assert budget.bill(rule, used, failed=True) == 0


def test_seconds_are_billed_with_their_overhead() -> None:
    rule = budget.Rule("ibm", "x", "seconds", second=Decimal("1.60"), job_seconds=Decimal(2), failed="full")
    lines = budget.qpu_lines(rule, submissions=1, shots=4000, shot_seconds=0.004)
    assert lines[0].amount == Decimal("28.80")
    assert budget.bill(rule, Usage(1, 4000, 16.0, final=True), failed=True) == Decimal("28.80")


def test_an_unknown_price_is_never_zero() -> None:
    with pytest.raises(Refused, match="no price for"):
        budget.parse(PRICES).rule_for("elsewhere", "aster")


@pytest.mark.parametrize(
    "change", [{"schema": "x"}, {"dated": "soon"}, {"rules": [{"kind": "magic"}]}, {"cpu_second": "x"}]
)
def test_a_malformed_price_book_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        budget.parse({**PRICES, **change})


IDEAL = Option("a", "ideal", Decimal(0), 1.0, 0.0)
NEAR = Option("a", "near", Decimal(5), 0.98, 1.0)
FAR = Option("a", "far", Decimal(1), 0.5, 0.0)


def test_placement_gives_up_three_percent_of_fidelity_for_the_queue() -> None:
    chosen = place([replace(IDEAL, wait_seconds=100.0), NEAR, FAR])
    assert chosen.chosen == "near"
    assert {name for name, _ in chosen.rejected} == {"ideal", "far"}


def test_a_person_s_choice_wins_unless_a_guard_blocks_it() -> None:
    assert place([IDEAL, FAR], asked="far").chosen == "far"
    assert place([IDEAL, replace(FAR, blocked="shut")], asked="far").chosen == "ideal"
    with pytest.raises(Refused, match="shut"):
        place([replace(FAR, blocked="shut")])


def test_a_required_gpu_that_is_absent_is_said() -> None:
    assert "NumPy" in place_compute("gpu", "CPU", gpu_required=False).chosen
    with pytest.raises(Refused, match="GPU"):
        place_compute("gpu", "CPU", gpu_required=True)


RULE = {"against": "heuristic", "worse_by_at_most": 0.01}


@pytest.mark.parametrize(
    ("quantum", "random", "accepted", "credit"),
    [
        (90.0, 95.0, True, "quantum samples"),
        (90.0, 90.0, True, "post-processing"),
        (101.0, 99.0, True, "nobody"),
        (101.1, 99.0, False, "nobody"),
        (None, 99.0, False, "nobody"),
    ],
)
def test_verdicts(quantum: float | None, random: float, accepted: bool, credit: str) -> None:
    arms = {"heuristic": 100.0, "baseline": 80.0, "random": random, "quantum": quantum}
    found = judge(RULE, arms)
    assert (found.accepted, found.credit) == (accepted, credit)
    if quantum:
        assert found.gap == pytest.approx(quantum / 80 - 1)
        assert found.improvement == pytest.approx(1 - quantum / 100)


@pytest.mark.parametrize("rule", [{}, {"against": "me", "worse_by_at_most": 0}, {**RULE, "or": "click"}])
def test_an_unknown_acceptance_rule_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        judge(rule, {"quantum": 1.0, "heuristic": 1.0})


def test_an_actor_is_signed_without_a_name() -> None:
    assert Actor("person", "7", "Ines", "Mikkel").document() == {"kind": "person", "id": "7"}
