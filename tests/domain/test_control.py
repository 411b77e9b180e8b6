"""Whether a QPU is needed: the rule that judges the answer judges the controls as well."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.control import CONTROLS, control
from hybridops.domain.errors import BadInput
from hybridops.domain.verdict import judge

NOT_WORSE = {"against": "heuristic", "worse_by_at_most": 0.0}
values = st.one_of(st.none(), st.integers(-50, 50).map(float))
arms = st.fixed_dictionaries({"heuristic": values}, optional=dict.fromkeys(CONTROLS, values))
rules = st.builds(
    lambda against, slack: {"against": against, "worse_by_at_most": slack},
    st.sampled_from(("heuristic", "baseline", "random")),
    st.sampled_from((0.0, 0.01, 0.5)),
)


@given(rules, arms)
def test_a_qpu_is_needless_exactly_where_a_control_would_be_accepted_as_its_answer(
    rule: dict[str, Any], found: dict[str, float | None]
) -> None:
    known = {name: found.get(name) for name in ("heuristic", "baseline", "random")}
    reached = {name for name in CONTROLS if judge(rule, {**known, "quantum": found.get(name)}).accepted}
    told = control(rule, found)
    assert set(told.reached_by) == reached
    assert told.needed == (not reached) == (told.why == "")
    assert all(f"{CONTROLS[name]} ({found[name]:.10g})" in told.why for name in reached)


def test_the_heuristic_a_run_starts_from_is_no_control() -> None:
    assert control(NOT_WORSE, {"heuristic": 10.0, "baseline": 11.0, "random": None}).needed


@pytest.mark.parametrize(("mark", "answer", "accepted"), [(-100.0, -99.0, True), (-100.0, -98.0, False)])
def test_slack_is_a_share_of_the_size_also_below_zero(mark: float, answer: float, accepted: bool) -> None:
    found = judge({"against": "heuristic", "worse_by_at_most": 0.01}, {"heuristic": mark, "quantum": answer})
    assert found.accepted is accepted
    assert found.improvement == pytest.approx((mark - answer) / 100)


@pytest.mark.parametrize(
    ("answer", "accepted"), [(0.0, True), (1.6, True), (1.6000001, False), (-3.0, True), (None, False)]
)
def test_an_amount_is_in_the_unit_whatever_the_mark_is(answer: float | None, accepted: bool) -> None:
    """Against a mark of 0 no share allows anything."""
    rule = {"against": "baseline", "above_by_at_most": 1.6}
    found = judge(rule, {"baseline": 0.0, "heuristic": 20.0, "quantum": answer})
    assert found.accepted is accepted
    if answer is not None:
        assert found.why == f"{answer:.10g} is {'no ' if accepted else ''}more than the baseline's 0 and 1.6"


@pytest.mark.parametrize(
    "rule",
    [
        {"against": "baseline"},
        {"against": "baseline", "above_by_at_most": 1, "worse_by_at_most": 0},
        {"against": "baseline", "above_by_at_most": "1"},
        {"against": "baseline", "": 1},
    ],
)
def test_half_a_rule_or_two_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        judge(rule, {"baseline": 0.0, "quantum": 0.0})


def test_a_rule_nobody_knows_is_refused() -> None:
    with pytest.raises(BadInput):
        control({"against": "luck", "worse_by_at_most": 0.0}, {"heuristic": 1.0})
