"""Molecules that come installed: their Hamiltonians are computed here, from the distances of their nuclei alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from hybridops.solvers.fermions import hamiltonian
from hybridops.solvers.gaussians import orbitals
from hybridops.solvers.pauli import text_of
from hybridops.workflows.pauli_json import MAPPING

type Atoms = Sequence[tuple[str, tuple[float, float, float]]]


def hydrogen(distance: float = 0.735) -> bytes:
    """H2 with its nuclei so many Angstrom apart; 0.735 is about where they rest."""
    return molecule(f"H2 at {distance:g} A", [("H", (0, 0, 0)), ("H", (0, 0, distance))])


def stretched_hydrogen() -> bytes:
    """H2 at twice that distance, where Hartree-Fock is far off."""
    return hydrogen(1.5)


def helium_hydride(distance: float = 0.774) -> bytes:
    """HeH+, whose ground state has fewer electrons than the lowest state of the same Hamiltonian."""
    return molecule(f"HeH+ at {distance:g} A", [("He", (0, 0, 0)), ("H", (0, 0, distance))], charge=1)


def trihydrogen(side: float = 0.873) -> bytes:
    """H3+, an equilateral triangle: two electrons in three orbitals."""
    corner = (side / 2, side * math.sqrt(3) / 2, 0.0)
    return molecule(
        f"H3+ of side {side:g} A", [("H", (0, 0, 0)), ("H", (side, 0, 0)), ("H", corner)], charge=1
    )


def molecule(name: str, atoms: Atoms, charge: int = 0) -> bytes:
    """A file of Pauli words in STO-3G, as `pauli_json` reads it: all electrons, all orbitals, places in Angstrom."""
    electrons = sum({"H": 1, "He": 2}[symbol] for symbol, _ in atoms) - charge
    found = orbitals(atoms, electrons)
    made = hamiltonian(found.core, found.one, found.two)
    places = "; ".join(f"{symbol} {' '.join(f'{part:.6g}' for part in at)}" for symbol, at in atoms)
    document = {
        "name": name,
        "geometry": places,
        "basis": "sto-3g",
        "active_space": [electrons, len(atoms)],
        "mapping": MAPPING,
        "n_qubits": made.qubits,
        "hf_energy": round(found.energy, 10),
        "terms": [
            {"pauli": text_of(word, made.qubits), "coeff": round(value, 10)}
            for word, value in sorted(made.terms.items(), key=lambda term: (term[0] != (0, 0), *term[0]))
        ],
    }
    return (json.dumps(document, indent=1) + "\n").encode()
