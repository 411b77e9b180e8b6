"""Real sums of Pauli words on few qubits: matrix-free action, expectation, lowest level within a sector.

A word is two bit masks (x, z) with qubit 0 as the most significant bit, as measured strings are written: X where
only x is set, Z where only z is, Y where both are. It maps |s> to i^|x&z| (-1)^|s&z| |s^x>.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridops.solvers.problem import Floats, Ints

QUBITS_MAX = 10
DUST = 1e-9  # amplitudes below are rounding

type Word = tuple[int, int]
type Complexes = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class PauliSum:
    """sum of coefficient times word: Hermitian, as all coefficients are real."""

    qubits: int
    terms: Mapping[Word, float]

    def flips(self) -> dict[int, Complexes]:
        """For each x mask the amplitudes (2^n,) with which |s> goes to |s^x>, all its words together."""
        states = np.arange(1 << self.qubits)
        found: dict[int, Complexes] = {}
        for (x, z), value in self.terms.items():
            amplitude = found.setdefault(x, np.zeros(len(states), dtype=complex))
            amplitude += value * 1j ** ((x & z).bit_count() % 4) * signs(states, z)
        return found

    def diagonal(self) -> Floats:
        """<s|H|s> for every basis state, shape (2^n,)."""
        return np.real(self.flips().get(0, np.zeros(1 << self.qubits)))


def signs(states: Ints, mask: int) -> Floats:
    """(-1)^|s & mask| for each state: the value of a product of Z, or of any word in a basis that turns it into one."""
    odd: Floats = (np.bitwise_count(states & mask) & 1).astype(np.float64)
    return 1 - 2 * odd


def expectations(hamiltonian: PauliSum, states: Complexes | Floats) -> Floats:
    """<H> of each normalised state, shapes (b, 2^n) to (b,)."""
    at = np.arange(1 << hamiltonian.qubits)
    found: Complexes = np.zeros(len(states), dtype=complex)
    for x, amplitude in hamiltonian.flips().items():
        found += np.einsum("bs,bs->b", states[:, at ^ x].conj(), amplitude * states)
    return np.real(found)


def within(flips: Mapping[int, Complexes], states: Ints) -> Complexes:
    """The matrix (d, d) of `PauliSum.flips` between the basis states (d,) of a sector that it does not leave."""
    place = np.full(len(flips[next(iter(flips))]), -1)
    place[states] = np.arange(len(states))
    matrix = np.zeros((len(states), len(states)), dtype=complex)
    for x, amplitude in flips.items():
        row = place[states ^ x]
        kept = np.flatnonzero(row >= 0)
        matrix[row[kept], kept] += amplitude[states[kept]]
    return matrix


def lowest(hamiltonian: PauliSum, states: Ints) -> float:
    """The lowest eigenvalue within a sector, by dense diagonalisation: O(d^3), d is 100 at most at 10 qubits."""
    return _lowest(hamiltonian.flips(), states)


def _lowest(flips: Mapping[int, Complexes], states: Ints) -> float:
    return float(np.linalg.eigvalsh(within(flips, states))[0])


def spins(qubits: int) -> tuple[Ints, Ints]:
    """How many electrons with spin up (even qubits) and down (odd qubits) each state (2^n,) has, interleaved."""
    states = np.arange(1 << qubits)
    up = sum(1 << (qubits - 1 - qubit) for qubit in range(0, qubits, 2))
    return np.bitwise_count(states & up).astype(int), np.bitwise_count(states & ~up).astype(int)


def sector(qubits: int, up: int, down: int) -> Ints:
    """The basis states with so many electrons of each spin."""
    ups, downs = spins(qubits)
    return np.flatnonzero((ups == up) & (downs == down))


def lowest_anywhere(hamiltonian: PauliSum) -> tuple[float, int, int]:
    """The lowest eigenvalue over all sectors, with its numbers of electrons up and down."""
    qubits, flips = hamiltonian.qubits, hamiltonian.flips()
    sizes = [(up, down) for up in range((qubits + 1) // 2 + 1) for down in range(qubits // 2 + 1)]
    return min((_lowest(flips, sector(qubits, *size)), *size) for size in sizes)


def leaves_sectors(hamiltonian: PauliSum) -> bool:
    """Whether it changes how many electrons of one spin there are."""
    ups, downs = spins(hamiltonian.qubits)
    at = np.arange(1 << hamiltonian.qubits)
    for x, amplitude in hamiltonian.flips().items():
        moved = (ups[at ^ x] != ups) | (downs[at ^ x] != downs)
        if np.any(np.abs(amplitude[moved]) > DUST):
            return True
    return False


def word_of(text: str, qubits: int) -> Word:
    """`X0 Y2` as masks; "" is the identity. Raises ValueError for anything else, and for qubits not in rising order."""
    x = z = 0
    before = -1
    for factor in text.split(" ") if text else ():
        kind, number = factor[:1], factor[1:]
        if kind not in ("X", "Y", "Z") or not (number.isascii() and number.isdigit() and len(number) <= 3):
            raise ValueError(f"{factor!r} is not X, Y or Z with the number of a qubit")
        qubit = int(number)
        if not before < qubit < qubits:
            raise ValueError(f"{factor!r} is out of order, or there is no such qubit below {qubits}")
        before, bit = qubit, 1 << (qubits - 1 - qubit)
        x |= bit * (kind != "Z")
        z |= bit * (kind != "X")
    return x, z


def text_of(word: Word, qubits: int) -> str:
    """The word as `word_of` reads it."""
    bits = [(qubit, word[0] >> at & 1, word[1] >> at & 1) for qubit, at in enumerate(reversed(range(qubits)))]
    return " ".join(f"{('', 'Z', 'X', 'Y')[2 * x + z]}{qubit}" for qubit, x, z in bits if x or z)


def product(words: Sequence[Word]) -> tuple[Word, complex]:
    """The product of words from left to right, with its phase."""
    (x, z), phase = (0, 0), 1 + 0j
    for right_x, right_z in words:
        turns = (x & z).bit_count() + (right_x & right_z).bit_count()
        swapped = (z & right_x).bit_count()
        x, z = x ^ right_x, z ^ right_z
        phase *= 1j ** ((turns - (x & z).bit_count()) % 4) * (-1) ** swapped
    return (x, z), phase
