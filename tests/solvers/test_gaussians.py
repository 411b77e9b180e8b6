"""Molecules from distances alone, against published numbers and files that another program made."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hybridops.solvers import pauli
from hybridops.solvers.fermions import hamiltonian
from hybridops.solvers.gaussians import BOHR, orbitals
from tests.solvers.public import public

FILES = {
    "h2_sto3g_0.735": ([("H", (0, 0, 0)), ("H", (0, 0, 0.735))], 2),
    "heh+_sto3g_0.90": ([("He", (0, 0, 0)), ("H", (0, 0, 0.9))], 2),
}


def test_hydrogen_at_1_4_bohr_is_that_of_the_textbook():
    """Szabo, Ostlund, section 3.5.2: orbital energies' parts and the total energy of minimal-basis H2."""
    found = orbitals([("H", (0, 0, 0)), ("H", (0, 0, 1.4 * BOHR))], 2)
    assert found.energy == pytest.approx(-1.1167, abs=1e-4)
    assert np.diag(found.one) == pytest.approx([-1.2528, -0.4756], abs=1e-4)
    assert found.one[0, 1] == pytest.approx(0, abs=1e-9)
    assert found.two[0, 0, 0, 0] == pytest.approx(0.6746, abs=1e-4)
    assert found.two[0, 0, 1, 1] == pytest.approx(0.6636, abs=1e-4)
    assert found.two[0, 1, 0, 1] == pytest.approx(0.1813, abs=1e-4)
    assert found.two[1, 1, 1, 1] == pytest.approx(0.6975, abs=1e-4)
    assert found.core == pytest.approx(1 / 1.4)


@pytest.mark.parametrize("name", FILES)
def test_another_program_made_the_same_words(name: str):
    """Up to the signs of orbitals, which are free."""
    atoms, electrons = FILES[name]
    found = orbitals(atoms, electrons)
    made = hamiltonian(found.core, found.one, found.two)
    stored = json.loads(public(f"vqe/{name}.json"))
    words = {pauli.word_of(row["pauli"], made.qubits): row["coeff"] for row in stored["terms"]}
    assert set(words) == set(made.terms)
    assert all(abs(abs(made.terms[word]) - abs(value)) < 1e-6 for word, value in words.items())
    assert found.energy == pytest.approx(stored["hf_energy"], abs=1e-6)
    exact = pauli.lowest(made, pauli.sector(made.qubits, electrons // 2, electrons // 2))
    assert exact == pytest.approx(stored["fci_energy"], abs=1e-6)
    assert pauli.lowest_anywhere(made)[0] == pytest.approx(stored["ground_eigenvalue_all_sectors"], abs=1e-6)


def test_apart_the_exact_energy_is_that_of_two_atoms():
    """Twice a hydrogen atom in this basis, -0.46658 Hartree; Hartree-Fock does not know how to come apart."""
    found = orbitals([("H", (0, 0, 0)), ("H", (0, 0, 6.0))], 2)
    exact = pauli.lowest(hamiltonian(found.core, found.one, found.two), pauli.sector(4, 1, 1))
    assert exact == pytest.approx(-2 * 0.46658, abs=1e-4)
    assert found.energy > exact + 0.2


def test_a_turned_and_moved_molecule_is_the_same():
    here = orbitals([("H", (0, 0, 0)), ("He", (0, 0, 0.8))], 2)
    there = orbitals([("He", (1.0, 2.0, 3.0)), ("H", (1.0 + 0.48, 2.0, 3.0 - 0.64))], 2)
    assert there.energy == pytest.approx(here.energy, abs=1e-9)


def test_atoms_on_one_spot_are_refused():
    with pytest.raises(ValueError, match="one spot"):
        orbitals([("H", (0, 0, 0)), ("H", (0, 0, 0))], 2)
