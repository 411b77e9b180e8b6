"""Files of Pauli words: what is read, and every refusal with its place."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers import pauli
from hybridops.workflows.molecules_builtin import helium_hydride, hydrogen, stretched_hydrogen, trihydrogen
from hybridops.workflows.molecules_steps import facts
from hybridops.workflows.pauli_json import parse
from tests.solvers.public import public

BUILTINS = {"h2": hydrogen, "h2 far": stretched_hydrogen, "heh+": helium_hydride, "h3+": trihydrogen}
FILES = (
    "h2_sto3g_0.735",
    "heh+_sto3g_0.90",
    "lih_sto3g_1.60_cas(2,3)",
    "lih_sto3g_1.60_cas(2,5)",
    "beh2_sto3g_1.33_cas(4,4)",
)


def h2(**changed: Any) -> bytes:
    """The installed molecule with some fields changed; None takes one away."""
    document = json.loads(hydrogen()) | changed
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


def with_term(*rows: Any) -> bytes:
    return h2(terms=[*json.loads(hydrogen())["terms"], *rows], hf_energy=None)


@pytest.mark.parametrize("name", FILES)
def test_public_files_are_read_and_their_energies_hold(name: str):
    data = public(f"vqe/{name}.json")
    stored, molecule = json.loads(data), parse(data)
    assert molecule.hartree_fock == pytest.approx(stored["hf_energy"], abs=1e-8)
    assert len(molecule.hamiltonian.terms) == len(stored["terms"])
    found = facts(molecule)
    assert found["qubits"] == stored["n_qubits"]
    assert found["settings"] == 2
    assert found["lowest_anywhere"]["energy"] == pytest.approx(
        stored["ground_eigenvalue_all_sectors"], abs=1e-8
    )


@pytest.mark.parametrize("name", BUILTINS)
def test_installed_molecules_are_read(name: str):
    data = BUILTINS[name]()
    found = facts(parse(data))
    assert found["electrons"] == 2
    assert found["kind"] == "Molecule"
    assert "Pauli words" in found["size"]
    assert data == BUILTINS[name](), "the same bytes each time, so that a snapshot keeps its digest"


@pytest.mark.parametrize("claim", ["hf_energy", "fci_energy", "ground_eigenvalue_all_sectors"])
def test_energies_that_a_file_states_have_to_be_its_own(claim: str):
    with pytest.raises(BadInput, match="correct it or leave it out") as caught:
        facts(parse(h2(**{claim: -1.2})))
    assert caught.value.field == claim


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "expected JSON"),
        (b"[]", "expected an object"),
        (b"\xff{}", "UTF-8"),
        (b'{"terms": [}', "line 1, column 12: expected JSON"),
        (b'{"terms": NaN}', "finite"),
        (b'{"n_qubits": 4, "n_qubits": 4}', "each name once"),
        (b"[" * 500_000, "flat lists"),
        (b'{"n_qubits": ' + b"9" * 5000 + b"}", "ordinary numbers"),
        (h2(n_qubits=None), '"n_qubits"'),
        (h2(terms=None), '"terms"'),
        (h2(mapping=None), '"mapping"'),
        (h2(mapping="parity"), "jordan-wigner"),
        (h2(mapping=["jordan-wigner (interleaved spin)"]), "jordan-wigner"),
        (h2(colour="red"), "expected only"),
        (h2(active_space=[2]), r"\[electrons, orbitals\]"),
        (h2(active_space=[2.0, 2]), r"\[electrons, orbitals\]"),
        (h2(active_space=[True, 2]), r"\[electrons, orbitals\]"),
        (h2(active_space=[2, 6], n_qubits=12), "2 to 5 orbitals"),
        (h2(active_space=[2, 10**30]), "2 to 5 orbitals"),
        (h2(active_space=[1, 1], n_qubits=2), "2 to 5 orbitals"),
        (h2(active_space=[3, 2]), "even number of electrons"),
        (h2(active_space=[0, 2]), "even number of electrons"),
        (h2(active_space=[4, 2]), "even number of electrons"),
        (h2(active_space=[-2, 2]), "even number of electrons"),
        (h2(n_qubits=6), "two for each orbital"),
        (h2(n_qubits=4.0), "two for each orbital"),
        (h2(terms=[]), "1 to 5,000"),
        (h2(terms={"": 1}), "1 to 5,000"),
        (h2(terms=[{"pauli": "", "coeff": 1}] * 5001), "1 to 5,000"),
        (h2(name="x" * 201), "at most 200"),
        (h2(name=7), "at most 200"),
        (h2(hf_energy="low"), "real number"),
        (with_term("Z0"), r"terms\[15\]"),
        (with_term({"pauli": "Z0"}), r"terms\[15\]"),
        (with_term({"pauli": 0, "coeff": 1}), r"terms\[15\]"),
        (with_term({"pauli": "Z0 Z1", "coeff": 0.1, "x": 1}), r"terms\[15\]"),
        (with_term({"pauli": "Z0", "coeff": 0.1}), "each word once"),
        (with_term({"pauli": "Z4", "coeff": 0.1}), "no such qubit"),
        (with_term({"pauli": "Z1 Z0", "coeff": 0.1}), "out of order"),
        (with_term({"pauli": "Q0", "coeff": 0.1}), "X, Y or Z"),
        (with_term({"pauli": "Z0" * 10**5, "coeff": 0.1}), "X, Y or Z"),
        (with_term({"pauli": "X0 Y2", "coeff": 0.1}), "even number of Y"),
        (with_term({"pauli": "X0", "coeff": 0.1}), "electrons of each spin"),
        (with_term({"pauli": "X0 X1", "coeff": 0.1}), "electrons of each spin"),
        (with_term({"pauli": "Z0 Z1 Z2 Z3", "coeff": [0.1, 0.2]}), "Hermitian"),
        (with_term({"pauli": "Z0 Z1 Z2 Z3", "coeff": "0.1+1j"}), "Hermitian"),
        (with_term({"pauli": "Z0 Z1 Z2 Z3", "coeff": True}), "Hermitian"),
        (with_term({"pauli": "Z0 Z1 Z2 Z3", "coeff": None}), "Hermitian"),
        (with_term({"pauli": "Z0 Z1 Z2 Z3", "coeff": 1e5}), "within 10,000"),
        (b'{"n_qubits": 4, "active_space": [2, 2], "mapping": "jordan-wigner (interleaved spin)", "terms": [{"pauli": "", "coeff": 1e999}]}', "real number"),
    ],
)  # fmt: skip
def test_refusals(data: bytes, words: str):
    with pytest.raises(BadInput, match=words):
        parse(data)


def test_more_than_two_electrons_do_not_meet_at_once():
    six = {"pauli": "X0 X1 X2 X3 X4 X5", "coeff": 0.1}
    document = json.loads(trihydrogen())
    document["terms"].append(six)
    with pytest.raises(BadInput, match="two by two"):
        parse(json.dumps(document).encode())


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["terms", "n_qubits", "pauli", "coeff", "mapping", "active_space"]), inner, max_size=4)).map(lambda found: json.dumps(found).encode()))  # fmt: skip
def test_anything_else_is_refused_and_nothing_breaks(data: bytes):
    with pytest.raises(BadInput):
        parse(data)


def test_a_file_without_a_name_is_no_worse():
    molecule = parse(h2(name=None, geometry=None, basis=None))
    assert molecule.name == "Molecule"
    assert pauli.lowest(molecule.hamiltonian, np.arange(16)) < molecule.hartree_fock
