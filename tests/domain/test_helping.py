"""The rule for helping and its words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.domain.helping import (
    HELPING,
    NOT_HELPING,
    TOO_EARLY,
    UNCLEAR,
    Difference,
    Rule,
    decide,
    read,
    said,
)

RULE = Rule(delta=0.01, bound=0.1, pairs=40)
ends = st.tuples(*[st.integers(-100, 100).map(lambda value: value / 1000)] * 2)


def against(
    baseline: tuple[float, float], random: tuple[float, float], count: int = 40
) -> dict[str, Difference]:
    found = {"baseline": baseline, "random": random}
    return {name: Difference(count, 0, sum(at) / 2, *at) for name, at in found.items()}


def test_a_rule_reads_back():
    assert read(RULE.document()) == RULE
    assert "scale" not in RULE.document()  # what was signed before keeps its digest
    scaled = replace(RULE, scale="heuristic")
    assert read(scaled.document()) == scaled


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("delta", -0.01), ("delta", 0.06), ("delta", True), ("delta", float("nan")), ("bound", 0), ("bound", 1.5),
        ("bound", "a tenth"), ("pairs", 1), ("pairs", 40.0), ("pairs", True), ("method", "by eye"), ("scale", "random"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_by_its_field(field: str, value: Any):
    with pytest.raises(BadInput) as refused:
        read(RULE.document() | {field: value})
    assert refused.value.field == f"helping/{field}"


def test_a_rule_is_whole():
    for document in ({}, RULE.document() | {"level": 0.5}):
        with pytest.raises(BadInput, match="nothing else"):
            read(document)


@pytest.mark.parametrize(
    ("baseline", "random", "count", "word"),
    [
        ((0.011, 0.03), (0.011, 0.03), 5, HELPING),
        ((0.010, 0.03), (0.011, 0.03), 40, UNCLEAR),
        ((0.011, 0.03), (0.005, 0.03), 39, TOO_EARLY),
        ((0.011, 0.03), (-0.03, 0.009), 5, NOT_HELPING),
        ((-0.03, 0.009), (0.011, 0.03), 400, NOT_HELPING),
        ((-0.03, 0.010), (0.011, 0.03), 400, UNCLEAR),
        ((0.03, 0.02), (0.011, 0.03), 400, UNCLEAR),
    ],
)
def test_the_word(baseline: tuple[float, float], random: tuple[float, float], count: int, word: str):
    """On the edge of delta it is not decided."""
    assert decide(RULE, against(baseline, random, count), 0).word == word


@given(ends, ends, st.integers(0, 80), st.integers(0, 40))
def test_which_of_the_two_it_was_does_not_matter(
    one: tuple[float, float], other: tuple[float, float], count: int, excluded: int
):
    word = decide(RULE, against(one, other, count), excluded).word
    assert decide(RULE, against(other, one, count), excluded).word == word
    if word == HELPING:
        assert min(*one, *other) > RULE.delta
        assert excluded <= 0.2 * (count + excluded)


def test_both_are_needed_on_the_same_pairs():
    whole = against((0, 0.1), (0, 0.1))
    for found in ({"baseline": whole["baseline"]}, whole | {"random": Difference(39, 0, 0.0, -0.1, 0.1)}):
        with pytest.raises(BadInput, match="same pairs"):
            decide(RULE, found, 0)


def test_a_difference_in_words():
    assert said(Difference(9, 0, -0.031, -0.05, -0.01), "random") == (
        "3.10% worse than random bits treated alike (95% interval -5.00% to -1.00%)"
    )
    assert (
        said(Difference(0, 0, None, -0.1, 0.1), "ideal")
        == "nothing is known against the same circuits without noise"
    )
    assert said(Difference(9, 0, -0.00001, -0.05, 0.05), "heuristic").startswith(
        "as good as the plain heuristic"
    )
