from __future__ import annotations

import numpy as np
import pytest

from hybridops.bootstrap import ROOT
from tests.bench import strategy_statistics as sums
from tests.bench.bench_strategies import STRATEGIES
from tests.bench.strategy_arms import Sizes, run
from tests.bench.strategy_figures import figures
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


def test_a_chance_and_what_it_buys():
    """By hand: (3 + 1/2) / 8, 1 - 0.5^3, and two jobs of a hundred shots."""
    assert sums.chance(3, 7) == pytest.approx(0.4375)
    assert sums.chance(0, 8192) == pytest.approx(0.5 / 8193)
    assert sums.accepted(0.5, 3) == pytest.approx(0.875)
    assert sums.accepted(0.0, 1024) == 0
    assert sums.dollars(2, 100) == pytest.approx(2 * (0.30 + 0.145))


def test_the_cheapest_number_of_shots():
    """A sure hit needs one shot, a chance of 1/2 as many as plain search says, a hopeless one all."""
    assert sums.best_shots(np.array([1 - 1e-12])) == 1
    cost = [(0.30 + 0.00145 * shots) / (1 - 0.5**shots) for shots in range(1, 60)]
    assert sums.best_shots(np.array([0.5])) == 1 + int(np.argmin(cost))
    assert sums.best_shots(np.array([1e-9, 1e-9])) == sums.SHOTS_MAX


def test_draws_stay_within_families():
    families = ["a", "a", "b", "b", "b"]
    drawn = sums.draws(families, 1, 200)
    assert drawn.shape == (200, 5)
    assert set(drawn[:, :2].ravel().tolist()) == {0, 1}
    assert set(drawn[:, 2:].ravel().tolist()) == {2, 3, 4}


def test_a_ratio_is_of_sums_and_its_interval_of_instances():
    """$12 for 1.5 accepted against $2 for 1: 4 times; equal instances leave nothing to vary."""
    drawn = sums.draws(["a"] * 2, 1, 500)
    ratio = sums.cheaper(
        (np.array([4.0, 8.0]), np.array([0.5, 1.0])), (np.ones(2), np.array([0.25, 0.75])), drawn
    )
    assert ratio[0] == pytest.approx(4.0)
    even = sums.cheaper((np.full(2, 6.0), np.full(2, 0.75)), (np.ones(2), np.full(2, 0.5)), drawn)
    assert even == pytest.approx((4.0, 4.0, 4.0))
    twice = sums.enriched(np.array([0.2, 0.4]), np.array([0.1, 0.05]), drawn)
    assert twice == pytest.approx((4.0, 2.0, 8.0))


@pytest.mark.parametrize(
    ("ratio", "said"), [((70, 60, 90), "met"), ((50, 40, 59), "missed"), ((70, 59, 90), "unclear")]
)
def test_an_aim_is_judged_by_its_interval(ratio: sums.Interval, said: str):
    assert sums.verdict(ratio, 60) == said


def test_figures_of_counts_known_beforehand():
    """One instance a set: the loop's 30 jobs buy what one job buys, so that is 30 times cheaper."""
    strategies = {
        name: {"jobs": 30, "evaluations": 0, "hits": 7, "hits_after": 7, "kept": True, "kept_after": True}
        if name.endswith("loop") or name == "warm start"
        else {"jobs": 1, "evaluations": 0, "hits": 7, "hits_after": 7}
        for name in STRATEGIES["held out"]
    }
    rows = [{"set": which, "family": "a", "random": [1, 4096], "strategies": strategies} for which in SETS]
    told = {line["name"]: line for line in figures(rows, shots=100, measured=14)}
    assert told["textbook loop, 100 shots"]["value"] == pytest.approx(30 * 0.445, rel=0.01)
    assert told["transferred, 100 shots"]["ratio"] == 30
    assert told["transferred, 100 shots"]["interval"] == [30, 30, 30]
    assert told["textbook loop, all samples kept"]["accepted"] == 1
    assert told["random bits, 100 shots"]["value"] == pytest.approx(1 - (1 - 1 / 4096) ** 100, rel=0.01)
    assert told["random bits, 100 shots, 1-opt"]["value"] == 1
    assert told["a shot of ramp"]["value"] == pytest.approx(2048, rel=0.01)
    assert told["transferred angles against the scaled loop at 100 shots, aim 25"]["unit"] == "times, met"
    assert (
        told["transferred angles against the textbook loop at 100 shots, aim 60"]["unit"] == "times, missed"
    )


@pytest.mark.slow
def test_a_loop_bills_its_evaluations_and_one_job_more(held_out: list[Instance]):
    """A cut, few shots: the same again for the same seed, another for another strategy."""
    sizes = Sizes(shots=64, measured=128, evaluations={"textbook loop": 4, "warm start": 4})
    loop = run(held_out[0], "textbook loop", 0, sizes)
    assert loop == run(held_out[0], "textbook loop", 0, sizes)
    assert loop["jobs"] == 5
    assert loop["evaluations"] == 0
    assert run(held_out[0], "warm start", 0, sizes)["evaluations"] > 0
    once = run(held_out[0], "transferred", 0, sizes)
    assert once["jobs"] == 1
    assert once["hits_after"] >= once["hits"]
    assert once["angles"] == pytest.approx([0.5, 0.3927])
