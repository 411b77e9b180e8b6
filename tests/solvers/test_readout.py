"""Settings of the measured qubits, energies in counts, and how repeats are shared out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.solvers import pauli
from hybridops.solvers.pauli import PauliSum
from hybridops.solvers.readout import (
    Reading,
    chances,
    damping,
    reading,
    rescaled,
    settings,
    shared_out,
    shifted,
    together,
)
from tests.solvers.test_pauli import QUBITS, made, sums, text, words


@given(sums)
def test_every_word_is_read_in_exactly_one_setting_that_can_read_it(terms: dict[str, float]):
    found, _ = made(terms)
    read = settings(found)
    assert sorted(word for setting in read for word in setting.words) == sorted(found.terms)
    for setting in read:
        for word in setting.words:
            letters = dict(part[::-1] for part in pauli.text_of(word, QUBITS).split())
            assert all(setting.bases[int(qubit)] == letter for qubit, letter in letters.items())


@given(
    st.dictionaries(words.filter(lambda word: "Y" not in word), st.floats(-2, 2), min_size=1),
    st.integers(0, 2**32),
)
def test_settings_add_up_to_the_expectation(terms: dict[str, float], seed: int):
    found, dense = made(terms)
    state = np.random.default_rng(seed).normal(size=(1, 1 << QUBITS))
    state /= np.linalg.norm(state)
    read = sum(chances(state, setting.bases) @ setting.energy for setting in settings(found))
    assert np.allclose(read, np.real(state @ dense @ state.T)[0])


def test_the_error_takes_in_how_words_vary_together():
    """On a Bell state Z0 and Z1 are one coin: their sum varies as 2 Z, their difference not at all."""
    same, apart = (
        PauliSum(2, {pauli.word_of("Z0", 2): 1.0, pauli.word_of("Z1", 2): sign}) for sign in (1.0, -1.0)
    )
    counts = np.array([0, 3]), np.array([5000, 5000])
    together_, opposed = (reading(settings(one)[0], *counts) for one in (same, apart))
    assert together_ is not None and opposed is not None
    assert together_.variance == pytest.approx(4 / 9999)
    assert (opposed.energy, opposed.variance) == (0, 0)


def test_errors_are_those_that_repeated_readings_show():
    found, _ = made({"ZZI": 0.5, "IZZ": -0.8, "ZII": 0.3, "XXI": 0.4, "IXX": 0.2})
    state = np.random.default_rng(1).normal(size=(1, 8))
    state /= np.linalg.norm(state)
    rng = np.random.default_rng(2)
    read = []
    for _ in range(400):
        parts = []
        for setting in settings(found):
            seen = rng.multinomial(500, chances(state, setting.bases)[0])
            parts.append(reading(setting, np.arange(8), seen))
        read.append(together(parts))
    assert np.std([one.energy for one in read]) == pytest.approx(
        np.sqrt(np.mean([one.variance for one in read])), rel=0.15
    )
    assert np.mean([one.energy for one in read]) == pytest.approx(
        float(pauli.expectations(found, state)[0]), abs=0.01
    )


def test_what_was_not_read_has_no_energy():
    setting = settings(PauliSum(1, {pauli.word_of("Z0", 1): 1.0}))[0]
    assert reading(setting, np.array([], dtype=int), np.array([], dtype=int)) is None
    assert reading(setting, np.array([1]), np.array([1])) is None
    assert together([Reading(1.0, 0.1, 1.0, 10), None]) is None
    assert together([]) is None
    with pytest.raises(ValueError, match="X and Z"):
        chances(np.array([[1.0, 0.0]]), "Y")


def test_what_is_known_of_a_device_is_taken_out_with_its_own_error():
    """A word that should be 1 is found at 0.8; an energy that should be 0 at 0.1."""
    word = pauli.word_of("X0 X1", 2)
    found = damping(word, np.array([0, 3, 1]), np.array([45, 45, 10]))
    assert found is not None
    assert found.energy == pytest.approx(0.8)
    assert damping(word, np.array([0]), np.array([1])) is None
    mended = rescaled(Reading(-0.4, 0.01, 1.0, 100), found)
    assert mended.energy == pytest.approx(-0.5)
    assert mended.variance == pytest.approx((0.01 + 0.25 * found.variance) / 0.64)
    less = shifted(Reading(-0.4, 0.01, 1.0, 100), Reading(0.1, 0.02, 1.0, 50))
    assert (less.energy, less.variance) == pytest.approx((-0.5, 0.03))


@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.integers(6, 60))
def test_repeats_fill_the_places_and_leave_no_setting_out(spreads: list[float], places: int):
    found = shared_out(spreads, places)
    assert sum(found) == places
    assert min(found) >= 1
    if sum(spreads) > 0:
        ideal = [places * spread / sum(spreads) for spread in spreads]
        assert all(often >= share - len(spreads) for often, share in zip(found, ideal, strict=True))


def test_words_are_named_as_files_name_them():
    assert text("XIY") == "X0 Y2"
