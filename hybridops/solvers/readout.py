"""Which settings of the measured qubits read a Pauli sum, what their outcomes would be, and the energy in counts.

Words that agree on every qubit they share are read in one setting: qubit-wise commuting groups, by first fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.solvers.paired import hadamard
from hybridops.solvers.pauli import PauliSum, Word, signs
from hybridops.solvers.problem import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """`bases`: X, Y or Z for each qubit. `energy` (2^n,): what an outcome adds, all words of the group together."""

    bases: str
    words: tuple[Word, ...]
    energy: Floats

    @property
    def reads_z(self) -> bool:
        """Whether every qubit is read as Z."""
        return set(self.bases) == {"Z"}

    def reads_x(self, mask: int) -> bool:
        """Whether every qubit of the mask is read as X."""
        return all(letter == "X" for at, letter in enumerate(reversed(self.bases)) if mask >> at & 1)


@dataclass(frozen=True, slots=True)
class Reading:
    """An energy in Hartree with the variance of its estimate; `spread` is the standard deviation of one shot."""

    energy: float
    variance: float
    spread: float
    shots: int


def settings(hamiltonian: PauliSum) -> tuple[Setting, ...]:
    """Every word in exactly one setting, words of Z alone in the first; a qubit that no word asks for is read as Z."""
    groups: list[tuple[dict[int, str], list[Word]]] = []
    for word in sorted(hamiltonian.terms):
        letters = _letters(word, hamiltonian.qubits)
        for asked, words in groups:
            if all(asked.get(qubit, letter) == letter for qubit, letter in letters.items()):
                asked.update(letters)
                words.append(word)
                break
        else:
            groups.append((letters, [word]))
    return tuple(_setting(hamiltonian, asked, words) for asked, words in groups)


def _letters(word: Word, qubits: int) -> dict[int, str]:
    x, z = (f"{mask:0{qubits}b}" for mask in word)
    return {
        at: {"10": "X", "01": "Z", "11": "Y"}[x[at] + z[at]] for at in range(qubits) if "1" in x[at] + z[at]
    }


def _setting(hamiltonian: PauliSum, asked: dict[int, str], words: list[Word]) -> Setting:
    outcomes = np.arange(1 << hamiltonian.qubits)
    energy = sum(
        (hamiltonian.terms[x, z] * signs(outcomes, x | z) for x, z in words), np.zeros(len(outcomes))
    )
    bases = "".join(asked.get(qubit, "Z") for qubit in range(hamiltonian.qubits))
    return Setting(bases, tuple(words), energy)


def chances(states: Floats, bases: str) -> Floats:
    """How likely each outcome is for real states (b, 2^n) in a setting of X and Z, shape (b, 2^n)."""
    if "Y" in bases:
        raise ValueError("real states are read in X and Z here")
    for qubit, letter in enumerate(bases):
        if letter == "X":
            states = hadamard(states, qubit)
    found = states**2
    return found / found.sum(axis=1, keepdims=True)


def reading(setting: Setting, outcomes: Ints, seen: Ints) -> Reading | None:
    """The mean over counts: outcomes (k,) seen (k,) times. None without two shots.

    The variance takes in how the words of the group vary together, since each shot counts as one sum.
    """
    return _mean(setting.energy[outcomes], seen)


def _mean(values: Floats, seen: Ints) -> Reading | None:
    shots = int(seen.sum())
    if shots < 2:
        return None
    mean = float(values @ seen) / shots
    variance = float((values - mean) ** 2 @ seen) / (shots - 1)
    return Reading(mean, variance / shots, variance**0.5, shots)


def together(parts: Sequence[Reading | None]) -> Reading | None:
    """The sum over all settings of one state; None where one of them was not read."""
    read = [part for part in parts if part is not None]
    if len(read) < len(parts) or not read:
        return None
    return Reading(
        sum(part.energy for part in read),
        sum(part.variance for part in read),
        sum(part.spread for part in read),
        sum(part.shots for part in read),
    )


def damping(word: Word, outcomes: Ints, seen: Ints) -> Reading | None:
    """The mean of a word that should be 1, as a reading without a unit; None without two shots."""
    return _mean(signs(outcomes, word[0] | word[1]), seen)


def rescaled(part: Reading, by: Reading) -> Reading:
    """A reading divided by a damping, with the errors of both."""
    variance = (part.variance + (part.energy / by.energy) ** 2 * by.variance) / by.energy**2
    return Reading(part.energy / by.energy, variance, part.spread / abs(by.energy), part.shots)


def shifted(part: Reading, by: Reading) -> Reading:
    """A reading less an offset, with the errors of both."""
    return Reading(part.energy - by.energy, part.variance + by.variance, part.spread, part.shots)


def shared_out(spreads: Sequence[float], places: int) -> tuple[int, ...]:
    """How often to repeat each setting within so many places: as their spreads are, which errs least; each once."""
    total = sum(spreads)
    wanted = [places * (spread / total if total > 0 else 1 / len(spreads)) for spread in spreads]
    counts = [max(1, int(share)) for share in wanted]
    while sum(counts) > places:
        counts[counts.index(max(counts))] -= 1
    order = sorted(range(len(counts)), key=lambda at: wanted[at] - counts[at], reverse=True)
    for at in order[: places - sum(counts)]:
        counts[at] += 1
    return tuple(counts)
