"""Decisions of every arm on the same test points, by the same treatment of whatever kernel it brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput
from hybridops.evidence.agreement import Paired, paired
from hybridops.evidence.rates import wilson
from hybridops.solvers.feature_map import kernel
from hybridops.solvers.kernel_svm import decided, projected, rbf
from hybridops.solvers.problem import Floats
from hybridops.workflows.kernels_loop import Plan
from hybridops.workflows.kernels_order import Entry
from hybridops.workflows.kernels_steps import wrong_share
from hybridops.workflows.register_steps import needed

RANDOM_DRAWS = (
    20  # random kernels; the best of them is the control, so that one in 21 such is as good by chance
)
_RANDOM = 3  # stream of the run's seed

type Right = list[bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """The part of a plan that is decided: so many landmarks, and these test points by number."""

    plan: Plan
    landmarks: int
    tests: tuple[int, ...]

    def of(self, right: str) -> Right:
        """An earlier stage's answers on these test points."""
        return [right[k] == "1" for k in self.tests]

    def right(self, gram: Floats, rows: Floats, cost: float) -> Right:
        """Which test points a machine gets right whose kernel is `gram` (m, m) and `rows` (t, m)."""
        mended, through = projected(gram)
        labels = np.array(self.plan.labels[: self.landmarks], dtype=np.int64)
        found = decided(mended, labels, rows @ through, cost)
        truth = [self.plan.labels[self.plan.target.landmarks + k] for k in self.tests]
        return [int(one) == label for one, label in zip(found, truth, strict=True)]

    def split(self, known: Mapping[Entry, float]) -> tuple[Floats, Floats]:
        """Entries as the kernel of the landmarks, 1 with themselves, and of the test points with them."""
        size, first = self.landmarks, self.plan.target.landmarks
        gram = np.eye(size)
        for i in range(size):
            for j in range(i):
                gram[i, j] = gram[j, i] = known[i, j]
        rows = np.array([[known[first + k, at] for at in range(size)] for k in self.tests])
        return gram, rows.reshape(len(self.tests), size)

    def exact(self) -> dict[Entry, float]:
        """Every entry as the simulation has it."""
        points, size = self.plan.array, self.landmarks
        found = kernel(points, points[:size])
        return {(i, j): float(found[i, j]) for i in range(len(points)) for j in range(size)}


def classical_arms(step: StepInput, judged: Judged) -> tuple[dict[str, dict[str, Any]], dict[str, Right]]:
    """The arms that need no QPU, and which points each got right."""
    at, held = judged.landmarks - 2, needed(step, "simulate")
    right = {name: judged.of(needed(step, name)["right"]) for name in ("heuristic", "baseline")}
    cost = float(held["costs"][at])
    right["ideal"] = judged.right(*judged.split(judged.exact()), cost)
    gamma, same_cost = held["alike"][at]
    right["alike"] = _alike(judged, gamma / held["bandwidth"] ** 2, same_cost)
    draws = [_random(judged, cost, (step.seed, _RANDOM, number)) for number in range(RANDOM_DRAWS)]
    right["random"] = max(draws, key=sum)
    said = {
        "heuristic": ("Nearest class mean", "on all training points"),
        "baseline": (
            "RBF-SVM, all points",
            f"on {needed(step, 'baseline')['columns']} of all training points",
        ),
        "random": ("Random kernels", f"the best of {RANDOM_DRAWS} kernels of uniform entries"),
        "ideal": ("The same without noise", f"exact kernel, {judged.landmarks} landmarks"),
        "alike": ("RBF-SVM, same points", f"RBF kernel, {judged.landmarks} landmarks"),
    }
    arms = {name: arm(label, note, right[name]) for name, (label, note) in said.items()}
    arms["baseline"]["method"] = "RBF-SVM"
    return arms, right


def arm(label: str, note: str, right: Right) -> dict[str, Any]:
    """Percent wrong with its Wilson interval."""
    low, high = wilson(len(right) - sum(right), len(right))
    return {
        "label": label,
        "note": note,
        "objective": wrong_share(right),
        "low": round(100 * low, 4),
        "high": round(100 * high, 4),
    }


def _alike(judged: Judged, gamma: float, cost: float) -> Right:
    """The RBF kernel on the very same points; `gamma` for angles, which are components times the bandwidth."""
    points = judged.plan.array
    landmarks = points[: judged.landmarks]
    tests = points[[judged.plan.target.landmarks + k for k in judged.tests]]
    return judged.right(rbf(landmarks, landmarks, gamma), rbf(tests, landmarks, gamma), cost)


def _random(judged: Judged, cost: float, seed: Sequence[int]) -> Right:
    rng = np.random.default_rng(list(seed))
    upper = np.triu(rng.uniform(size=(judged.landmarks,) * 2), k=1)
    rows = rng.uniform(size=(len(judged.tests), judged.landmarks))
    return judged.right(upper + upper.T + np.eye(judged.landmarks), rows, cost)


def difference(name: str, found: Paired) -> str:
    """A paired comparison in words, which claim nothing inside the interval."""
    ahead = f"{found.only_first} of {found.count} points right that it has wrong"
    interval = f"{100 * found.low:+.0f} to {100 * found.high:+.0f} percentage points right"
    verdict = "a difference is shown" if found.shown else "no difference shown"
    behind = f"{found.only_second} the other way round"
    return f"Against {name}: {ahead}, {behind}; {verdict} ({interval}, p {found.chance:.2g})."


def undecided(right: Mapping[str, Right]) -> list[str]:
    """The classical arms from which the quantum one cannot be told."""
    return [name for name in ("heuristic", "baseline") if not paired(right["quantum"], right[name]).shown]
