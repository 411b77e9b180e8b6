"""Which hardware fits a problem of a stated size: rules of thumb that a run then replaces by measured numbers."""

from __future__ import annotations

from dataclasses import dataclass

from hybridops.domain.ports import Estimate

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
    success = float((1 - two_qubit_error) ** need.two_qubit_gates)
    said = f"{need.qubits} qubits and about {need.two_qubit_gates} two-qubit gates: {success:.0%} of shots undisturbed"
    return Fit(name, success >= SUCCESS_MIN, said + _loop(need))


def _loop(need: Estimate) -> str:
    """What a variational loop asks for beyond one circuit."""
    if need.submissions_max == 1 and need.circuits_max == 1:
        return ""
    return f"; up to {need.submissions_max} submissions of {need.circuits_max} circuits each"


def annealer(*, quadratic: bool, need: Estimate) -> Fit:
    """An annealer takes quadratic costs of bits and nothing else."""
    if not quadratic:
        return Fit("an annealer", False, "a circuit is not a quadratic cost of bits")
    return Fit(
        "an annealer",
        None,
        f"a QUBO of {need.qubits} bits can go there as it is, without circuit depth; none is connected here",
    )
