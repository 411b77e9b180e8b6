"""A choice of K on a small register: which bits are in play, the penalty that counts them, repair and swaps.

Qubit 0 is the most significant bit of a state's number, as in `ising`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.ising import cost_diagonal
from hybridops.solvers.problem import Floats, Ints
from hybridops.solvers.qubo import Qubo, to_ising

QUBITS_MAX = 20
_ROUNDING = 1e-12  # of the largest energy: a smaller gain is none


def in_play(qubo: Qubo, chosen: Sequence[int], size: int) -> list[int]:
    """The `size` variables around `chosen` whose best swap with the other side costs least; sorted.

    As many from inside as from outside where there are enough, at least one of each. Raises BadInput where the
    choice is none or all, or the size does not fit.
    """
    n = qubo.variables
    inside = sorted(chosen)
    outside = sorted(set(range(n)) - set(inside))
    if not inside or not outside or not 2 <= size <= n:
        raise BadInput(f"Choose some of {n} variables, and 2 to {n} of them to be in play.", field="chosen")
    pull = qubo.symmetric()
    slope = qubo.linear + pull[:, inside].sum(axis=1)
    change = slope[outside][None] - slope[inside][:, None] - pull[np.ix_(inside, outside)]
    entering = min(len(outside), size - min(len(inside), size // 2))
    leaving = size - entering
    first = np.argsort(change.min(axis=1), kind="stable")[:leaving]
    second = np.argsort(change.min(axis=0), kind="stable")[:entering]
    return sorted([inside[at] for at in first] + [outside[at] for at in second])


def counted(qubo: Qubo, ones: int) -> tuple[Qubo, float]:
    """The cost with P (sum of x - ones)^2 added, and P: no state with another number of ones is below all with it.

    P is the largest change that one flip can make from any state, so that each step towards `ones` pays
    for itself: a state that is d ones off gains at least P (2 d - 1) of penalty by its next flip.
    """
    pull = qubo.symmetric()
    up, down = np.maximum(pull, 0).sum(axis=1), np.minimum(pull, 0).sum(axis=1)
    size = float(np.maximum(np.abs(qubo.linear + up), np.abs(qubo.linear + down)).max())
    linear = qubo.linear + size * (1 - 2 * ones)
    quadratic = qubo.quadratic + np.triu(np.full(pull.shape, 2 * size), k=1)
    return Qubo(qubo.offset + size * ones**2, linear, quadratic), size


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Every state of a register: its `energy` (2^m,) without penalty, how many `count` (2^m,) ones it has."""

    qubits: int
    ones: int
    energy: Floats
    count: Ints

    @property
    def valid(self) -> Ints:
        """The states with the right number of ones, in order."""
        found: Ints = np.flatnonzero(self.count == self.ones)
        return found

    def repair(self, states: Ints) -> Ints:
        """Each state with the right number of ones: the cheapest flip towards it, one after the other. O(b m^2)."""
        found, flips = states.copy(), 1 << np.arange(self.qubits)[::-1]
        while (off := self.count[found] != self.ones).any():
            here = found[off]
            moved = here[:, None] ^ flips[None]
            wrong = (self.count[moved] > self.count[here][:, None]) == (self.count[here] > self.ones)[:, None]
            energy = np.where(wrong, np.inf, self.energy[moved])
            found[off] = moved[np.arange(len(here)), energy.argmin(axis=1)]
        return found

    def descend(self, states: Ints) -> Ints:
        """Each state where no swap of a one and a zero helps: the best swap each time. O(b m^2) a round."""
        rows, columns = np.triu_indices(self.qubits, k=1)
        first, second = 1 << rows, 1 << columns
        least = _ROUNDING * float(np.abs(self.energy).max())
        found = states.copy()
        while len(found):
            differ = ((found[:, None] & first[None]) == 0) != ((found[:, None] & second[None]) == 0)
            moved = found[:, None] ^ (first | second)[None]
            energy = np.where(differ, self.energy[moved], np.inf)
            best = energy.argmin(axis=1)
            at = np.arange(len(found))
            better = energy[at, best] < self.energy[found] - least
            if not better.any():
                break
            found[better] = moved[at, best][better]
        return found


def table(qubo: Qubo, ones: int) -> Table:
    """All 2^m states of `qubo`, to be chosen with `ones` ones; at most QUBITS_MAX variables, 16 bytes a state."""
    if not 1 <= qubo.variables <= QUBITS_MAX or not 0 <= ones <= qubo.variables:
        raise BadInput(f"A table holds 1 to {QUBITS_MAX} variables and as many ones at most.", field="ones")
    ising = to_ising(qubo)
    energy = cost_diagonal(ising) + ising.offset
    count = np.bitwise_count(np.arange(len(energy), dtype=np.uint64)).astype(np.int64)
    return Table(qubo.variables, ones, energy, count)
