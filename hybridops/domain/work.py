"""What one submission asks of a machine, in the quantities that prices are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from hybridops.domain.ports import Backend, Estimate


@dataclass(frozen=True, slots=True)
class Work:
    """One submission. `shots` (an annealer's reads) are of all its `circuits` together.

    The gates, the measured qubits and `shot_seconds` are of one shot of one circuit; `shot_seconds` includes the
    device's repetition delay and is 0 where nobody tells it.
    """

    shots: int
    circuits: int = 1
    shot_seconds: float = 0.0
    one_qubit_gates: int = 0
    two_qubit_gates: int = 0
    measured: int = 0

    @property
    def seconds(self) -> Decimal:
        """Of all shots, exactly."""
        return self.shots * Decimal(repr(self.shot_seconds))


def to_ms(seconds: Decimal) -> int:
    """Whole milliseconds, rounded up once, as the ledger counts QPU time."""
    return int((seconds * 1000).to_integral_value(rounding=ROUND_CEILING))


def estimated(need: Estimate, backend: Backend, *, shots: int) -> Work:
    """From a workflow's closed form, before anything is compiled; `shots` are those of one circuit.

    Only a machine with gates takes the time of the circuit: an exact simulator does not count it, and an annealer's
    reads are timed by its price rule.
    """
    in_gates = backend.kind not in ("ideal simulator", "annealer")
    return Work(
        shots=shots * need.circuits_max,
        circuits=need.circuits_max,
        shot_seconds=backend.rep_delay_seconds + (need.circuit_seconds if in_gates else 0.0),
        one_qubit_gates=need.one_qubit_gates,
        two_qubit_gates=need.two_qubit_gates,
        measured=need.qubits,
    )


def compiled(body: Mapping[str, Any], *, shots: int, circuits: int) -> Work:
    """From a compiled program as the compile stage describes it; `shots` are those of all circuits.

    All its qubits are taken to be measured, which is the most.
    """
    return Work(
        shots=shots,
        circuits=circuits,
        shot_seconds=float(body["shot_seconds"]),
        one_qubit_gates=int(body["one_qubit_gates"]),
        two_qubit_gates=int(body["two_qubit_gates"]),
        measured=int(body["qubits"]),
    )
