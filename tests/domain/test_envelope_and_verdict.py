"""Envelope, verdict, actors: the rules that decide, by examples and by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.actors import Actor
from hybridops.domain.envelope import Envelope, Input, Listed, Planned, check_within, narrow, read
from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.verdict import judge

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
