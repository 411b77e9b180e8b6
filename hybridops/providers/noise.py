"""What a calibration snapshot says of one compiled circuit: its schedule, its noise, its expected success.

As soon as possible; RZ is virtual and takes no time. Noise: depolarizing after each gate with the calibrated
error, a Pauli twirl of T1 and T2 while a qubit waits, asymmetric flips at read-out. An average gate error e
is a depolarizing channel with Pauli probability e·(d+1)/d, d = 2 or 4 (arXiv 1109.6887, eq. 3-4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hybridops.domain.errors import BadInput
from hybridops.providers.devices import Device, Qubit
from hybridops.providers.qasm import Circuit, Gate

WIRES_MAX = 16  # that a noisy simulation takes, with the qubits a circuit only passes through


@dataclass(frozen=True, slots=True)
class Event:
    """A gate with its error, or a wait of one qubit (`gate` None) in seconds."""

    gate: Gate | None
    on: tuple[int, ...]
    error: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Events in order; `seconds` is one shot from the first gate to the end of the read-out."""

    events: tuple[Event, ...]
    seconds: float


def schedule(circuit: Circuit, device: Device) -> Schedule:
    """Raises BadInput for a gate that the device does not have there, or one that is broken."""
    clock: dict[int, float] = {}  # when each qubit is free again; a qubit not yet used is in its ground state
    events: list[Event] = []
    for gate in circuit.gates:
        error, seconds = _calibrated(gate, device)
        start = max(clock.get(qubit, 0.0) for qubit in gate.on)
        events += _waits(gate.on, clock, start)
        events.append(Event(gate, gate.on, error, seconds))
        clock.update(dict.fromkeys(gate.on, start + seconds))
    end = max(clock.values(), default=0.0)
    events += _waits(circuit.measured, clock, end)
    readout = max(_qubit(device, qubit).readout_seconds for qubit in circuit.measured)
    return Schedule(tuple(events), end + readout)


def expected_success(circuit: Circuit, plan: Schedule, device: Device) -> float:
    """Product of the gates' and read-outs' success and exp(-wait / min(T1, T2)), as in mqt-predictor."""
    log = sum(math.log1p(-device.qubits[qubit].readout_error) for qubit in circuit.measured)
    for event in plan.events:
        if event.gate is None:
            qubit = device.qubits[event.on[0]]
            log -= event.seconds / min(qubit.t1, qubit.t2)
        else:
            log += math.log1p(-event.error)
    return math.exp(log)


def twirl(seconds: float, qubit: Qubit) -> tuple[float, float, float]:
    """Chances of X, Y, Z for a wait: the Pauli twirl of amplitude and phase damping."""
    flip = (1 - math.exp(-seconds / qubit.t1)) / 4
    turn = (1 - math.exp(-seconds / qubit.t2)) / 2 - flip
    return (flip, flip, max(0.0, turn))


def _waits(on: tuple[int, ...], clock: dict[int, float], until: float) -> Iterator[Event]:
    for qubit in on:
        wait = until - clock.get(qubit, until)
        if wait > 1e-12:
            yield Event(None, (qubit,), seconds=wait)


def _calibrated(gate: Gate, device: Device) -> tuple[float, float]:
    if gate.name == "cz":
        i, j = sorted(gate.on)
        if (i, j) not in device.couplers:
            raise BadInput(f"{device.name} has no working coupler between {i} and {j}.")
        return device.couplers[i, j]
    qubit = _qubit(device, gate.on[0])
    if gate.name == "rz":
        return 0.0, 0.0
    if gate.name in ("sx", "x"):
        return qubit.gate_error, qubit.gate_seconds
    raise BadInput(f"{device.name} has no {gate.name}; compile the circuit for it first.")


def _qubit(device: Device, index: int) -> Qubit:
    if index not in device.qubits:
        raise BadInput(f"{device.name} has no working qubit {index}.")
    return device.qubits[index]
