"""A strict reader and writer of the OpenQASM 3 that is sent: straight-line circuits and nothing else.

Spec: OpenQASM 3.0. Gates of stdgates.inc: h x rx ry rz sx cx cz; also rzz, which it lacks. Qubits are one
register, or hardware qubits `$12` in a compiled program. A template has inputs (`input float[64] theta;`), which
`bind` gives values. No include but "stdgates.inc", no definitions, loops, conditions or block comments; of
expressions only what `angles` reads.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hybridops.domain.errors import BadInput
from hybridops.providers.angles import NAME, Angle, Linear, Unread, read_angle, shown, written

BYTES_MAX = 1_000_000
GATES_MAX = 100_000
STATEMENT_MAX = 20_000
REGISTER_MAX = 1_000
INPUTS_MAX = 5_000
# Name → (qubits, takes an angle)
GATES = {
    **dict.fromkeys(("h", "x", "sx"), (1, False)),
    **dict.fromkeys(("rx", "ry", "rz"), (1, True)),
    **dict.fromkeys(("cx", "cz"), (2, False)),
    "rzz": (2, True),
}

# No pattern here can match one text in two ways: reading takes linear time whatever the text.
_DECLARED = re.compile(rf"(qubit|bit)\s*\[\s*(\d{{1,6}})\s*\]\s*({NAME})")
_INPUT = re.compile(rf"input float\s*(?:\[\s*64\s*\])?\s*({NAME})")
_CALL = re.compile(rf"({NAME})(?: ?\(([^()]*)\) ?| )([^()]+)")
_MEASURE = re.compile(rf"({NAME})\s*(?:\[\s*(\d{{1,6}})\s*\])?\s*=\s*measure\s+(.+)")
_OPERAND = re.compile(rf"({NAME})\s*\[\s*(\d{{1,6}})\s*\]|\$(\d{{1,6}})")


class Gate(NamedTuple):
    """A gate on qubits by number; the angle in radians where it takes one, or what it will be by its inputs."""

    name: str
    on: tuple[int, ...]
    angle: Angle | None = None

    @property
    def radians(self) -> float:
        """The angle of a bound gate. Raises BadInput while an input has no value."""
        if self.angle is None or isinstance(self.angle, Linear):
            raise BadInput("The circuit is a template: its inputs need values before it can run.")
        return self.angle


@dataclass(frozen=True, slots=True)
class Circuit:
    """Gates in order, then a measurement: bit i of the outcome is qubit `measured[i]`.

    `qubits` are the declared ones in order, or the hardware qubits used, ascending. `inputs` are a template's.
    """

    qubits: tuple[int, ...]
    gates: tuple[Gate, ...]
    measured: tuple[int, ...]
    inputs: tuple[str, ...] = ()

    def straight(self) -> Circuit:
        """The same with its qubits numbered so that bit i of the outcome is qubit i."""
        order = [*self.measured, *(qubit for qubit in self.qubits if qubit not in self.measured)]
        place = {qubit: index for index, qubit in enumerate(order)}
        gates = tuple(gate._replace(on=tuple(place[qubit] for qubit in gate.on)) for gate in self.gates)
        return Circuit(tuple(range(len(order))), gates, tuple(range(len(self.measured))))


def parse(text: str, *, qubits_max: int = REGISTER_MAX) -> Circuit:
    """The circuit; raises BadInput with line and column for anything this module does not name."""
    if len(text) > BYTES_MAX or len(text.encode()) > BYTES_MAX:
        raise BadInput(f"The circuit is larger than {BYTES_MAX:,} bytes.")
    reader = _Reader(text, min(qubits_max, REGISTER_MAX))
    for statement, offset in _statements(text, reader):
        try:
            reader.read(statement)
        except Unread as problem:
            raise reader.fault(str(problem), offset) from None
    return reader.circuit()


def write(circuit: Circuit, *, hardware: bool) -> str:
    """The text of a circuit; with `hardware`, qubits are written as `$n`."""
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    if not hardware:
        lines.append(f"qubit[{len(circuit.qubits)}] q;")
    lines.append(f"bit[{len(circuit.measured)}] c;")
    lines += [f"input float[64] {name};" for name in circuit.inputs]
    name: Callable[[int], str] = (lambda q: f"${q}") if hardware else (lambda q: f"q[{q}]")
    for gate in circuit.gates:
        call = gate.name if gate.angle is None else f"{gate.name}({written(gate.angle)})"
        lines.append(f"{call} {', '.join(map(name, gate.on))};")
    lines += [f"c[{bit}] = measure {name(qubit)};" for bit, qubit in enumerate(circuit.measured)]
    return "\n".join(lines) + "\n"


def bind(circuit: Circuit, values: Mapping[str, float]) -> Circuit:
    """The circuit with every input at its value, in radians. Raises BadInput unless there is one for each."""
    if set(values) != set(circuit.inputs) or not all(map(math.isfinite, values.values())):
        raise BadInput(f"The circuit needs a finite value for {', '.join(circuit.inputs) or 'nothing'}.")
    gates = (
        gate._replace(angle=gate.angle.at(values)) if isinstance(gate.angle, Linear) else gate
        for gate in circuit.gates
    )
    return Circuit(circuit.qubits, tuple(gates), circuit.measured)


def bound(text: str, bindings: Sequence[Mapping[str, float]]) -> list[str]:
    """A compiled text as it stands, or of a template one text for each set of values; raises BadInput as `bind`."""
    if not bindings:
        return [text]
    circuit = parse(text)
    return [write(bind(circuit, values), hardware=True) for values in bindings]


def template(text: str) -> str:
    """The structure of a text that `write` made: the same with every angle left out."""
    return re.sub(r"\([^()]*\)", "(_)", text)


def _statements(text: str, reader: _Reader) -> list[tuple[str, int]]:
    """Each statement without its semicolon and comments, with the offset of its first character."""
    bare = re.sub(r"//[^\n]*", lambda found: " " * len(found[0]), text)
    found, start = [], 0
    for part in bare.split(";"):
        found.append((part.strip(), start + len(part) - len(part.lstrip())))
        start += len(part) + 1
    rest, offset = found.pop()
    if rest:
        raise reader.fault("a semicolon is missing", offset)
    return [(statement, offset) for statement, offset in found if statement]


@dataclass
class _Reader:
    text: str
    qubits_max: int
    qubits: tuple[str, int] | None = None
    bits: tuple[str, int] | None = None
    inputs: dict[str, None] = field(default_factory=dict)  # in order
    gates: list[Gate] = field(default_factory=list)
    read_out: dict[int, int] = field(default_factory=dict)  # bit → qubit
    done: set[int] = field(default_factory=set)  # qubits already measured
    used: set[int] = field(default_factory=set)
    statements: int = 0

    def fault(self, why: str, offset: int) -> BadInput:
        starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(starts, offset)
        return BadInput(f"{why}.", line=line, column=offset - starts[line - 1] + 1)

    def read(self, statement: str) -> None:
        if len(statement) > STATEMENT_MAX:
            raise Unread("a statement is too long")
        statement = " ".join(statement.split())
        self.statements += 1
        word = statement.split(" ", 1)[0]
        if self.statements == 1:
            self._version(statement)
        elif word == "include":
            self._include(statement)
        elif declared := _DECLARED.fullmatch(statement):
            self._declare(declared[1], int(declared[2]), declared[3])
        elif found := _INPUT.fullmatch(statement):
            self._input(found[1])
        elif word == "barrier":
            self._barrier(statement.removeprefix("barrier").strip())
        elif measured := _MEASURE.fullmatch(statement):
            self._measure(measured[1], measured[2], measured[3].strip())
        elif call := _CALL.fullmatch(statement):
            self._gate(call[1], call[2], call[3].strip())
        else:
            raise Unread(f"{shown(statement)} is not part of a straight-line circuit")

    def circuit(self) -> Circuit:
        if not self.statements:
            raise BadInput("The circuit is empty.")
        if self.bits is None or not self.read_out:
            raise BadInput("The circuit measures nothing.")
        name, size = self.bits
        missing = next((bit for bit in range(size) if bit not in self.read_out), None)
        if missing is not None:
            raise BadInput(f"{name}[{missing}] is never measured.")
        qubits = tuple(range(self.qubits[1])) if self.qubits else tuple(sorted(self.used))
        if len(qubits) > self.qubits_max:
            raise BadInput(f"The circuit uses {len(qubits)} qubits; at most {self.qubits_max} are possible.")
        measured = tuple(self.read_out[bit] for bit in range(size))
        return Circuit(qubits, tuple(self.gates), measured, tuple(self.inputs))

    def _input(self, name: str) -> None:
        if self.gates or self.read_out:
            raise Unread("an input is declared before the first gate")
        if self._taken(name):
            raise Unread(f"{name} is taken")
        if len(self.inputs) >= INPUTS_MAX:
            raise Unread(f"more than {INPUTS_MAX} inputs")
        self.inputs[name] = None

    def _taken(self, name: str) -> bool:
        registers = [found[0] for found in (self.qubits, self.bits) if found]
        return name == "pi" or name in GATES or name in self.inputs or name in registers

    def _version(self, statement: str) -> None:
        if not re.fullmatch(r"OPENQASM\s+3(\.0)?", statement):
            raise Unread("the circuit must start with OPENQASM 3.0")

    def _include(self, statement: str) -> None:
        if not re.fullmatch(r'include\s*"stdgates\.inc"', statement):
            raise Unread('only "stdgates.inc" may be included')

    def _declare(self, kind: str, size: int, name: str) -> None:
        if (self.qubits if kind == "qubit" else self.bits) is not None:
            raise Unread(f"a second {kind} register")
        if kind == "qubit" and self.used:
            raise Unread("a register beside hardware qubits")
        if not 1 <= size <= self.qubits_max:
            raise Unread(f"{size} {kind}s; between 1 and {self.qubits_max} are possible")
        if self._taken(name):
            raise Unread(f"{name} is taken")
        if kind == "qubit":
            self.qubits = (name, size)
        else:
            self.bits = (name, size)

    def _barrier(self, operands: str) -> None:
        if operands and not (self.qubits and operands == self.qubits[0]):
            self._operands(operands)

    def _measure(self, name: str, index: str | None, source: str) -> None:
        if self.bits is None or name != self.bits[0]:
            raise Unread(f"{shown(name)} is not the bit register")
        if index is None:
            if self.qubits is None or source != self.qubits[0] or self.qubits[1] != self.bits[1]:
                raise Unread("a register is measured into one of another size")
            pairs = [(bit, bit) for bit in range(self.bits[1])]
        else:
            (qubit,) = self._operands(source, count=1)
            pairs = [(int(index), qubit)]
        for bit, qubit in pairs:
            if bit >= self.bits[1] or bit in self.read_out or qubit in self.done:
                raise Unread(f"{name}[{bit}] or its qubit is measured twice, or does not exist")
            self.read_out[bit] = qubit
            self.done.add(qubit)

    def _gate(self, name: str, angle: str | None, operands: str) -> None:
        if name not in GATES:
            raise Unread(f"{shown(name)} is not one of {', '.join(GATES)}")
        count, angled = GATES[name]
        if angled != (angle is not None):
            raise Unread(f"{name} takes {'one angle' if angled else 'no angle'}")
        on = self._operands(operands, count=count)
        if self.done.intersection(on):
            raise Unread("a gate after the measurement of its qubit")
        if len(self.gates) >= GATES_MAX:
            raise Unread(f"more than {GATES_MAX:,} gates")
        self.gates.append(Gate(name, on, None if angle is None else read_angle(angle, self.inputs)))

    def _operands(self, text: str, *, count: int | None = None) -> tuple[int, ...]:
        on = tuple(self._operand(part.strip()) for part in text.split(","))
        if len(set(on)) != len(on) or (count is not None and len(on) != count):
            raise Unread(f"{shown(text)} should be {count or 'some'} different qubits")
        self.used.update(on)
        return on

    def _operand(self, text: str) -> int:
        found = _OPERAND.fullmatch(text)
        if found is None:
            raise Unread(f"{shown(text)} is not a qubit")
        if found[3] is not None:
            if self.qubits is not None:
                raise Unread("hardware qubits beside a register")
            return int(found[3])
        if self.qubits is None or found[1] != self.qubits[0] or int(found[2]) >= self.qubits[1]:
            raise Unread(f"{shown(text)} is not declared")
        return int(found[2])


def depth(gates: Sequence[Gate]) -> int:
    """Gates on the longest chain, and the measurement."""
    level: dict[int, int] = {}
    for gate in gates:
        deepest = 1 + max(level.get(qubit, 0) for qubit in gate.on)
        level.update(dict.fromkeys(gate.on, deepest))
    return 1 + max(level.values(), default=0)
