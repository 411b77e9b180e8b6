"""Support vector machines on kernel matrices: projection to what is a kernel, decisions, choice by validation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from hybridops.solvers.problem import Floats, Ints

COSTS = (0.1, 1.0, 10.0, 100.0)  # C: what a training point on the wrong side costs
FOLDS = 5
_ITERATIONS_MAX = 20_000  # bounds the time on data that no hyperplane separates


def rbf(left: Floats, right: Floats, gamma: float) -> Floats:
    """exp(-gamma |x - y|^2), shape (a, b), of points (a, f) and (b, f)."""
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2 * left @ right.T
    found: Floats = np.exp(-gamma * np.maximum(squares, 0.0))
    return found


def projected(gram: Floats) -> tuple[Floats, Floats]:
    """The nearest positive semi-definite matrix (m, m), and what takes rows (t, m) of other points along.

    Negative eigenvalues, which noise leaves, go to 0 (Chen et al., J. Mach. Learn. Res. 10 (2009) 747).
    """
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    kept = vectors[:, values > 0]
    through = kept @ kept.T
    return (kept * values[values > 0]) @ kept.T, through


def decided(gram: Floats, labels: Ints, rows: Floats, cost: float) -> Ints:
    """The class, 0 or 1, of each of `rows` (t, m) by a machine trained on `gram` (m, m) and `labels` (m,).

    Both classes are among the labels.
    """
    from sklearn import config_context  # heavy: pages that describe a file need none of it
    from sklearn.svm import SVC

    machine = SVC(kernel="precomputed", C=cost, max_iter=_ITERATIONS_MAX, cache_size=64)
    checked = config_context(assume_finite=True, skip_parameter_validation=True)  # hundreds of tiny fits
    with warnings.catch_warnings(), checked:
        warnings.simplefilter("ignore")  # that it stopped early: bounded on purpose
        found: Ints = machine.fit(gram, labels).predict(rows).astype(np.int64)
    return found


def folds(labels: Ints, seed: Sequence[int]) -> Ints:
    """The number of the fold of each point, each class spread evenly over FOLDS."""
    rng = np.random.default_rng(list(seed))
    found = np.empty(len(labels), dtype=np.int64)
    for label in (0, 1):
        members = rng.permutation(np.flatnonzero(labels == label))
        found[members] = np.arange(len(members)) % FOLDS
    return found


def validated(gram: Floats, labels: Ints, fold: Ints) -> list[float]:
    """The share wrong for each of COSTS, by cross-validation inside the training points alone."""
    wrong = [0] * len(COSTS)
    for number in range(FOLDS):
        out, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        inner, across = gram[np.ix_(kept, kept)], gram[np.ix_(out, kept)]
        for at, cost in enumerate(COSTS):
            wrong[at] += int((decided(inner, labels[kept], across, cost) != labels[out]).sum())
    return [count / len(labels) for count in wrong]


def landmarks(gram: Floats, labels: Ints, count: int) -> list[int]:
    """Training points that stand for the others, the classes in turn: each adds most similarity to its own class.

    Greedy facility location (Nemhauser et al. 1978): any beginning of the list is the list of fewer.
    """
    chosen: list[int] = []
    covered = np.zeros(len(labels))
    for number in range(count):
        own = np.flatnonzero(labels == number % 2)
        gain = np.maximum(gram[np.ix_(own, own)] - covered[own][:, None], 0.0).sum(axis=0)
        gain[np.isin(own, chosen)] = -1.0
        best = int(own[int(gain.argmax())])
        chosen.append(best)
        covered[own] = np.maximum(covered[own], gram[own, best])
    return chosen
