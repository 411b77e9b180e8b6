"""The exact quantum kernel and the machines on kernels: what has to hold whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hybridops.solvers.feature_map import angles, embedded, kernel, nbytes
from hybridops.solvers.kernel_svm import COSTS, FOLDS, decided, folds, landmarks, projected, rbf, validated
from hybridops.solvers.problem import Floats

few = st.integers(1, 5).flatmap(
    lambda n: arrays(float, st.tuples(st.integers(2, 6), st.just(n)), elements=st.floats(-4, 4))
)


def noisy(seed: int, size: int = 6) -> Floats:
    """A symmetric matrix with 1 on its diagonal that need not be a kernel."""
    half = np.triu(np.random.default_rng(seed).uniform(size=(size, size)), k=1)
    found: Floats = half + half.T + np.eye(size)
    return found


@settings(max_examples=40, deadline=None)
@given(few)
def test_a_kernel_is_symmetric_semi_definite_and_one_with_itself(points: Floats):
    found = kernel(points, points)
    assert np.allclose(found, found.T, atol=1e-12)
    assert np.allclose(found.diagonal(), 1, atol=1e-9)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.linalg.eigvalsh(found).min() > -1e-9
    assert np.allclose((np.abs(embedded(points)) ** 2).sum(axis=1), 1)


@settings(max_examples=20, deadline=None)
@given(few)
def test_the_state_is_that_of_the_definition(points: Floats):
    """D H D H, by matrices that share nothing with the batched code."""
    qubits = points.shape[1]
    z = np.diag([1.0, -1.0])
    hadamard = np.array([[1, 1], [1, -1]]) / np.sqrt(2)

    def on(matrix: Floats, *places: int) -> Floats:
        found = np.eye(1)
        for at in range(qubits):
            found = np.kron(found, matrix if at in places else np.eye(2))
        return found

    turn = sum(x * on(z, at) for at, x in enumerate(points[0]))
    turn = turn + sum(points[0][at] * points[0][at + 1] * on(z, at, at + 1) for at in range(qubits - 1))
    step = np.diag(np.exp(-0.5j * np.diag(turn))) @ on(hadamard, *range(qubits))
    expected = (step @ step)[:, 0]
    assert np.allclose(embedded(points[:1])[0], expected, atol=1e-10)


def test_angles_are_coordinates_and_products_of_neighbours():
    assert angles(np.array([[1.0, 2.0, 3.0]])).tolist() == [[1, 2, 3, 2, 6]]
    assert angles(np.array([[2.0]])).tolist() == [[2]]
    assert nbytes(2000, 10) < 400e6


@given(st.integers(0, 200))
def test_a_projection_is_semi_definite_and_leaves_kernels_alone(seed: int):
    gram = noisy(seed)
    mended, through = projected(gram)
    assert np.linalg.eigvalsh(mended).min() > -1e-9
    assert np.allclose(gram @ through, mended), "rows of the same points go the same way"
    points = np.random.default_rng(seed).normal(size=(5, 3))
    kept, still = projected(rbf(points, points, 0.5))
    assert np.allclose(kept, rbf(points, points, 0.5))
    assert np.allclose(still, np.eye(5), atol=1e-6)


def two_clouds(count: int = 40) -> tuple[Floats, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = np.arange(count) % 2
    return rng.normal(size=(count, 2)) + 4.0 * labels[:, None], labels


def test_a_machine_tells_two_clouds_apart_and_validation_sees_it():
    points, labels = two_clouds()
    gram = rbf(points, points, 0.2)
    assert (decided(gram, labels, gram, 1.0) == labels).all()
    wrong = validated(gram, labels, folds(labels, (1,)))
    assert len(wrong) == len(COSTS)
    assert min(wrong) == 0
    shuffled = np.random.default_rng(5).permutation(labels)
    assert min(validated(gram, shuffled, folds(shuffled, (1,)))) > 0.2


def test_folds_spread_each_class():
    labels = np.array([0] * 11 + [1] * 7)
    found = folds(labels, (4,))
    for label in (0, 1):
        counts = np.bincount(found[labels == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
    assert (found == folds(labels, (4,))).all()


@pytest.mark.parametrize("count", [2, 5, 8])
def test_landmarks_alternate_and_any_beginning_is_the_shorter_list(count: int):
    points, labels = two_clouds()
    gram = rbf(points, points, 0.2)
    found = landmarks(gram, labels, 8)
    assert len(set(found)) == 8
    assert [labels[at] for at in found] == [0, 1] * 4
    assert landmarks(gram, labels, count) == found[:count]
