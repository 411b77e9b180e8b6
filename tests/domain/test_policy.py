"""The policy: a closed document, tiers in order, factors that add up, and people who fill places."""

from __future__ import annotations

import copy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain import assess as judge
from hybridops.domain import policy as rules
from hybridops.domain.assess import assess, stricter
from hybridops.domain.decide import Needed, Voter, check_may_decide, is_agreed, missing_words, unfilled
from hybridops.domain.errors import BadInput, NotYours, Refused
from hybridops.domain.risk import FACTORS, RiskFacts, facts_in
from hybridops.engine.builtin import document
from hybridops.trust.canonical import canonical
from hybridops.trust.canonical import read as read_json

BODY = document("policy")
POLICY = rules.parse(BODY)
CALM = RiskFacts(
    cost_usd_max=Decimal("0.50"), shots=100, real_hardware=False, backend="ideal", backend_used_before=True,
    definition_used_before=True, region="here", home_region="here", data_class="internal",
    priority_class="research", by_machine=False, generated=False, calibration_age_hours=None, budget_share=0.0,
)  # fmt: skip
FACTS = st.builds(
    RiskFacts,
    cost_usd_max=st.decimals("0", "9000", places=2), shots=st.integers(1, 10**6), real_hardware=st.booleans(),
    backend=st.sampled_from(["ideal", "aster"]), backend_used_before=st.booleans(),
    definition_used_before=st.booleans(), region=st.sampled_from(["here", "there"]), home_region=st.just("here"),
    data_class=st.sampled_from(["public", "internal", "sensitive"]),
    priority_class=st.sampled_from(["research", "customer-facing"]), by_machine=st.booleans(),
    generated=st.booleans(), calibration_age_hours=st.none() | st.integers(-5, 99).map(float),
    budget_share=st.integers(0, 100).map(lambda n: n / 100),
)  # fmt: skip
ROLES = st.sets(st.sampled_from(["reviewer", "finance"]), min_size=1).map(frozenset)


def with_tiers(*tiers: dict[str, Any], **more: Any) -> rules.Policy:
    return rules.parse({**BODY, "tiers": list(tiers), **more})


PASSES = {"name": "all", "by_policy": True, "when": []}
PEOPLE = {
    "name": "people", "when": [], "need": [{"of": "reviewer", "count": 1}], "step_up": ["passkey"], "expiry_hours": 2,
}  # fmt: skip


def test_a_calm_request_passes_by_policy() -> None:
    found = assess(CALM, POLICY)
    assert (found.score, found.tier, found.by_policy, found.people) == (0, "small and known", True, 0)


LOUD: list[tuple[dict[str, Any], str]] = [
    ({"cost_usd_max": Decimal("1.01")}, "cost"),
    ({"shots": 20_001}, "shots"),
    ({"real_hardware": True, "calibration_age_hours": 1.0}, "hardware"),
    ({"backend_used_before": False}, "new backend"),
    ({"definition_used_before": False}, "new workflow"),
    ({"region": "elsewhere"}, "region"),
    ({"data_class": "sensitive"}, "data"),
    ({"priority_class": "customer-facing"}, "priority"),
    ({"by_machine": True}, "machine"),
    ({"generated": True}, "generated"),
    ({"budget_share": 0.51}, "budget"),
]


@pytest.mark.parametrize(("change", "name"), LOUD)
def test_each_factor_fires_alone_with_its_points_and_words(change: dict[str, Any], name: str) -> None:
    found = assess(replace(CALM, **change), POLICY)
    fired = [factor for factor in found.factors if factor.fired]
    assert [factor.name for factor in fired] == [name]
    assert found.score == fired[0].points == POLICY.factors[name].points
    assert fired[0].why
    assert fired[0].lower
    assert bool(fired[0].threshold) == FACTORS[name]


@given(FACTS)
def test_the_score_is_the_sum_of_what_fired_and_kept_facts_give_it_again(facts: RiskFacts) -> None:
    found = assess(facts, POLICY)
    assert found.score == sum(factor.points for factor in found.factors if factor.fired)
    assert len(found.factors) == len(FACTORS)
    kept = read_json(canonical(found.document()))
    assert judge.read(kept) == found
    assert assess(facts_in(kept["facts"]), POLICY) == found
    assert stricter(found, found) == found.denied


@given(FACTS)
def test_it_is_denied_or_passes_or_meets_people_never_two_of_them(facts: RiskFacts) -> None:
    found = assess(facts, POLICY)
    assert [bool(found.denied), found.by_policy, found.people > 0].count(True) == 1
    assert not (found.by_policy and (facts.by_machine or facts.generated))


def test_a_stale_or_unreported_calibration_counts_on_hardware_only() -> None:
    for age in (None, 25.0):
        found = assess(replace(CALM, real_hardware=True, calibration_age_hours=age), POLICY)
        assert found.score == POLICY.factors["hardware"].points + POLICY.factors["calibration"].points
    assert assess(replace(CALM, calibration_age_hours=None), POLICY).score == 0


@pytest.mark.parametrize("change", [{"by_machine": True}, {"generated": True}])
def test_machines_and_generated_circuits_meet_a_person_unless_the_signed_policy_says_otherwise(
    change: dict[str, Any],
) -> None:
    facts = replace(CALM, **change)
    assert assess(CALM, with_tiers(PASSES, PEOPLE)).by_policy
    assert assess(facts, with_tiers(PASSES, PEOPLE)).tier == "people"
    assert assess(facts, with_tiers(PASSES)).denied == judge.NO_TIER
    assert assess(facts, with_tiers({**PASSES, "machines": True}, PEOPLE)).by_policy


def test_a_gap_in_the_policy_refuses() -> None:
    gap = with_tiers({**PASSES, "when": [{"fact": "shots", "below": 10}]})
    found = assess(CALM, gap)
    assert (found.denied, found.by_policy, found.people) == (judge.NO_TIER, False, 0)


def test_the_three_strengths() -> None:
    stale = replace(CALM, region="there", real_hardware=True, calibration_age_hours=49.0)
    advised = assess(stale, with_tiers(PASSES))
    names = [(met.name, met.strength) for met in advised.rules]
    assert names == [("region leaves home", "advise"), ("stale calibration", "advise")]
    assert (advised.by_policy, advised.to_override) == (True, ())
    overridden = assess(replace(CALM, budget_share=0.51), POLICY)
    assert (overridden.people, overridden.score) == (1, 20)
    assert overridden.to_override == ("the share of what is left of a budget is above 0.5",)
    hard = assess(replace(CALM, data_class="sensitive", region="there"), POLICY)
    assert hard.denied == "The policy does not allow it: the data may not go to the region."
    assert hard.people == 0


def test_finance_is_asked_above_its_sum_only() -> None:
    for cost, finance in (("100.00", 0), ("100.01", 1)):
        assert assess(replace(CALM, cost_usd_max=Decimal(cost)), POLICY).finance == finance
    assert assess(replace(CALM, cost_usd_max=Decimal("5000.01")), POLICY).denied.startswith("Nothing above")


def changed(path: str, value: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    *way, last = path.split(".")
    at: Any = body
    for step in way:
        at = at[int(step)] if step.isdigit() else at[step]
    at[int(last) if last.isdigit() else last] = value
    return body


REFUSED: list[tuple[str, Any]] = [
    ("schema", "hybridops.policy/1"), ("tiers", []), ("tiers", {}), ("factors", {}), ("name", ""), ("version", "2"),
    ("bulk", True), ("factors.magic", {"points": 1}), ("factors.cost.points", -1), ("factors.cost.points", True),
    ("factors.cost.threshold", 1.5), ("factors.cost.threshold", "NaN"), ("factors.hardware.threshold", 1),
    ("rules.0.strength", "soft"), ("rules.0.when", []), ("rules.0.code", "import os"),
    ("rules.0.when.0", {"fact": "leaves_home", "is": "true"}), ("rules.0.when.0", {"fact": "score * 2", "above": 1}),
    ("rules.0.when.0", {"fact": "score", "matches": ".*"}), ("rules.0.when.0", {"fact": "backend", "one_of": []}),
    ("rules.0.when.0", {"fact": "score", "above": 1, "below": 9}), ("rules.1.name", "region leaves home"),
    ("tiers.1.need", [{"of": "reviewer", "count": 1}]), ("tiers.1.step_up", ["passkey"]), ("tiers.1.by_policy", "yes"),
    ("tiers.2.step_up", []), ("tiers.2.step_up", ["a wink"]), ("tiers.2.need", []), ("tiers.2.expiry_hours", -1),
    ("tiers.2.need", [{"of": "finance", "count": 1, "above_usd": "1"}]), ("tiers.2.need.0.count", 0),
    ("tiers.2.machines", True), ("tiers.3.name", "high risk"), ("data_regions.secret", ["*"]),
    ("data_regions.public", "anywhere"), ("break_glass.usd_max", -5), ("break_glass.review_hours", 0),
    ("break_glass.review.count", 0), ("fidelity_given_up", "1.01"), ("fidelity_given_up", 0.03),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=[f"{path}={value}" for path, value in REFUSED])
def test_what_the_parser_does_not_know_it_refuses(path: str, value: Any) -> None:
    with pytest.raises(BadInput):
        rules.parse(changed(path, value))


@pytest.mark.parametrize("path", [name for name in BODY if name != "break_glass"])
def test_every_part_is_needed(path: str) -> None:
    with pytest.raises(BadInput):
        rules.parse({name: value for name, value in BODY.items() if name != path})


def test_what_a_shorter_queue_is_worth_may_be_said() -> None:
    assert rules.parse(BODY).fidelity_given_up == 0.03
    assert rules.parse({**BODY, "fidelity_given_up": "0.01"}).fidelity_given_up == 0.01


STRICTER: list[tuple[dict[str, Any], str]] = [
    ({"need": [{"of": "reviewer", "count": 2}]}, "asks for 2 of reviewer"),
    ({"need": [{"of": "finance", "count": 1}]}, "asks for 1 of finance"),
    ({"step_up": ["one-time code"]}, "stronger proof"),
]


@pytest.mark.parametrize(("change", "says"), STRICTER)
def test_a_stricter_policy_is_noticed(change: dict[str, Any], says: str) -> None:
    before = assess(CALM, with_tiers(PEOPLE))
    assert says in stricter(before, assess(CALM, with_tiers({**PEOPLE, **change})))
    looser = {**PEOPLE, "step_up": ["passkey", "one-time code"], "expiry_hours": 9}
    assert stricter(before, assess(CALM, with_tiers(looser))) == ""
    assert stricter(before, assess(CALM, with_tiers(PASSES))) == ""
    assert stricter(assess(CALM, with_tiers(PASSES)), before) == "the policy now asks people"


@pytest.mark.parametrize(
    ("voter", "error"),
    [
        (Voter(1, True, True, frozenset({"reviewer"})), Refused),
        (Voter(2, True, True, frozenset({"reviewer"})), Refused),
        (Voter(3, False, True, frozenset({"reviewer"})), NotYours),
        (Voter(3, True, False, frozenset({"reviewer"})), NotYours),
        (Voter(3, True, True, frozenset({"analyst"})), NotYours),
        (Voter(3, True, True, frozenset()), NotYours),
    ],
)
def test_who_may_not_decide(voter: Voter, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_may_decide(voter, involved=frozenset({1}), already=frozenset({2}))


def test_who_may() -> None:
    voter = Voter(3, True, True, frozenset({"finance"}))
    check_may_decide(voter, involved=frozenset({1}), already=frozenset({2}))


@given(st.integers(0, 3), st.integers(0, 2), st.dictionaries(st.integers(1, 6), ROLES))
def test_a_quorum_is_filled_by_distinct_people(
    reviewers: int, finance: int, votes: dict[int, frozenset[str]]
) -> None:
    """Against a simple model: whoever has one role only is seated first, the others fill what is left."""
    need = [Needed("reviewer", reviewers), Needed("finance", finance)]
    counts = [
        sum(roles == frozenset(kind) for roles in votes.values()) for kind in ({"reviewer"}, {"finance"})
    ]
    both = len(votes) - sum(counts)
    lacking = max(0, reviewers - counts[0]) + max(0, finance - counts[1])
    assert is_agreed(need, votes) == (lacking <= both and reviewers + finance > 0)
    assert sum(unfilled(need, list(votes.values())).values()) == max(0, lacking - both)


def test_who_is_missing_is_said() -> None:
    assert missing_words({"reviewer": 1, "finance": 2}) == "2 more finance and one more reviewer"
