"""Where a circuit lies on a device: the best of many transpilations of its structure, looked for once.

Angles are parameters of the structure, so problems of one shape share a layout and only bind their coefficients;
which also makes it worth trying more often than one run would. Multiples of pi/4 stay: they let gates be left out.
A layout depends on structure, device, calibration and versions alone, never on who asked first or on a run's seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile

from hybridops.domain.errors import BadInput
from hybridops.providers.angles import Angle, Linear, linear
from hybridops.providers.bridge import from_qiskit, target_of, to_qiskit
from hybridops.providers.devices import Device
from hybridops.providers.noise import expected_success, schedule
from hybridops.providers.qasm import Circuit, bind, parse, write
from hybridops.trust.canonical import digest, digest_of

TRIES = 20  # transpilations, of which the best is kept
LEVEL = 3
ANGLES_MAX = 2_000  # a circuit with more is laid out with its own
KEPT_MAX = 2_000
_GOLDEN = (math.sqrt(5) - 1) / 2


def structure_of(circuit: Circuit) -> tuple[Circuit, dict[str, Angle]]:
    """The circuit with its angles as inputs p0, p1, …, and what each of them is."""
    angles: dict[str, Angle] = {}
    gates = []
    for gate in circuit.gates:
        if gate.angle is None or _is_plain(gate.angle):
            gates.append(gate)
        else:
            name = f"p{len(angles)}"
            angles[name] = gate.angle
            gates.append(gate._replace(angle=Linear(0.0, ((name, 1.0),))))
    if len(angles) > ANGLES_MAX:
        return circuit, {name: Linear(0.0, ((name, 1.0),)) for name in circuit.inputs}
    return Circuit(circuit.qubits, tuple(gates), circuit.measured, tuple(angles)), angles


def with_angles(structure: Circuit, angles: Mapping[str, Angle], inputs: tuple[str, ...]) -> Circuit:
    """A structure with its angles put back; they may themselves wait for `inputs`."""
    gates = (
        gate._replace(angle=_put(gate.angle, angles)) if isinstance(gate.angle, Linear) else gate
        for gate in structure.gates
    )
    return Circuit(structure.qubits, tuple(gates), structure.measured, inputs)


def tidied(circuit: Circuit, machine: Device) -> Circuit:
    """One-qubit gates merged now that their angles are known; imports qiskit."""
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import Optimize1qGatesDecomposition

    physical, target = target_of(machine)
    found = PassManager([Optimize1qGatesDecomposition(target=target)]).run(to_qiskit(circuit, physical))
    return from_qiskit(found, physical, circuit.inputs)


def layout(structure: Circuit, machine: Device, *, kept: Path | None, wires_max: int | None) -> Circuit:
    """The best layout of a structure, from the folder where it is kept there. Raises BadInput where none fits."""
    file = None if kept is None else kept / f"{_key(structure, machine, wires_max)}.qasm"
    if found := _read(file):
        return found
    best = max(_tried(structure, machine, wires_max), default=None, key=lambda each: each[0])
    if best is None:
        raise BadInput(
            f"On {machine.name} the circuit touches more than {wires_max} qubits; make it smaller."
        )
    if file is not None:
        _keep(file, write(best[1], hardware=True))
    return best[1]


def _tried(structure: Circuit, machine: Device, wires_max: int | None) -> Iterator[tuple[float, Circuit]]:
    """Each transpilation that fits, with its expected success at angles that no gate can be left out for."""
    from qiskit.transpiler import generate_preset_pass_manager

    physical, target = target_of(machine)
    given = to_qiskit(structure, tuple(structure.qubits))
    any_angles = {name: 1 + _GOLDEN * number % 1 for number, name in enumerate(structure.inputs)}
    for seed in range(TRIES):
        manager = generate_preset_pass_manager(LEVEL, target=target, seed_transpiler=seed)
        found = from_qiskit(manager.run(given), physical, structure.inputs)
        if wires_max is None or len(found.qubits) <= wires_max:
            bound = tidied(bind(found, any_angles), machine)
            yield expected_success(bound, schedule(bound, machine), machine), found


def _is_plain(angle: Angle) -> bool:
    if isinstance(angle, Linear):
        return False
    turns = angle / (math.pi / 4)
    return abs(turns - round(turns)) < 1e-9


def _put(angle: Linear, angles: Mapping[str, Angle]) -> Angle:
    constant, factors = angle.constant, dict[str, float]()
    for name, factor in angle.factors:
        value = angles[name]
        constant += factor * (value.constant if isinstance(value, Linear) else value)
        for inner, own in value.factors if isinstance(value, Linear) else ():
            factors[inner] = factors.get(inner, 0.0) + factor * own
    return linear(constant, factors)


def _key(structure: Circuit, machine: Device, wires_max: int | None) -> str:
    text = write(structure, hardware=False)
    made_with = [version("qiskit"), LEVEL, TRIES, wires_max]
    return digest_of([digest(text.encode()), machine.name, machine.table(), made_with])


def _read(file: Path | None) -> Circuit | None:
    """What is kept; what cannot be read is looked for again."""
    try:
        return parse(file.read_text()) if file else None
    except (OSError, ValueError, BadInput):
        return None


def _keep(file: Path, text: str) -> None:
    """Written whole or not at all; the oldest make room."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    others = sorted(file.parent.glob("*.qasm"), key=lambda one: one.stat().st_mtime)
    for old in others[: max(0, len(others) - KEPT_MAX + 1)]:
        old.unlink(missing_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, suffix=".part", delete=False) as part:
        part.write(text)
    Path(part.name).replace(file)
