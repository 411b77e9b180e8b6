"""Which hardware fits a problem of a stated size: rules of thumb that a run then replaces by measured numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.ports import Estimate

COUPLERS = {"pegasus": 15, "zephyr": 20}  # of one qubit, by the graph of D-Wave's Advantage and Advantage2
DENSE, DENSE_BITS_MAX = 0.5, 120  # beyond, placing a full graph on Advantage finds nothing (AWS re:Post)
SUCCESS_MIN = 0.1  # expected share of undisturbed shots below which noise decides what comes back


@dataclass(frozen=True, slots=True)
class Fit:
    """One kind of hardware. `fits` is None where it depends on something this installation does not have."""

    hardware: str
    fits: bool | None
    why: str


def gate_based(name: str, qubits: int, two_qubit_error: float | None, need: Estimate) -> Fit:
    """A gate machine or a simulator of one: room for the register, and the two-qubit gates' joint success."""
    if need.qubits > qubits:
        return Fit(name, False, f"{need.qubits} qubits do not fit its {qubits}")
    if not two_qubit_error:
        return Fit(name, True, f"{need.qubits} qubits, no noise{_loop(need)}")
    success = undisturbed(two_qubit_error, need)
    said = f"{need.qubits} qubits and about {need.two_qubit_gates} two-qubit gates: {success:.0%} of shots undisturbed"
    return Fit(name, success >= SUCCESS_MIN, said + _loop(need))


def undisturbed(two_qubit_error: float, need: Estimate) -> float:
    """The share of shots in which no two-qubit gate goes wrong: the two-qubit gates' joint success."""
    return float((1 - two_qubit_error) ** need.two_qubit_gates)


def _loop(need: Estimate) -> str:
    """What a variational loop asks for beyond one circuit."""
    if need.submissions_max == 1 and need.circuits_max == 1:
        return ""
    return f"; up to {need.submissions_max} submissions of {need.circuits_max} circuits each"


@dataclass(frozen=True, slots=True)
class Shape:
    """A quadratic cost as an annealer sees it: its bits, the share of pairs that are coupled, the most at one bit."""

    bits: int
    density: float
    degree_max: int

    @property
    def degree_mean(self) -> float:
        return self.density * (self.bits - 1)


def shape_of(facts: Mapping[str, Any], need: Estimate) -> Shape:
    """As a file tells it; where it does not, every pair of the register counts as coupled, which is the worst."""
    if {"variables", "density", "degree_max"} <= facts.keys():
        return Shape(int(facts["variables"]), float(facts["density"]), int(facts["degree_max"]))
    return Shape(need.qubits, 1.0, need.qubits - 1)


def chain(degree: float, couplers: int) -> int:
    """The fewest qubits that one bit with so many neighbours needs, where a qubit has so many couplers.

    A chain of L qubits spends 2 (L - 1) coupler ends on itself and has L couplers - 2 (L - 1) for its neighbours.
    """
    return max(1, math.ceil((degree - 2) / (couplers - 2)))


def annealer(
    shape: Shape | None, *, name: str = "an annealer", qubits: int | None = None, topology: str = ""
) -> Fit:
    """An annealer takes quadratic costs of bits and nothing else: None for what is none.

    `qubits` are those of a connected machine; without one it depends, and the sentence says on what.
    """
    if shape is None:
        return Fit(name, False, "a circuit is not a quadratic cost of bits")
    couplers = COUPLERS.get(topology, COUPLERS["pegasus"])
    least, longest = shape.bits * chain(shape.degree_mean, couplers), chain(shape.degree_max, couplers)
    said = f"a QUBO of {shape.bits} bits with {shape.density:.0%} of its pairs coupled, no circuit depth: "
    said += f"at least {least} qubits, chains of {longest} or more"
    if qubits is not None and least > qubits:
        return Fit(name, False, f"{said}; it has {qubits}")
    if shape.density > DENSE and shape.bits > DENSE_BITS_MAX:
        return Fit(
            name, False, f"{said}; where nearly all pairs are coupled, about {DENSE_BITS_MAX} bits find room"
        )
    return Fit(
        name, None if qubits is None else True, said + ("; none is connected here" if qubits is None else "")
    )
