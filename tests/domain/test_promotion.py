from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.promotion import Worth, propose

GOOD = Worth(40, 30, 25, 25, 2, Decimal(80), 1)


@pytest.mark.parametrize(
    ("worth", "verdict", "says"),
    [
        (GOOD, "promote", "25 of 40"),
        (replace(GOOD, earned=10), "keep", "10 of 40"),
        (replace(GOOD, earned=20), "keep", "20 of 40"),
        (replace(GOOD, earned=0), "retire", "never beat uniform"),
        (replace(GOOD, degraded=21), "retire", "52%"),
        (replace(GOOD, degraded=20), "promote", "25 of 40"),
        (replace(GOOD, runs=19), "keep", "too early"),
        (replace(GOOD, idle_days=61), "retire", "61 days"),
        (replace(GOOD, idle_days=60), "promote", "25"),
        (replace(GOOD, idle_days=None, runs=0), "retire", "nobody has run it"),
    ],
)
def test_the_numbers_propose(worth: Worth, verdict: str, says: str) -> None:
    found = propose(worth)
    assert found.verdict == verdict
    assert any(says in why for why in found.why)


def test_cost_per_accepted_is_not_infinite_where_nothing_was_accepted() -> None:
    assert GOOD.per_accepted_usd == Decimal(80) / 30
    assert replace(GOOD, accepted=0).per_accepted_usd is None


@given(*[st.integers(0, 50)] * 5, st.one_of(st.none(), st.integers(0, 400)))
def test_every_proposal_has_a_reason(
    runs: int, accepted: int, improved: int, earned: int, degraded: int, idle: int | None
) -> None:
    found = propose(Worth(runs, accepted, improved, earned, degraded, Decimal(1), idle))
    assert found.verdict in ("promote", "keep", "retire")
    assert all(found.why)
