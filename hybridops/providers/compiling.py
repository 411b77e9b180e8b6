"""From a circuit to the program that is sent: for an exact simulator as it is, for a device transpiled.

The program's text uses OpenQASM's hardware qubits (`$12`), so which physical qubits it runs on, and thus its
noise and its expected success, can be read from the text that was approved.
"""

from __future__ import annotations

from pathlib import Path

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Program
from hybridops.providers.bridge import target_of
from hybridops.providers.devices import Device, device
from hybridops.providers.layouts import layout, structure_of, tidied, with_angles
from hybridops.providers.noise import WIRES_MAX, expected_success, schedule
from hybridops.providers.qasm import Circuit, depth, template, write
from hybridops.trust.canonical import digest

NOISY_QUBITS_MAX = 14


def as_it_is(circuit: Circuit, provider: str, backend: str) -> Program:
    """For a simulator that takes every gate: the same circuit in our own writing. No time, no error."""
    return described(circuit, write(circuit, hardware=False), provider, backend, 0.0, None)


def for_device(circuit: Circuit, provider: str, name: str, *, kept: Path | None = None) -> Program:
    """`for_machine` for one of our snapshots, within what its noise can be simulated for."""
    if len(circuit.qubits) > NOISY_QUBITS_MAX:
        raise BadInput(
            f"{len(circuit.qubits)} qubits are too many under noise; use at most {NOISY_QUBITS_MAX}."
        )
    return for_machine(circuit, provider, device(name), kept=kept, wires_max=WIRES_MAX)


def for_machine(
    circuit: Circuit,
    provider: str,
    machine: Device,
    *,
    kept: Path | None = None,
    wires_max: int | None = None,
) -> Program:
    """The best layout known for the circuit's structure, with this circuit's angles in it.

    `kept` is the folder where layouts are looked up and kept. Imports qiskit. Raises BadInput where the circuit
    does not fit, or would touch more than `wires_max` qubits.
    """
    if len(circuit.qubits) > (most := len(target_of(machine)[0])):
        raise BadInput(f"{machine.name} joins {most} working qubits; the circuit has {len(circuit.qubits)}.")
    structure, angles = structure_of(circuit)
    placed = layout(structure, machine, kept=kept, wires_max=wires_max)
    made = tidied(with_angles(placed, angles, circuit.inputs), machine)
    plan = schedule(made, machine)
    chance = expected_success(made, plan, machine)
    return described(made, write(made, hardware=True), provider, machine.name, plan.seconds, chance)


def described(
    circuit: Circuit, text: str, provider: str, backend: str, seconds: float, fidelity: float | None
) -> Program:
    """The record of a circuit that was compiled to this text."""
    double = sum(len(gate.on) == 2 for gate in circuit.gates)
    return Program(
        provider=provider,
        backend=backend,
        text=text,
        digest=digest(text.encode()),
        template_digest=digest(template(text).encode()),
        qubits=len(circuit.qubits),
        depth=depth(circuit.gates),
        two_qubit_gates=double,
        one_qubit_gates=len(circuit.gates) - double,
        duration_seconds=seconds,
        fidelity=fidelity,
    )
