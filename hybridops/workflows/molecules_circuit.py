"""The one template of a molecule: parameters and readout are inputs, so every circuit of the loop is the same program.

Each qubit is measured behind rz(phi) and rx(chi): Z at 0 and 0, X at pi/2 and pi/2, Y at 0 and pi/2.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hybridops.solvers.paired import Paired, measured_part, move_word, paired
from hybridops.solvers.pauli import PauliSum, Word
from hybridops.solvers.readout import Setting, settings
from hybridops.solvers.sinusoids import offsets
from hybridops.trust.canonical import digest, digest_of
from hybridops.workflows.pauli_json import Molecule
from hybridops.workflows.qaoa_circuit import depth

FAMILY = "paired-electrons/1"
FINAL_CIRCUITS = 40  # of the last submission, which reads the best point and the references
_REFERENCES = 4  # of each kind at least
_QUARTER = math.pi / 2
_READOUT = {"Z": (0.0, 0.0), "Y": (0.0, _QUARTER), "X": (_QUARTER, _QUARTER)}

type Point = tuple[float, ...]
type Bindings = list[dict[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a run sends: the template, what is measured of the Hamiltonian, and in which settings."""

    template: Paired
    measured: PauliSum
    settings: tuple[Setting, ...]

    @property
    def points(self) -> int:
        """Parameter points in one sweep: the present one and the neighbours of each parameter."""
        return 1 + sum(len(offsets(half)) for half in self.template.halves)

    @property
    def bindings_max(self) -> int:
        return max(FINAL_CIRCUITS, self.points * len(self.settings))


def plan_of(molecule: Molecule) -> Plan:
    measured = measured_part(molecule.hamiltonian)
    return Plan(paired(molecule.orbitals, molecule.pairs), measured, settings(measured))


def neighbours(plan: Plan, centre: Point) -> list[Point]:
    """The points of a sweep: the centre first, then each parameter at its offsets."""
    found = [centre]
    for at, half in enumerate(plan.template.halves):
        found += [turned(plan, centre, {at: offset}) for offset in offsets(half)]
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """A circuit whose answer is known whatever the molecule: a word that is 1 at this point and in this setting; at
    the Hartree-Fock point None, since all of its energy is known.
    """

    point: Point
    setting: int
    word: Word | None = None


def references(plan: Plan) -> list[Reference]:
    """What a device makes of them is what its gates and its readout cost. Each stands there as often as it is read.

    The Hartree-Fock determinant in Z (Lolur et al., J. Chem. Theory Comput. 19 (2023) 783), and in X for each
    parameter the even sum of a pair here and there.
    """
    count = len(plan.template.halves)
    found = []
    for number in range(count):
        word = move_word(plan.template, number)
        point = tuple(_QUARTER * (at == number) for at in range(count))
        found += [Reference(point, at, word) for at, one in enumerate(plan.settings) if one.reads_x(word[0])][
            :1
        ]
    origin = [Reference((0.0,) * count, at) for at, one in enumerate(plan.settings) if one.reads_z]
    return found * -(-_REFERENCES // max(1, len(found))) + origin * _REFERENCES


def turned(plan: Plan, point: Point, by: Mapping[int, float]) -> Point:
    """The point with some parameters turned on, each within its range."""
    return tuple(
        _wrapped(value + by.get(at, 0.0), _reach(half))
        for at, (value, half) in enumerate(zip(point, plan.template.halves, strict=True))
    )


def _reach(half: bool) -> float:
    return 2 * math.pi if half else math.pi


def _wrapped(value: float, reach: float) -> float:
    return min(reach, max(-reach, math.remainder(value, 2 * reach)))


def values(plan: Plan, point: Sequence[float], setting: Setting) -> dict[str, float]:
    """The inputs of one circuit, in radians."""
    found = {f"theta_{at}": float(value) for at, value in enumerate(point)}
    for qubit, letter in enumerate(setting.bases):
        found[f"phi_{qubit}"], found[f"chi_{qubit}"] = _READOUT[letter]
    return found


def ranges(plan: Plan) -> dict[str, list[float]]:
    """Every input with the lowest and highest value it may get."""
    found = {f"theta_{at}": [-_reach(half), _reach(half)] for at, half in enumerate(plan.template.halves)}
    for qubit in range(plan.template.qubits):
        found |= {f"phi_{qubit}": [0.0, _QUARTER], f"chi_{qubit}": [0.0, _QUARTER]}
    return found


def text_of(plan: Plan) -> str:
    """The template as OpenQASM 3 with inputs."""
    qubits = range(plan.template.qubits)
    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        f"qubit[{len(qubits)}] q;",
        f"bit[{len(qubits)}] c;",
        *(f"input float[64] {name};" for name in ranges(plan)),
    ]
    for name, on, turn in plan.template.steps:
        angle = "" if turn is None else f"({'' if turn[0] == 1 else f'{turn[0]!r}*'}theta_{turn[1]})"
        lines.append(f"{name}{angle} {', '.join(f'q[{qubit}]' for qubit in on)};")
    lines += [line for q in qubits for line in (f"rz(phi_{q}) q[{q}];", f"rx(chi_{q}) q[{q}];")]
    lines += [f"c[{qubit}] = measure q[{qubit}];" for qubit in qubits]
    return "\n".join(lines) + "\n"


def circuit_facts(plan: Plan) -> dict[str, Any]:
    """JSON of the circuit: what a page and a reviewer see, and its digests."""
    qubits = plan.template.qubits
    readout = [(name, (qubit,)) for qubit in range(qubits) for name in ("rz", "rx")]
    gates = [(name, on) for name, on, _ in plan.template.steps] + readout
    two = sum(len(on) == 2 for _, on in gates)
    steps = [[name, list(on), list(turn or ())] for name, on, turn in plan.template.steps]
    return {
        "qubits": qubits,
        "gates": {**Counter(name for name, _ in gates), "measure": qubits},
        "one_qubit_gates": len(gates) - two,
        "two_qubit_gates": two,
        "depth": depth(qubits, [(name, on, None) for name, on in gates]) + 1,
        "template_digest": digest_of({"family": FAMILY, "qubits": qubits, "steps": steps}),
        "digest": digest(text_of(plan).encode()),
        "inputs": ranges(plan),
        "bindings_max": plan.bindings_max,
    }
