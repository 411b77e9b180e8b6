"""Paired electrons on a register: a circuit template whose every state keeps the number of electrons and their pairs.

Orbital p is qubits 2p (spin up) and 2p + 1 (spin down). Rotations move whole pairs between the orbitals' first
qubits, then each second qubit copies its first (Elfving et al., Phys. Rev. A 103 (2021) 032605). A rotation of
two orbitals by theta turns |pair here> into cos(theta/2) |here> + sin(theta/2) |there>, so an expectation has the
frequency 1 in theta, and 1/2 as well where the two orbitals may also hold no pair or two (Wierichs et al.,
Quantum 6 (2022) 677, say which points such a curve takes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.pauli import PauliSum, Word
from hybridops.solvers.problem import Floats, Ints

# Name, qubits (control first), and the factor and number of the parameter it turns by.
type Step = tuple[str, tuple[int, ...], tuple[float, int] | None]


@dataclass(frozen=True, slots=True)
class Paired:
    """`moves`: for each parameter the filled and the empty orbital between which it moves a pair; `halves`: whether
    the frequency 1/2 occurs. All parameters 0 is the Hartree-Fock state.
    """

    orbitals: int
    pairs: int
    steps: tuple[Step, ...]
    moves: tuple[tuple[int, int], ...]
    halves: tuple[bool, ...]

    @property
    def qubits(self) -> int:
        return 2 * self.orbitals

    @property
    def filled(self) -> int:
        """The Hartree-Fock state: the lowest orbitals hold two electrons each."""
        return ((1 << 2 * self.pairs) - 1) << 2 * (self.orbitals - self.pairs)


def paired(orbitals: int, pairs: int) -> Paired:
    """One rotation for each filled and empty orbital; those whose orbitals are surely full and empty come first.

    Raises ValueError where there is nothing to rotate.
    """
    if not 0 < pairs < orbitals:
        raise ValueError(f"{pairs} pairs in {orbitals} orbitals leave nothing to rotate")
    near = [(pairs - 1 - at, pairs + at) for at in range(min(pairs, orbitals - pairs))]
    rest = [(i, a) for i in reversed(range(pairs)) for a in range(pairs, orbitals) if (i, a) not in near]
    steps: list[Step] = [("x", (2 * i,), None) for i in range(pairs)]
    halves = []
    reached = {tuple(i < pairs for i in range(orbitals))}
    moves = (*near, *rest)
    for number, (i, a) in enumerate(moves):
        steps += _rotation(2 * i, 2 * a, number, fresh=all(s[i] and not s[a] for s in reached))
        halves.append(any(s[i] == s[a] for s in reached))
        reached |= {_exchanged(s, i, a) for s in reached}
    steps += [("cx", (2 * p, 2 * p + 1), None) for p in range(orbitals)]
    return Paired(orbitals, pairs, tuple(steps), moves, tuple(halves))


def _rotation(i: int, a: int, number: int, *, fresh: bool) -> list[Step]:
    """One cx where i is surely 1 and a surely 0; two in general, and |00>, |11> stay as they are."""
    if fresh:
        return [("ry", (a,), (1.0, number)), ("cx", (a, i), None)]
    inner: list[Step] = [("ry", (qubit,), (0.5, number)) for qubit in (i, a)]
    outer: list[Step] = [("h", (i,), None), ("cx", (i, a), None)]
    return [*outer, *inner, *reversed(outer)]


def _exchanged(state: tuple[bool, ...], i: int, a: int) -> tuple[bool, ...]:
    turned = list(state)
    turned[i], turned[a] = state[a], state[i]
    return tuple(turned)


def prepared(template: Paired, points: Floats, xp: Any = np) -> Floats:
    """The states (b, 2^n), which are real, of so many parameter points (b, p), gate by gate."""
    qubits = template.qubits
    state = xp.zeros((len(points), 1 << qubits), dtype=xp.float64)
    state[:, 0] = 1.0
    numbers = np.arange(1 << qubits)
    angles = xp.asarray(points)
    for name, on, turn in template.steps:
        bits = [1 << (qubits - 1 - qubit) for qubit in on]
        if turn is not None:
            state = _turned(state, on[0], turn[0] * angles[:, turn[1]], xp)
        elif name == "h":
            state = hadamard(state, on[0], xp)
        else:
            flipped = bits[-1] if name == "x" else np.where(numbers & bits[0] != 0, bits[1], 0)
            state = xp.take(state, xp.asarray(numbers ^ flipped), axis=1)
    found: Floats = to_numpy(state)
    return found


def _turned(state: Array, qubit: int, angles: Array, xp: Any) -> Array:
    """ry by one angle for each state of the batch."""
    zero, one = _halves(state, qubit, xp)
    cos, sin = (xp.reshape(function(angles / 2), (-1, 1, 1)) for function in (xp.cos, xp.sin))
    return _joined(cos * zero - sin * one, sin * zero + cos * one, state.shape, xp)


def hadamard(state: Array, qubit: int, xp: Any = np) -> Array:
    """h on one qubit of states (b, 2^n): also what turns X into what is measured."""
    zero, one = _halves(state, qubit, xp)
    return _joined((zero + one) * 0.5**0.5, (zero - one) * 0.5**0.5, state.shape, xp)


def _halves(state: Array, qubit: int, xp: Any) -> tuple[Array, Array]:
    parts = xp.reshape(state, (state.shape[0], 1 << qubit, 2, -1))
    return parts[:, :, 0, :], parts[:, :, 1, :]


def _joined(zero: Array, one: Array, shape: tuple[int, ...], xp: Any) -> Array:
    return xp.reshape(xp.stack([zero, one], axis=2), shape)


def measured_part(hamiltonian: PauliSum) -> PauliSum:
    """What has the same expectation in every state of a template, but needs two settings of the register only.

    Words that break a pair have none. Those that move a pair between two orbitals all reduce to XXXX: for a
    whole pair YY is -XX and YX is XY, and a fixed number of pairs makes two XY the same as two XX. Words of Z
    stay as they are.
    """
    kept: dict[Word, float] = {}
    for (x, z), value in hamiltonian.terms.items():
        first = x & _heads(hamiltonian.qubits)
        if x != first | first >> 1:
            continue
        minus = (first & z & (z << 1)).bit_count()  # orbitals that YY stands on
        word = (x, z & ~x)
        kept[word] = kept.get(word, 0.0) + value * (-1) ** minus
    return PauliSum(hamiltonian.qubits, kept)


def move_word(template: Paired, number: int) -> Word:
    """XXXX on the orbitals of a parameter: 1 for certain where that parameter is pi/2 and all others are 0."""
    ends = [2 * orbital + spin for orbital in template.moves[number] for spin in (0, 1)]
    return sum(1 << (template.qubits - 1 - qubit) for qubit in ends), 0


def _heads(qubits: int) -> int:
    return sum(1 << (qubits - 1 - qubit) for qubit in range(0, qubits, 2))


def whole_pairs(qubits: int, pairs: int) -> Ints:
    """The basis states that a template can reach: so many orbitals hold two electrons, all others none."""
    states = np.arange(1 << qubits)
    first = states & _heads(qubits)
    return np.flatnonzero((states == first | first >> 1) & (np.bitwise_count(first) == pairs))
