"""From a circuit to the program that is sent: for an exact simulator as it is, for a device transpiled.

The program's text uses OpenQASM's hardware qubits (`$12`), so which physical qubits it runs on, and thus its
noise and its expected success, can be read from the text that was approved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Program
from hybridops.providers.devices import Device, device
from hybridops.providers.noise import expected_success, schedule
from hybridops.providers.qasm import Circuit, Gate, depth, template, write
from hybridops.trust.canonical import digest

TRIES = 4  # transpilations with consecutive seeds, of which the best is kept
LEVEL = 3
NOISY_QUBITS_MAX = 14
WIRES_MAX = 16  # with the qubits it only passes through


def as_it_is(circuit: Circuit, provider: str, backend: str) -> Program:
    """For a simulator that takes every gate: the same circuit in our own writing. No time, no error."""
    return described(circuit, write(circuit, hardware=False), provider, backend, 0.0, None)


def for_device(circuit: Circuit, provider: str, name: str, *, seed: int) -> Program:
    """`for_machine` for one of our snapshots, within what its noise can be simulated for."""
    if len(circuit.qubits) > NOISY_QUBITS_MAX:
        raise BadInput(
            f"{len(circuit.qubits)} qubits are too many under noise; use at most {NOISY_QUBITS_MAX}."
        )
    return for_machine(circuit, provider, device(name), seed=seed, wires_max=WIRES_MAX)


def for_machine(
    circuit: Circuit, provider: str, machine: Device, *, seed: int, wires_max: int | None = None
) -> Program:
    """The best of some transpilations by expected success, which weighs gates, read-out and waiting.

    Imports qiskit. Raises BadInput where the circuit does not fit, or would touch more than `wires_max` qubits.
    """
    if len(circuit.qubits) > (most := len(_target(machine)[0])):
        raise BadInput(f"{machine.name} joins {most} working qubits; the circuit has {len(circuit.qubits)}.")
    tried = []
    for number, found in enumerate(_transpiled(circuit, machine, seed)):
        if wires_max is not None and len(found.qubits) > wires_max:
            continue
        plan = schedule(found, machine)
        tried.append((-expected_success(found, plan, machine), number, found, plan.seconds))
    if not tried:
        raise BadInput(
            f"On {machine.name} the circuit touches more than {wires_max} qubits; make it smaller."
        )
    lost, _, best, seconds = min(tried, key=lambda each: each[:2])
    return described(best, write(best, hardware=True), provider, machine.name, seconds, -lost)


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


def _transpiled(circuit: Circuit, machine: Device, seed: int) -> Iterator[Circuit]:
    from qiskit.transpiler import generate_preset_pass_manager

    given = _to_qiskit(circuit)
    physical, target = _target(machine)
    for number in range(TRIES):
        manager = generate_preset_pass_manager(
            LEVEL, target=target, seed_transpiler=(seed + number) % (1 << 31)
        )
        yield _from_qiskit(manager.run(given), physical)


def _to_qiskit(circuit: Circuit) -> Any:
    from qiskit import QuantumCircuit

    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    made = QuantumCircuit(len(circuit.qubits), len(circuit.measured))
    for gate in circuit.gates:
        angles = [] if gate.angle is None else [gate.angle]
        getattr(made, gate.name)(*angles, *(place[qubit] for qubit in gate.on))
    for bit, qubit in enumerate(circuit.measured):
        made.measure(place[qubit], bit)
    return made


def _from_qiskit(made: Any, physical: tuple[int, ...]) -> Circuit:
    gates: list[Gate] = []
    measured: dict[int, int] = {}
    for step in made.data:
        on = tuple(physical[made.find_bit(qubit).index] for qubit in step.qubits)
        if step.operation.name == "measure":
            measured[made.find_bit(step.clbits[0]).index] = on[0]
        elif step.operation.name != "barrier":
            angle = float(step.operation.params[0]) if step.operation.params else None
            gates.append(Gate(step.operation.name, on, angle))
    read_out = tuple(measured[bit] for bit in range(len(measured)))
    used = {qubit for gate in gates for qubit in gate.on}.union(read_out)
    return Circuit(tuple(sorted(used)), tuple(gates), read_out)


@lru_cache(maxsize=16)
def _target(machine: Device) -> tuple[tuple[int, ...], Any]:
    """The device as qiskit's Target over its largest connected part, and the physical qubits of its indices."""
    from qiskit.circuit import Measure, Parameter
    from qiskit.circuit.library import CZGate, RZGate, SXGate, XGate
    from qiskit.transpiler import InstructionProperties, Target

    physical = tuple(sorted(_largest_part(machine)))
    index = {qubit: place for place, qubit in enumerate(physical)}
    qubits = [machine.qubits[qubit] for qubit in physical]
    target = Target(num_qubits=len(physical))
    single = {
        (i,): InstructionProperties(qubit.gate_seconds, qubit.gate_error) for i, qubit in enumerate(qubits)
    }
    target.add_instruction(SXGate(), single)
    target.add_instruction(XGate(), dict(single))
    virtual = {(i,): InstructionProperties(0.0, 0.0) for i in range(len(physical))}
    target.add_instruction(RZGate(Parameter("angle")), virtual)
    pairs = {}
    for (i, j), (error, seconds) in machine.couplers.items():
        if i in index and j in index:
            for pair in ((index[i], index[j]), (index[j], index[i])):
                pairs[pair] = InstructionProperties(seconds, error)
    target.add_instruction(CZGate(), pairs)
    read_out = {
        (i,): InstructionProperties(qubit.readout_seconds, qubit.readout_error)
        for i, qubit in enumerate(qubits)
    }
    target.add_instruction(Measure(), read_out)
    return physical, target


def _largest_part(machine: Device) -> set[int]:
    near: dict[int, list[int]] = {qubit: [] for qubit in machine.qubits}
    for i, j in machine.couplers:
        near[i].append(j)
        near[j].append(i)
    parts: list[set[int]] = []
    for start in near:
        if not any(start in part for part in parts):
            parts.append(_reached(start, near))
    return max(parts, key=len)


def _reached(start: int, near: dict[int, list[int]]) -> set[int]:
    seen, waiting = {start}, deque([start])
    while waiting:
        for qubit in near[waiting.popleft()]:
            if qubit not in seen:
                seen.add(qubit)
                waiting.append(qubit)
    return seen
