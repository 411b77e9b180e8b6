"""From pairs to one of four words, its sentence and its price."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.domain.helping import HELPING, NOT_HELPING, TOO_EARLY, UNCLEAR, Rule
from hybridops.evidence.verdict import Pair, verdict
from tests.evidence.pairs import pair, pairs

RULE = Rule(delta=0.01, bound=0.1, pairs=40)
steps = st.lists(st.integers(-150, 150).map(lambda value: value / 1000) | st.none(), max_size=30)


def test_better_than_both_helps():
    found = verdict(RULE, pairs([0.03, 0.02] * 30))
    assert found.ruling.word == HELPING
    assert found.against["baseline"].estimate == pytest.approx(0.025)
    assert found.against["heuristic"].estimate == pytest.approx(0.055)
    assert "ideal" not in found.against
    assert found.price is not None
    assert found.price.value == pytest.approx(2 / 2.5)
    assert found.sentence.startswith(
        "Helping: it is better than both by more than the 1.00% worth having. Over 60 pairs"
    )
    assert found.sentence.endswith("$120.00 was spent: $0.80 for one percent of improvement on one pair.")


def test_random_bits_that_do_as_well_take_the_credit():
    found = verdict(RULE, pairs([0.03, 0.02] * 30, random=0.025))
    assert found.ruling.word == NOT_HELPING
    assert "random bits treated alike is below" in found.ruling.why
    assert "solver" not in found.ruling.why


def test_worse_than_the_solver_does_not_help():
    found = verdict(RULE, pairs([-0.03] * 40, random=-0.08))
    assert found.ruling.word == NOT_HELPING
    assert "the best classical solver is below" in found.ruling.why
    assert "3.00% worse than the best classical solver" in found.sentence
    assert found.sentence.endswith("$80.00 was spent, and on the whole nothing was gained for it.")


def test_few_pairs_are_too_early_and_many_may_stay_unclear():
    wavering = [0.1, -0.08]
    assert verdict(RULE, pairs(wavering * 10)).ruling.word == TOO_EARLY
    assert verdict(RULE, pairs(wavering * 20)).ruling.word == UNCLEAR


@pytest.mark.parametrize("better", [[], [0.09], [None]])
def test_nothing_or_one_pair_is_too_early(better: list[float | None]):
    found = verdict(RULE, pairs(better))
    assert found.ruling.word == TOO_EARLY
    assert found.price is None
    assert found.against["baseline"].low < -0.09
    assert found.against["baseline"].high > 0.09
    assert found.sentence.startswith(f"Too early: there are {len(better)} of the 40 pairs wanted")
    assert found.sentence.endswith(f"${2 * len(better)}.00 was spent.")


def test_all_ties_do_not_help():
    found = verdict(RULE, pairs([0.0] * 60))
    assert found.ruling.word == NOT_HELPING
    assert found.against["random"].estimate == 0
    assert found.price is not None
    assert found.price.value is None


def test_all_failed_count_as_no_improvement_and_cost_all_the_same():
    found = verdict(RULE, pairs([None] * 60))
    assert (found.ruling.word, found.failed, found.count, found.spent) == (NOT_HELPING, 60, 60, 120)
    assert "In 60 pairs it had no answer, which counts as no improvement." in found.sentence


def test_ties_are_unclear_where_any_improvement_is_worth_having():
    assert verdict(Rule(0.0, 0.1, 40), pairs([0.0] * 60)).ruling.word == UNCLEAR


def test_exclusions_are_listed_with_their_reason_and_cost_all_the_same():
    left = [
        pair(100, 0.05, objectives={"baseline": None, "random": -1.0, "quantum": -1.0}),
        pair(101, 0.05, objectives={"baseline": 0.0, "random": -1.0, "quantum": -1.0}),
        pair(102, 0.05, random=None),
        pair(103, 0.05, excluded="the snapshot was withdrawn"),
    ]
    found = verdict(RULE, [*pairs([0.03, 0.02] * 30), *left])
    assert [excluded.instance for excluded in found.excluded] == ["i100", "i101", "i102", "i103"]
    assert [excluded.why.split()[-1] for excluded in found.excluded] == [
        "answer",
        "share",
        "answer",
        "withdrawn",
    ]
    assert (found.ruling.word, found.count, found.spent) == (HELPING, 60, 128)
    assert "Not counted: 4 pairs, each with its reason." in found.sentence
    assert found.price is not None
    assert found.price.value == pytest.approx(128 / 150)


def test_an_exact_solver_is_compared_in_shares_of_the_heuristic_where_the_rule_says_so():
    """As of a molecule: distances to the exact energy, 16 mHa at the start, 4 after the loop, 12 by chance."""
    objectives = {"baseline": 0.0, "heuristic": 16.0, "random": 12.0, "quantum": 4.0}
    made = [pair(number, 0.0, objectives=objectives) for number in range(40)]
    assert verdict(RULE, made).count == 0
    found = verdict(replace(RULE, bound=1.0, scale="heuristic"), made)
    told = {name: one.estimate for name, one in found.against.items()}
    assert told == {"baseline": -0.25, "random": 0.5, "heuristic": 0.75}
    assert (found.ruling.word, found.excluded) == (NOT_HELPING, ())
    for lost, why in (("heuristic", "no usable answer"), ("baseline", "no usable answer")):
        left = pair(0, 0.0, objectives={**objectives, lost: None})
        assert why in verdict(replace(RULE, scale="heuristic"), [left]).excluded[0].why
    flat = pair(0, 0.0, objectives={**objectives, "heuristic": 0.0})
    assert (
        "the plain heuristic's objective is zero"
        in verdict(replace(RULE, scale="heuristic"), [flat]).excluded[0].why
    )


def test_too_many_exclusions_leave_it_unclear():
    left = [pair(100 + number, 0.05, excluded="calibration") for number in range(20)]
    found = verdict(RULE, [*pairs([0.03, 0.02] * 30), *left])
    assert found.ruling.word == UNCLEAR
    assert "20 of 80 pairs were excluded" in found.ruling.why


def test_one_win_beyond_the_bound_counts_as_the_bound():
    plain, wild = (verdict(RULE, pairs([top, *[0.01] * 19])) for top in (0.1, 50.0))
    assert plain.against["baseline"].low == wild.against["baseline"].low
    assert (plain.against["baseline"].clipped, wild.against["baseline"].clipped) == (0, 1)
    assert wild.price == plain.price
    assert "Differences beyond 10% count as that much, in up to 1 pair." in wild.sentence
    assert "beyond" not in plain.sentence


def test_a_change_over_time_is_said():
    found = verdict(RULE, pairs([0.1] * 60 + [-0.1] * 150))
    assert found.ruling.word == UNCLEAR
    assert "changed over time" in found.ruling.why


@settings(max_examples=30, deadline=None)
@given(steps, steps)
def test_a_verdict_in_any_currency_and_unit(better: list[float | None], more: list[float | None]):
    """Objectives in metres or in kilometres give the same word; what helps holds both deciding ends above delta."""
    given_pairs = pairs([*better, *more])
    scaled = [
        Pair(
            each.instance,
            each.snapshot,
            {name: value and 4 * value for name, value in each.objectives.items()},
            each.dollars,
        )
        for each in given_pairs
    ]
    one, other = verdict(RULE, given_pairs), verdict(RULE, scaled)
    assert one.sentence == other.sentence
    ends = [one.against[name] for name in ("baseline", "random")]
    assert (one.ruling.word == HELPING) <= all(end.low > RULE.delta for end in ends)
    assert one.count + len(one.excluded) == len(given_pairs)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"objectives": {"baseline": math.nan}}, "i9 on snapshot s1: baseline's objective is not a number"),
        ({"objectives": {"annealer": 1.0}}, "has an arm annealer"),
        ({"dollars": math.nan}, "dollars"),
        ({"dollars": -1.0}, "dollars"),
        ({"instance": "i0"}, "i0 on snapshot s1 is there twice"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], sentence: str):
    with pytest.raises(BadInput, match=sentence):
        verdict(RULE, [pair(0, 0.1), pair(9, 0.1, **changes)])
