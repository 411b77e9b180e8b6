"""How often a verdict that is looked at every day calls the QPU helping where it is not, and how soon where it is.

Experiments are made up, so that the truth is known; the plan with its numbers stands in docs/evidence.md. About four
minutes of one core; HYBRIDOPS_BENCH_EXPERIMENTS sets how many experiments a row has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from hybridops.bootstrap import ROOT
from hybridops.domain.helping import HELPING, Rule, decide
from hybridops.evidence.rates import wilson
from hybridops.evidence.verdict import Pair, compare

SEED = 20261129
NULLS, PLANTED = 2_000, 1_000
EFFECTS = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
LOOKS = (10, 20, 40, 60, 80, 120)
FAILS, SPREAD = 0.1, 0.03
RULE, ANY = Rule(delta=0.01, bound=0.1, pairs=LOOKS[-1]), Rule(delta=0.0, bound=0.1, pairs=LOOKS[-1])


@dataclass(frozen=True, slots=True)
class Truth:
    """What is planted: mean improvement of the quantum arm and of random bits over the baseline, as shares."""

    quantum: float
    random: float
    fails: float = FAILS


# The quantum arm is random bits under another name; or better than them by delta and no more.
NOTHING = {
    "equals random, any gain worth having": (ANY, Truth(0.05, 0.05, fails=0.0)),
    "equals random, delta 1 %": (RULE, Truth(0.05, 0.05, fails=0.0)),
    "equals random and the solver, any gain worth having": (ANY, Truth(0.0, 0.0, fails=0.0)),
    "better by delta itself": (RULE, Truth(0.05, 0.04, fails=0.0)),
}


def experiment(truth: Truth, seed: Sequence[int], pairs: int = LOOKS[-1]) -> list[Pair]:
    """Pairs with noise of Student's t (4 degrees) in both arms, each with a standard deviation of SPREAD."""
    rng = np.random.default_rng(seed)
    noise = SPREAD * rng.standard_t(4, (2, pairs)) / np.sqrt(2)
    size, failed = 100 * np.exp(rng.standard_normal(pairs)), rng.random(pairs) < truth.fails
    quantum, random = (-size * (1 + np.array([[truth.quantum], [truth.random]]) + noise)).tolist()
    return [
        Pair(f"i{at}", "s", {"baseline": -size[at], "random": random[at],
                             "quantum": None if failed[at] else quantum[at]}, 2.0)
        for at in range(pairs)
    ]  # fmt: skip


def word(rule: Rule, pairs: Sequence[Pair]) -> str:
    found = compare(rule, pairs)
    return decide(rule, found.against, len(found.excluded)).word


def ever_helping(rule: Rule, pairs: Sequence[Pair]) -> bool:
    """Whether somebody who looks after each pair is told *helping* once.

    An interval never widens, so only where its last state lies above delta can an earlier one have done so.
    """
    if any(found.low <= rule.delta for found in compare(rule, pairs).against.values()):
        return False
    return any(word(rule, pairs[:count]) == HELPING for count in range(1, len(pairs) + 1))


def fooled(rule: Rule, pairs: Sequence[Pair]) -> bool:
    """The same, were it read daily from Student's 95 % intervals of the unclipped differences, from ten pairs on."""
    arms = [[pair.objectives[name] or 0.0 for pair in pairs] for name in ("baseline", "random", "quantum")]
    baseline, random, quantum = np.array(arms)
    counts = np.arange(1, len(pairs) + 1)
    above = np.ones(len(pairs), dtype=bool)
    for reference in (baseline, random):
        better = (reference - quantum) / np.abs(baseline)
        mean, square = better.cumsum() / counts, (better**2).cumsum() / counts
        error = np.sqrt((square - mean**2) / np.maximum(counts - 1, 1))
        above &= mean - student.ppf(0.975, np.maximum(counts - 1, 1)) * error > rule.delta
    return bool(above[LOOKS[0] - 1 :].any())


type Ever = Callable[[Rule, Sequence[Pair]], bool]


def false_calls(rule: Rule, truth: Truth, row: int, experiments: int, ever: Ever = ever_helping) -> int:
    """How many of so many experiments are ever told *helping*."""
    return sum(ever(rule, experiment(truth, [SEED, row, at])) for at in range(experiments))


def words(effect: float, row: int, experiments: int) -> dict[int, Counter[str]]:
    """By number of pairs, how many experiments have which word; the same experiments grow."""
    truth = Truth(effect, 0.0)
    told: dict[int, Counter[str]] = {count: Counter() for count in LOOKS}
    for at in range(experiments):
        pairs = experiment(truth, [SEED, 100 + row, at])
        for count in LOOKS:
            told[count][word(RULE, pairs[:count])] += 1
    return told


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child with one thread a library."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    child = subprocess.Popen(
        [sys.executable, "-c", "from tests.bench import bench_verdict as b; b.main()"],
        cwd=ROOT, env=os.environ | one, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout
    for line in child.stdout:
        name, value, n = line.rstrip("\n").split("\t")
        yield {
            "name": name, "value": float(value), "unit": "of the experiments", "n": int(n),
            "against": None, "ratio": None,
        }  # fmt: skip
    if child.wait():
        raise subprocess.CalledProcessError(child.returncode, child.args)


def main() -> None:
    asked = int(os.environ.get("HYBRIDOPS_BENCH_EXPERIMENTS", "0"))
    for row, (name, (rule, truth)) in enumerate(NOTHING.items()):
        count = asked or NULLS
        for said, ever in (("ever helping", ever_helping), ("ever, by Student's interval", fooled)):
            hits = false_calls(rule, truth, row, count, ever)
            low, high = wilson(hits, count)
            _told(f"{name}: {said} [{low:.4f}, {high:.4f}]", hits / count, count)
    for row, effect in enumerate(EFFECTS):
        count = asked or PLANTED
        for pairs, found in words(effect, row, count).items():
            for said, hits in sorted(found.items()):
                _told(f"{effect:.1%} better, {pairs} pairs: {said}", hits / count, count)


def _told(name: str, value: float, n: int) -> None:
    print(f"{name}\t{value:.4g}\t{n}", flush=True)
