"""Our circuits to qiskit's and back, and a device as qiskit's target. Imports qiskit where it is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.providers.angles import Angle, Linear, linear
from hybridops.providers.devices import Device
from hybridops.providers.qasm import Circuit, Gate


def to_qiskit(circuit: Circuit, physical: tuple[int, ...]) -> Any:
    """As a QuantumCircuit over the `physical` qubits in their order; inputs become its parameters."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    place = {qubit: index for index, qubit in enumerate(physical)}
    inputs = {name: Parameter(name) for name in circuit.inputs}
    made = QuantumCircuit(len(physical), len(circuit.measured))
    for gate in circuit.gates:
        angles = [] if gate.angle is None else [_expression(gate.angle, inputs)]
        getattr(made, gate.name)(*angles, *(place[qubit] for qubit in gate.on))
    for bit, qubit in enumerate(circuit.measured):
        made.measure(place[qubit], bit)
    return made


def _expression(angle: Angle, inputs: Mapping[str, Any]) -> Any:
    if not isinstance(angle, Linear):
        return angle
    return sum((factor * inputs[name] for name, factor in angle.factors), start=angle.constant)


def _angle_of(found: Any) -> Angle:
    """A number, or the linear sum that the transpiler made of the inputs; raises BadInput for anything else."""
    names = {one.name: one for one in getattr(found, "parameters", ())}
    if not names:
        return float(found)
    factors = {name: found.gradient(one) for name, one in names.items()}
    if not all(isinstance(factor, int | float) for factor in factors.values()):
        raise BadInput("The transpiler made an angle that is not linear in its inputs.")
    return linear(float(found.bind(dict.fromkeys(names.values(), 0.0))), factors)


def from_qiskit(made: Any, physical: tuple[int, ...], inputs: tuple[str, ...]) -> Circuit:
    """The circuit on the physical qubits that its indices stand for."""
    gates: list[Gate] = []
    measured: dict[int, int] = {}
    for step in made.data:
        on = tuple(physical[made.find_bit(qubit).index] for qubit in step.qubits)
        if step.operation.name == "measure":
            measured[made.find_bit(step.clbits[0]).index] = on[0]
        elif step.operation.name != "barrier":
            angle = _angle_of(step.operation.params[0]) if step.operation.params else None
            gates.append(Gate(step.operation.name, on, angle))
    read_out = tuple(measured[bit] for bit in range(len(measured)))
    used = {qubit for gate in gates for qubit in gate.on}.union(read_out)
    return Circuit(tuple(sorted(used)), tuple(gates), read_out, inputs)


@lru_cache(maxsize=16)
def target_of(machine: Device) -> tuple[tuple[int, ...], Any]:
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
