"""Pauli sums against matrices written out with the tensor product."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.solvers import pauli
from hybridops.solvers.pauli import PauliSum

LETTERS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
QUBITS = 3
words = st.text("IXYZ", min_size=QUBITS, max_size=QUBITS)
sums = st.dictionaries(words, st.floats(-2, 2), min_size=1, max_size=12)


def text(word: str) -> str:
    return " ".join(f"{letter}{at}" for at, letter in enumerate(word) if letter != "I")


def matrix(word: str) -> np.ndarray:
    """Qubit 0 first."""
    return reduce(np.kron, (LETTERS[letter] for letter in word))


def made(terms: dict[str, float]) -> tuple[PauliSum, np.ndarray]:
    found = {pauli.word_of(text(word), QUBITS): value for word, value in terms.items()}
    return PauliSum(QUBITS, found), sum(value * matrix(word) for word, value in terms.items())


@given(sums)
def test_a_sum_acts_as_its_matrix_does(terms: dict[str, float]):
    found, dense = made(terms)
    everything = np.arange(1 << QUBITS)
    assert np.allclose(pauli.within(found.flips(), everything), dense)
    assert np.allclose(found.diagonal(), np.real(np.diag(dense)))
    assert pauli.lowest(found, everything) == pytest.approx(np.linalg.eigvalsh(dense)[0], abs=1e-9)


@given(sums, st.integers(0, 2**32 - 1))
def test_an_expectation_is_that_of_the_matrix(terms: dict[str, float], seed: int):
    found, dense = made(terms)
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(4, 1 << QUBITS)) + 1j * rng.normal(size=(4, 1 << QUBITS))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    expected = np.einsum("bs,st,bt->b", states.conj(), dense, states)
    assert np.allclose(pauli.expectations(found, states), expected.real)


@given(st.lists(words, max_size=5))
def test_a_product_of_words_has_its_phase(several: list[str]):
    (x, z), phase = pauli.product([pauli.word_of(text(word), QUBITS) for word in several])
    found = PauliSum(QUBITS, {(x, z): 1.0})
    expected = reduce(np.matmul, (matrix(word) for word in several), np.eye(1 << QUBITS))
    assert np.allclose(phase * pauli.within(found.flips(), np.arange(1 << QUBITS)), expected)


@given(words)
def test_a_word_reads_as_it_is_written(word: str):
    assert pauli.text_of(pauli.word_of(text(word), QUBITS), QUBITS) == text(word)


@pytest.mark.parametrize(
    "wrong", ["A0", "X", "X-1", "X3", "X1 X0", "X0 X0", "x0", "X0  Z1", " X0", "X0,Z1", "X²", "X" + "1" * 99]
)
def test_other_words_are_refused(wrong: str):
    with pytest.raises(ValueError):
        pauli.word_of(wrong, QUBITS)


def test_sectors_hold_every_state_once_and_the_lowest_of_them_is_the_lowest_of_all():
    hopping = {"X0 Z1 X2": 0.5, "Y0 Z1 Y2": 0.5, "X1 Z2 X3": 0.3, "Y1 Z2 Y3": 0.3, "Z0": 0.4, "Z1 Z2": -0.7}
    found = PauliSum(4, {pauli.word_of(word, 4): value for word, value in hopping.items()})
    assert not pauli.leaves_sectors(found)
    sizes = [(up, down) for up in range(3) for down in range(3)]
    assert sorted(state for size in sizes for state in pauli.sector(4, *size)) == list(range(16))
    energy, up, down = pauli.lowest_anywhere(found)
    assert energy == pytest.approx(pauli.lowest(found, np.arange(16)))
    assert energy == pytest.approx(pauli.lowest(found, pauli.sector(4, up, down)))
    assert pauli.leaves_sectors(PauliSum(4, {pauli.word_of("X0", 4): 1e-3}))
    assert pauli.leaves_sectors(PauliSum(4, {pauli.word_of("X0 X1", 4): 1.0})), (
        "two up would be one up, one down"
    )
