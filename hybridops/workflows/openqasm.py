"""A strict reader of OpenQASM 2.0 and 3.0 circuits: gates of an allow-list, own gates, measurement at the end.

Spec: OpenQASM 2.0 (Cross et al., arXiv 1707.03429) and OpenQASM 3.0. Nothing is included from anywhere: the
names of qelib1.inc and stdgates.inc that are known stand in `openqasm_gates`. What would change the meaning
is refused with its place, never skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from hybridops.domain.errors import BadInput
from hybridops.solvers.statevector import WORK_MAX, Gate
from hybridops.workflows.openqasm_angles import evaluate
from hybridops.workflows.openqasm_calls import read_called, read_definition
from hybridops.workflows.openqasm_gates import (
    BUILT_IN,
    COST_MAX,
    GATES_MAX,
    LIBRARY,
    SENT,
    Definition,
    expand,
)
from hybridops.workflows.openqasm_refused import check_read_here
from hybridops.workflows.openqasm_tokens import END, Tokens
from hybridops.workflows.openqasm_wires import Wires, refuse
from hybridops.workflows.text import Token

STATEMENTS_MAX = 100_000
_INCLUDES = ('"qelib1.inc"', '"stdgates.inc"')


@dataclass(frozen=True, slots=True)
class Circuit:
    """Gates as they are sent, then the measurement: bit i of an outcome, from the left, is qubit measured[i].

    `bits` names each of those bits in the file's words; a file that measures nothing is measured whole
    (`unmeasured`). `called` counts the gates as the file names them.
    """

    version: int
    qubits: int
    gates: tuple[Gate, ...]
    measured: tuple[int, ...]
    bits: tuple[str, ...]
    unmeasured: bool
    called: Mapping[str, int]


def parse(data: bytes) -> Circuit:
    """The circuit in a file; raises BadInput with line and column and what to do about it."""
    usual = _usual_gates()
    reader = _Reader(Tokens(data), {name: usual[name] for name in BUILT_IN})
    reader.read()
    return reader.circuit()


@cache
def _usual_gates() -> Mapping[str, Definition]:
    reader = _Reader(Tokens(LIBRARY), dict(SENT))
    reader.read()
    return reader.known


@dataclass
class _Reader:
    tokens: Tokens
    known: dict[str, Definition]
    version: int = 0
    wires: Wires = field(default_factory=Wires)
    gates: list[Gate] = field(default_factory=list)
    called: Counter[str] = field(default_factory=Counter)
    cost: int = 0

    def read(self) -> None:
        self._version()
        for _ in range(STATEMENTS_MAX):
            if self.tokens.sees(END):
                return
            self._statement()
        raise self.tokens.now.refuse(f"at most {STATEMENTS_MAX:,} statements; send a shorter circuit")

    def circuit(self) -> Circuit:
        wires, count = self.wires, len(self.gates)
        if not wires.qubits:
            raise self.tokens.now.refuse("a register of qubits, such as qubit[2] q;")
        if count << wires.qubits > WORK_MAX:
            raise BadInput(
                f"{count:,} gates on {wires.qubits} qubits are too many to simulate for comparison; send at most "
                f"{WORK_MAX >> wires.qubits:,}"
            )
        bits, whole = sorted(wires.read_out), range(wires.qubits)
        return Circuit(
            version=self.version,
            qubits=wires.qubits,
            gates=tuple(self.gates),
            measured=tuple(wires.read_out[bit] for bit in bits) if bits else tuple(whole),
            bits=tuple(wires.label(number, quantum=not bits) for number in bits or whole),
            unmeasured=not bits,
            called=dict(self.called),
        )

    def _version(self) -> None:
        self.tokens.take("OPENQASM")
        number = self.tokens.next()
        if number.text not in ("2.0", "3", "3.0"):
            raise number.refuse("2.0 or 3.0")
        self.version = int(number.text[0])
        self.tokens.take(";")

    def _statement(self) -> None:
        word = self.tokens.now
        check_read_here(word)
        read: Mapping[str, Callable[[], None]] = {
            "include": self._include,
            "gate": self._gate,
            "barrier": self._barrier,
            "measure": self._measure,
            **dict.fromkeys(("qreg", "qubit", "creg", "bit"), self._declare),
        }
        if self.tokens.took(";"):
            return
        if word.text in read:
            read[word.text]()
        elif word.text in self.wires.registers:
            self._assign(self._operand(quantum=False))
        else:
            self._call()

    def _include(self) -> None:
        self.tokens.next()
        file = self.tokens.next()
        if file.text not in _INCLUDES:
            raise file.refuse(f"{' or '.join(_INCLUDES)}: no other file is included")
        self.tokens.take(";")
        for name, definition in _usual_gates().items():
            if self.known.setdefault(name, definition) is not definition or name in self.wires.registers:
                raise file.refuse(f"an include before anything of your own is called {name}")

    def _declare(self) -> None:
        kind = self.tokens.next().text
        size = self._index() if kind in ("qubit", "bit") else None
        name = self.tokens.name("the register's name")
        size = self._index() if kind in ("qreg", "creg") else size
        self.wires.declare(name, size, self.known, quantum=kind.startswith("q"))
        if kind == "bit" and self.tokens.sees("="):
            self._assign(self.wires.numbers(name, None, quantum=False))
        else:
            self.tokens.take(";")

    def _gate(self) -> None:
        name, definition = read_definition(self.tokens, self.known)
        if name.text in self.known or name.text in self.wires.registers:
            raise name.refuse("a name that is not taken yet")
        self.known[name.text] = definition

    def _barrier(self) -> None:
        self.tokens.next()
        if not self.tokens.sees(";"):
            self._operands()
        self.tokens.take(";")

    def _measure(self) -> None:
        at = self.tokens.next()
        qubits = self._operand()
        if not self.tokens.took("->"):
            raise self.tokens.now.refuse("-> and the bit to measure into")
        self.wires.measure(qubits, self._operand(quantum=False), at)
        self.tokens.take(";")

    def _assign(self, bits: Sequence[int]) -> None:
        """`bits = measure qubits;` from the sign on."""
        self.tokens.take("=")
        at = self.tokens.take("measure")
        self.wires.measure(self._operand(), bits, at)
        self.tokens.take(";")

    def _index(self) -> Token | None:
        if not self.tokens.took("["):
            return None
        index = self.tokens.next()
        self.tokens.take("]")
        return index

    def _operand(self, *, quantum: bool = True) -> Sequence[int]:
        name = self.tokens.name("a qubit" if quantum else "a bit")
        return self.wires.numbers(name, self._index(), quantum=quantum)

    def _operands(self) -> list[Sequence[int]]:
        found = [self._operand()]
        while self.tokens.took(","):
            found.append(self._operand())
        return found

    def _call(self) -> None:
        """A gate on qubits, or on registers qubit by qubit."""
        name, definition, expressions = read_called(self.tokens, self.known)
        angles = [evaluate(expression, {}, name) for expression in expressions]
        operands = self._operands()
        self.tokens.take(";")
        if len(operands) != definition.qubits:
            raise name.refuse(f"{definition.qubits} qubits after this gate, not {len(operands)}")
        widths = {len(numbers) for numbers in operands if isinstance(numbers, range)}
        if len(widths) > 1:
            raise name.refuse("registers of one size after this gate")
        for at in range(max(widths, default=1)):
            on = [numbers[at] if isinstance(numbers, range) else numbers[0] for numbers in operands]
            self._apply(name, definition, angles, on)

    def _apply(self, name: Token, definition: Definition, angles: list[float], on: list[int]) -> None:
        if len(set(on)) < len(on):
            raise name.refuse("different qubits after this gate")
        for qubit in on:
            self.wires.check_open(qubit, name)
        self.cost += definition.cost
        self.called[name.text] += 1
        if len(self.gates) + definition.gates > GATES_MAX or self.cost > COST_MAX:
            raise refuse(
                name, f"more than {GATES_MAX:,} gates once all are written out; send a shorter circuit"
            )
        if definition.gates:
            self.gates += expand(definition, angles, on, name)
