"""What the measured machine is: landmarks, bandwidth and C, chosen on training points alone, with the shots to come.

A kernel that is nearly 1 everywhere classifies well when it is known exactly and badly when it is counted, so the small
machine is tried on entries drawn with half the shots to come: a device adds its own noise to that of counting. What it
is tried on are the training points that are no landmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.ports import StepInput
from hybridops.solvers.kernel_svm import COSTS, decided, landmarks, projected, rbf
from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.kernels_order import LANDMARKS_MAX, Target, target
from hybridops.workflows.kernels_prepare import Points
from hybridops.workflows.kernels_settings import settings_of

BANDWIDTHS = (0.2, 0.35, 0.6, 0.9, 1.3)  # radians for one standard deviation of a component
WIDTHS = (0.1, 0.25, 0.5, 1.0, 2.0)  # gamma of an RBF kernel, times the number of features
_DRAWS = 8  # noisy kernels that a choice is averaged over
_NOISE = 4  # stream of the run's seed


@dataclass(frozen=True, slots=True)
class Choices:
    """`landmarks` by their place among the training points; for each number of them from 2 on the C of the measured
    machine in `costs`, and [gamma, C] of an RBF machine on the same points in `alike`.
    """

    target: Target
    landmarks: tuple[int, ...]
    bandwidth: float
    costs: list[float]
    alike: list[list[float]]


def chosen(step: StepInput, points: Points, grams: Sequence[Floats]) -> Choices:
    """All choices of a run; `grams` are the exact kernels of the training points, one for each of BANDWIDTHS."""
    settings, labels = settings_of(step.parameters), points.labels[points.train]
    most = min(LANDMARKS_MAX, 2 * int(np.bincount(labels).min()), len(labels) // 2)
    wanted = target(settings.budget, most, len(points.test))
    tried = []
    for at, gram in enumerate(grams):
        places = landmarks(gram, labels, wanted.landmarks)
        rng = np.random.default_rng([step.seed, _NOISE, at])
        tried.append((best_cost(gram, labels, places, settings.shots // 2, rng)[0], at, places))
    _, best, places = min(tried)
    rng = np.random.default_rng([step.seed, _NOISE, len(grams)])
    sizes = range(2, wanted.landmarks + 1)
    costs = [best_cost(grams[best], labels, places[:size], settings.shots // 2, rng)[1] for size in sizes]
    alike = [_width(points, labels, places[:size]) for size in sizes]
    return Choices(wanted, tuple(places), BANDWIDTHS[best], costs, alike)


def best_cost(
    gram: Floats, labels: Ints, places: list[int], shots: int, rng: np.random.Generator
) -> tuple[float, float]:
    """(share wrong, C) that errs least with entries counted from so many shots; the smallest C of equals."""
    others = np.setdiff1d(np.arange(len(labels)), places)
    wrong = np.zeros(len(COSTS))
    for _ in range(_DRAWS):
        inner, across = (
            rng.binomial(shots, np.clip(gram[np.ix_(rows, places)], 0, 1)) / shots
            for rows in (places, others)
        )
        mended, through = projected(np.tril(inner, -1) + np.tril(inner, -1).T + np.eye(len(places)))
        wrong += _errors(mended, labels, places, others, across @ through)
    best = int(wrong.argmin())
    return float(wrong[best] / _DRAWS), COSTS[best]


def _width(points: Points, labels: Ints, places: list[int]) -> list[float]:
    """[gamma, C] of the RBF machine on components, whose kernel is known exactly."""
    train = points.components[points.train]
    others = np.setdiff1d(np.arange(len(labels)), places)
    tried = []
    for width in WIDTHS:
        gamma = width / points.qubits
        inner, across = (rbf(train[rows], train[places], gamma) for rows in (places, others))
        errors = _errors(inner, labels, places, others, across)
        tried.append((float(errors.min()), gamma, COSTS[int(errors.argmin())]))
    return list(min(tried)[1:])


def _errors(gram: Floats, labels: Ints, places: list[int], others: Ints, rows: Floats) -> Floats:
    """The share of the other training points that each of COSTS gets wrong."""
    told = [decided(gram, labels[places], rows, cost) != labels[others] for cost in COSTS]
    return np.array([one.mean() for one in told])
