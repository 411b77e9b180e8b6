"""All states of a register of a graph or QUBO at once; nothing is forbidden, so nothing is repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.solvers.problem import Floats, Ints
from hybridops.solvers.register_states import all_states
from hybridops.workflows.maxcut_instance import Instance, agree
from hybridops.workflows.maxcut_narrow import register_qubo


@dataclass(frozen=True, slots=True, eq=False)
class RegisterTable:
    """`energy` (2^m,) of the circuit, `objective` (2^m,) of the complete answer, `excess` (2^m,) all 0."""

    instance: Instance
    incumbent: str
    register: tuple[int, ...]
    energy: Floats
    objective: Ints | Floats
    excess: Ints

    @property
    def qubits(self) -> int:
        return len(self.register)

    @property
    def symmetric(self) -> bool:
        """Whether an answer and its complement are the same: a graph of which nothing is fixed."""
        return self.instance.is_graph and self.qubits == self.instance.variables

    def answer(self, state: int) -> str:
        """The bits of all variables for a state of the register."""
        bits = list(self.incumbent)
        for at, bit in zip(self.register, f"{state:0{self.qubits}b}", strict=True):
            bits[at] = bit
        return "".join(bits)

    def checked(self, state: int) -> float:
        """The objective of a state by the independent checker; raises Contradiction where it is another."""
        return agree(self.instance, self.answer(state), self.objective[state].item())

    def repair(self, states: Ints) -> Ints:
        return states

    def one_opt(self, states: Ints) -> Ints:
        """Steepest descent of the energy by single flips; ties go to the last qubit."""
        flips = np.left_shift(np.int64(1), np.arange(self.qubits, dtype=np.int64))
        states = states.copy()
        least = 1e-9 * float(np.abs(self.energy).max())
        while True:
            near = states[:, None] ^ flips
            best = self.energy[near].argmin(axis=1)
            found = near[np.arange(len(states)), best]
            lower = self.energy[found] < self.energy[states] - least
            if not lower.any():
                return states
            states[lower] = found[lower]


def table_of(instance: Instance, document: dict[str, Any], energy: Floats) -> RegisterTable:
    """Tabulates a stored subproblem; the objective is the QUBO's on bits, not the circuit's on spins."""
    m = len(document["register"])
    objective: Ints | Floats = register_qubo(instance, document).energy(all_states(m))
    if instance.whole:
        objective = np.rint(objective).astype(np.int64)
    register, nothing = tuple(document["register"]), np.zeros(1 << m, dtype=np.int64)
    return RegisterTable(instance, document["incumbent"], register, energy, objective, nothing)
