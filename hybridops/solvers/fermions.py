"""From integrals over orbitals to Pauli words: the Jordan-Wigner mapping with spins interleaved.

Spin orbital 2p is orbital p with spin up, 2p + 1 the same with spin down. Jordan, Wigner, Z. Physik 47 (1928) 631.
"""

from __future__ import annotations

from itertools import product as pairs_of

from hybridops.solvers.pauli import PauliSum, Word, product
from hybridops.solvers.problem import Floats

_DUST = 1e-12  # coefficients below are rounding


def hamiltonian(core: float, one: Floats, two: Floats) -> PauliSum:
    """core + sum h_pq a*_p a_q + 1/2 sum (pq|rs) a*_p a*_r a_s a_q over spins, in Hartree.

    `one` (m, m) and `two` (m, m, m, m), in chemists' order, of real orbitals.
    """
    orbitals = len(one)
    qubits = 2 * orbitals
    sums: dict[Word, complex] = {(0, 0): core}
    for p, q in pairs_of(range(orbitals), repeat=2):
        for spin in (0, 1):
            _add(sums, qubits, one[p, q], ((2 * p + spin, True), (2 * q + spin, False)))
    for p, q, r, s in pairs_of(range(orbitals), repeat=4):
        for first, second in pairs_of((0, 1), repeat=2):
            made = (
                (2 * p + first, True),
                (2 * r + second, True),
                (2 * s + second, False),
                (2 * q + first, False),
            )
            if made[0][0] != made[1][0] and made[2][0] != made[3][0]:
                _add(sums, qubits, two[p, q, r, s] / 2, made)
    return PauliSum(qubits, {word: value.real for word, value in sums.items() if abs(value) > _DUST})


def _add(sums: dict[Word, complex], qubits: int, value: float, ladder: tuple[tuple[int, bool], ...]) -> None:
    """Adds a product of creators (True) and annihilators: each is (X -+ iY)/2 behind a string of Z."""
    if abs(value) < _DUST:
        return
    for choice in pairs_of((False, True), repeat=len(ladder)):
        words, factor = [], complex(value)
        for (qubit, creates), is_y in zip(ladder, choice, strict=True):
            bit = 1 << (qubits - 1 - qubit)
            string = (1 << qubits) - 2 * bit  # every qubit before this one
            words.append((bit, string | (bit if is_y else 0)))
            factor *= (0.5j if not creates else -0.5j) if is_y else 0.5
        word, phase = product(words)
        sums[word] = sums.get(word, 0) + factor * phase
