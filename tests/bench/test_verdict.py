"""The verdict against a planted truth, with few experiments; `bench verdict` has many."""

from __future__ import annotations

import pytest

from hybridops.domain.helping import HELPING, NOT_HELPING
from tests.bench.bench_verdict import (
    ANY,
    NOTHING,
    RULE,
    Truth,
    ever_helping,
    experiment,
    false_calls,
    fooled,
    word,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["equals random, any gain worth having", "better by delta itself"])
def test_nothing_is_seldom_called_help_however_often_one_looks(name: str):
    """Of 200 experiments of the plan at most one in twenty."""
    rule, truth = NOTHING[name]
    assert false_calls(rule, truth, 900, 200) <= 10


def test_an_interval_for_one_look_is_fooled_by_many():
    """What the plan's table holds beside it: Student's interval, looked at daily in the same experiments."""
    rule, truth = NOTHING["equals random, any gain worth having"]
    assert false_calls(rule, truth, 900, 200, ever=fooled) > 10


def test_a_large_effect_is_found_and_none_is_dismissed():
    for effect, expected in ((0.05, HELPING), (-0.02, NOT_HELPING)):
        found = [word(RULE, experiment(Truth(effect, 0.0), [901, at])) for at in range(20)]
        assert found.count(expected) >= 18


def test_an_earlier_look_is_remembered():
    """Every look counts: an experiment that was told so once stays among those ever told so."""
    pairs = experiment(Truth(0.06, 0.0), [902])
    assert ever_helping(ANY, pairs)
    assert not ever_helping(ANY, pairs[:3])
