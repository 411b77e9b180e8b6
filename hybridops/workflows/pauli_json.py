"""A molecule's Hamiltonian as Pauli words in JSON, read strictly.

    {"n_qubits": 4, "active_space": [2, 2], "mapping": "jordan-wigner (interleaved spin)",
     "terms": [{"pauli": "", "coeff": -0.1}, {"pauli": "Y0 X1 X2 Y3", "coeff": 0.05}, ...]}

Energies are in Hartree. "name", "geometry", "basis", "hf_energy", "fci_energy" and "ground_eigenvalue_all_sectors"
may be left out; the energies are claims, which are checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.solvers import pauli
from hybridops.solvers.pauli import PauliSum, Word
from hybridops.workflows.json_text import loaded
from hybridops.workflows.text import lines_of

MAPPING = "jordan-wigner (interleaved spin)"
TERMS_MAX = 5_000
COEFFICIENT_MAX = 1e4
CLAIM_SLACK = 1e-6  # Hartree
_WORDS = ("name", "geometry", "basis")
_CLAIMS = ("hf_energy", "fci_energy", "ground_eigenvalue_all_sectors")
_NEEDED = ("n_qubits", "active_space", "mapping", "terms")
_TEXT_MAX = 200


@dataclass(frozen=True, slots=True)
class Molecule:
    """`pairs` of electrons in `orbitals`, two qubits each; `claims` are the energies that the file states."""

    name: str
    geometry: str
    basis: str
    orbitals: int
    pairs: int
    hamiltonian: PauliSum
    claims: Mapping[str, float]

    @property
    def filled(self) -> int:
        """The Hartree-Fock state: the lowest orbitals hold two electrons each."""
        return ((1 << 2 * self.pairs) - 1) << 2 * (self.orbitals - self.pairs)

    @property
    def hartree_fock(self) -> float:
        """Its energy in Hartree."""
        return float(self.hamiltonian.diagonal()[self.filled])


def parse(data: bytes) -> Molecule:
    """Raises BadInput with line and column where it is no JSON, else with the field."""
    document = loaded("\n".join(lines_of(data)), ", ".join(f'"{name}"' for name in _NEEDED))
    known = (*_NEEDED, *_WORDS, *_CLAIMS)
    if unknown := sorted(set(document) - set(known)):
        raise BadInput(f"expected only {', '.join(known)}, found {unknown[0][:40]!r}", field=unknown[0][:40])
    if missing := [name for name in _NEEDED if name not in document]:
        raise BadInput(f'expected "{missing[0]}" in this object', field=missing[0])
    orbitals, pairs = _space(document)
    found = PauliSum(2 * orbitals, _terms(document["terms"], 2 * orbitals))
    if pauli.leaves_sectors(found):
        raise BadInput(
            "expected words that together keep the number of electrons of each spin: check the mapping, "
            "which pairs qubits 2p (up) and 2p + 1 (down)",
            field="terms",
        )
    words = [_text(document.get(name, ""), name) for name in _WORDS]
    claims = {name: _number(document[name], name) for name in _CLAIMS if name in document}
    return Molecule(words[0] or "Molecule", words[1], words[2], orbitals, pairs, found, claims)


def check_claims(molecule: Molecule, exact: float, anywhere: float) -> None:
    """Raises BadInput where an energy that the file states is not that of its own words."""
    computed = dict(zip(_CLAIMS, (molecule.hartree_fock, exact, anywhere), strict=True))
    for name, claimed in molecule.claims.items():
        if abs(claimed - computed[name]) > CLAIM_SLACK:
            raise BadInput(
                f"this file states {name} {claimed:.8f}, but its terms give {computed[name]:.8f}: "
                "correct it or leave it out",
                field=name,
            )


def _space(document: Mapping[str, Any]) -> tuple[int, int]:
    """Orbitals and pairs of electrons."""
    if document["mapping"] != MAPPING:
        raise BadInput(f"expected the mapping {MAPPING!r}", field="mapping")
    space = document["active_space"]
    if not isinstance(space, list) or len(space) != 2 or not all(_whole(part) for part in space):
        raise BadInput('expected "active_space" to be [electrons, orbitals]', field="active_space")
    electrons, orbitals = space
    most = pauli.QUBITS_MAX // 2
    if not 2 <= orbitals <= most:
        raise BadInput(
            f"expected 2 to {most} orbitals, found {orbitals}: choose a smaller active space",
            field="active_space",
        )
    if electrons % 2 or not 0 < electrons < 2 * orbitals:
        raise BadInput(
            f"expected an even number of electrons, 2 to {2 * orbitals - 2} in {orbitals} orbitals, "
            f"found {electrons}",
            field="active_space",
        )
    if not _whole(document["n_qubits"]) or document["n_qubits"] != 2 * orbitals:
        raise BadInput(f'expected "n_qubits" to be {2 * orbitals}, two for each orbital', field="n_qubits")
    return orbitals, electrons // 2


def _terms(rows: Any, qubits: int) -> dict[Word, float]:
    if not isinstance(rows, list) or not 1 <= len(rows) <= TERMS_MAX:
        raise BadInput(f'expected "terms", a list of 1 to {TERMS_MAX:,} words', field="terms")
    found: dict[Word, float] = {}
    for at, row in enumerate(rows):
        where = f"terms[{at}]"
        if not isinstance(row, dict) or set(row) != {"pauli", "coeff"} or not isinstance(row["pauli"], str):
            raise BadInput(f'expected {where} to be {{"pauli": "X0 Y1", "coeff": number}}', field=where)
        word = _word(row["pauli"], qubits, where)
        if word in found:
            raise BadInput(f"expected each word once, found {row['pauli']!r} again in {where}", field=where)
        found[word] = _number(row["coeff"], f"{where}.coeff")
    return found


def _word(text: str, qubits: int, where: str) -> Word:
    try:
        x, z = pauli.word_of(text[: 8 * pauli.QUBITS_MAX], qubits)
    except ValueError as problem:
        raise BadInput(f"expected words like 'X0 Y2' in {where}: {problem}", field=where) from problem
    if x.bit_count() > 4:
        raise BadInput(
            f"expected at most four X and Y in a word, found more in {where}: electrons interact two by two",
            field=where,
        )
    if (x & z).bit_count() % 2:
        raise BadInput(
            f"expected an even number of Y in every word, as real orbitals have it, found {text!r} in {where}",
            field=where,
        )
    return x, z


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= COEFFICIENT_MAX:
        raise BadInput(
            f"expected {what} to be a real number within {COEFFICIENT_MAX:,.0f} of 0, since a Hamiltonian is Hermitian",
            field=what,
        )
    if not math.isfinite(value):
        raise BadInput(f"expected {what} to be finite", field=what)
    return float(value) + 0.0


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_MAX:
        raise BadInput(f'expected "{what}" to be at most {_TEXT_MAX} letters', field=what)
    return value.strip()
