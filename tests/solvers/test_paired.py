"""The template of paired electrons: what it keeps, and that two settings read all of a molecule on it."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.solvers import pauli, statevector
from hybridops.solvers.fermions import hamiltonian
from hybridops.solvers.paired import measured_part, paired, prepared, whole_pairs
from hybridops.solvers.readout import chances
from hybridops.solvers.readout import settings as settings_of

SIZES = [(orbitals, pairs) for orbitals in range(2, 6) for pairs in range(1, orbitals)]
sizes = st.sampled_from(SIZES)
seeds = st.integers(0, 2**32 - 1)


def random_molecule(orbitals: int, seed: int) -> pauli.PauliSum:
    """Integrals with the symmetries that those of real orbitals have."""
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=(orbitals,) * 2), rng.normal(size=(orbitals,) * 4)
    two = two + two.transpose(1, 0, 2, 3)
    two = two + two.transpose(0, 1, 3, 2)
    return hamiltonian(float(rng.normal()), one + one.T, two + two.transpose(2, 3, 0, 1))


def points(orbitals: int, pairs: int, seed: int, count: int = 3) -> np.ndarray:
    shape = (count, len(paired(orbitals, pairs).halves))
    return np.random.default_rng(seed).uniform(-2 * np.pi, 2 * np.pi, shape)


@given(sizes, seeds)
@settings(max_examples=30)
def test_every_state_has_the_electrons_in_pairs(size: tuple[int, int], seed: int):
    template = paired(*size)
    states = prepared(template, points(*size, seed))
    assert np.allclose(np.linalg.norm(states, axis=1), 1)
    outside = np.setdiff1d(np.arange(states.shape[1]), whole_pairs(template.qubits, template.pairs))
    assert np.abs(states[:, outside]).max() < 1e-12


@pytest.mark.parametrize("size", SIZES)
def test_without_turns_it_is_hartree_fock(size: tuple[int, int]):
    template = paired(*size)
    state = prepared(template, np.zeros((1, len(template.halves))))[0]
    filled = ((1 << 2 * template.pairs) - 1) << 2 * (template.orbitals - template.pairs)
    assert abs(state[filled]) == pytest.approx(1)


@given(st.sampled_from(SIZES[:6]), seeds)
@settings(max_examples=25, deadline=None)
def test_two_settings_read_all_of_any_molecule_on_it(size: tuple[int, int], seed: int):
    template, molecule = paired(*size), random_molecule(size[0], seed)
    states = prepared(template, points(*size, seed))
    part = measured_part(molecule)
    assert np.allclose(pauli.expectations(part, states), pauli.expectations(molecule, states))
    read = settings_of(part)
    assert [set(setting.bases) for setting in read] == [{"Z"}, {"X"}]
    energies = sum(chances(states, setting.bases) @ setting.energy for setting in read)
    assert np.allclose(energies, pauli.expectations(molecule, states))


@given(sizes, seeds)
@settings(max_examples=15, deadline=None)
def test_its_gates_do_what_the_other_simulator_says(size: tuple[int, int], seed: int):
    """Chances before and behind the readout gates of X: rz and rx by a quarter turn."""
    template, point = paired(*size), points(*size, seed, 1)
    gates: list[statevector.Gate] = [
        (name, on, None if turn is None else turn[0] * point[0, turn[1]]) for name, on, turn in template.steps
    ]
    quarter = [(name, (qubit,), np.pi / 2) for qubit in range(template.qubits) for name in ("rz", "rx")]
    states = prepared(template, point)
    for letter, more in (("Z", []), ("X", quarter)):
        expected = statevector.distribution(template.qubits, [*gates, *more], range(template.qubits), np)
        assert np.allclose(chances(states, letter * template.qubits)[0], expected)


@pytest.mark.parametrize("size", [(2, 1), (3, 1), (4, 2), (5, 2)])
def test_a_curve_has_the_frequencies_that_the_template_names(size: tuple[int, int]):
    """Of each parameter, at random others: nothing beyond 1, and 1/2 only where it says so."""
    template, molecule = paired(*size), measured_part(random_molecule(size[0], 5))
    base = points(*size, 11, 1)[0]
    for number, half in enumerate(template.halves):
        turns = np.arange(16) * 4 * np.pi / 16
        along = np.repeat(base[None, :], 16, axis=0)
        along[:, number] += turns
        weights = np.abs(np.fft.rfft(pauli.expectations(molecule, prepared(template, along)))) / 16
        assert weights[3:].max() < 1e-9
        assert (weights[1] > 1e-9) == half


@pytest.mark.parametrize(("orbitals", "pairs", "two"), [(2, 1, 3), (3, 1, 6), (4, 2, 10), (5, 1, 12)])
def test_two_qubit_gates_are_few(orbitals: int, pairs: int, two: int):
    assert sum(len(on) == 2 for _, on, _ in paired(orbitals, pairs).steps) == two


@pytest.mark.parametrize("size", [(2, 0), (2, 2), (3, 4)])
def test_nothing_to_rotate_is_refused(size: tuple[int, int]):
    with pytest.raises(ValueError, match="nothing to rotate"):
        paired(*size)


def test_any_array_library_prepares_the_same():
    template, at = paired(4, 2), points(4, 2, 1)
    assert np.allclose(prepared(template, at, array_api_strict), prepared(template, at))
