from __future__ import annotations

import numpy as np
import pytest

from hybridops.bootstrap import ROOT
from tests.bench.strategy_instances import SETS, Instance, instances, near_optimum

DIGITS = 12


@pytest.fixture(scope="module")
def held_out() -> list[Instance]:
    return instances("held out")


def planned(which: str) -> list[str]:
    """The digests that the plan's table names for a set."""
    rows = [line.split("|") for line in (ROOT / "docs" / "evidence.md").read_text().splitlines()]
    return [digest for row in rows if len(row) == 5 and row[1].strip() == which for digest in row[3].split()]


@pytest.mark.parametrize("which", SETS)
def test_instances_are_those_of_the_plan(which: str):
    """Whatever changes in generators, data or encodings shows here."""
    assert [instance.digest[:DIGITS] for instance in instances(which)] == planned(which)


def test_no_instance_is_in_both_sets_or_twice(held_out: list[Instance]):
    digests = [instance.digest for which in SETS for instance in instances(which)]
    assert len(set(digests)) == len(digests) == 32


def test_few_states_are_accepted_and_mirrors_together(held_out: list[Instance]):
    """A cut and a split on two equal vehicles stay the same with all bits flipped."""
    for instance in held_out:
        assert 1 <= instance.accepted.sum() <= 6
        if instance.family in ("MaxCut", "split"):
            assert (instance.accepted == instance.accepted[::-1]).all()


def test_descent_helps_random_bits(held_out: list[Instance]):
    for instance in held_out:
        assert instance.accepted_after[instance.accepted].all()
        if instance.family != "split":  # there the lowest encoded state may not be the shortest pair of tours
            assert instance.accepted_after.sum() > instance.accepted.sum()


@pytest.mark.parametrize(
    ("objective", "accepted"),
    [
        ([-100.0, -99.0, -98.9, 5.0], [True, True, False, False]),
        ([100.0, 101.0, 101.1, 99.0], [True, True, False, False]),
        ([0.0, 0.001, 0.0, 7.0], [True, False, True, False]),
    ],
)
def test_accepted_is_within_one_percent_of_the_optimum_s_size(objective: list[float], accepted: list[bool]):
    """Below, above and at zero; the last state is not feasible."""
    feasible = np.array([True, True, True, False])
    assert near_optimum(np.array(objective), feasible).tolist() == accepted
