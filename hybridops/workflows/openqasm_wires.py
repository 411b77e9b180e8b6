"""Registers of a file laid side by side, and what has been measured into which bit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hybridops.domain.errors import BadInput
from hybridops.solvers.statevector import QUBITS_MAX
from hybridops.workflows.text import Token

BITS_MAX = 1_000


def refuse(at: Token, why: str) -> BadInput:
    """The error at a token that needs a sentence of its own."""
    return BadInput(why, line=at.line, column=at.column)


class Register(NamedTuple):
    """`size` qubits or bits from number `first` on; `alone`: one of them, declared without a size."""

    first: int
    size: int
    quantum: bool
    alone: bool


@dataclass(slots=True)
class Wires:
    """`read_out`: bit → the qubit that is measured into it."""

    registers: dict[str, Register] = field(default_factory=dict)
    qubits: int = 0
    bits: int = 0
    read_out: dict[int, int] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)  # measured qubit → the line

    def declare(self, name: Token, size: Token | None, taken: Collection[str], *, quantum: bool) -> None:
        """Adds a register of `size`, or of one; raises BadInput for a name that is taken and above the limits."""
        if name.text in taken or name.text in self.registers or name.text == "pi":
            raise name.refuse("a name that is not taken yet")
        count = 1 if size is None else size.whole("a register's size", 1, 10**9)
        first = self.qubits if quantum else self.bits
        most = QUBITS_MAX if quantum else BITS_MAX
        if first + count > most:
            what = "qubits" if quantum else "bits"
            raise refuse(
                size or name,
                f"this circuit has {first + count:,} {what}; at most {most:,} can be simulated for comparison, "
                "so send a smaller circuit",
            )
        self.registers[name.text] = Register(first, count, quantum, alone=size is None)
        if quantum:
            self.qubits += count
        else:
            self.bits += count

    def numbers(self, name: Token, index: Token | None, *, quantum: bool) -> Sequence[int]:
        """The qubits or bits that `name` (a range) or `name[index]` (a tuple of one) means; raises BadInput."""
        what = "qubit" if quantum else "bit"
        found = self.registers.get(name.text)
        if found is None or found.quantum is not quantum:
            raise name.refuse(f"a {what} register declared above")
        if index is not None:
            return (found.first + index.whole(f"a {what} of {name.text}", 0, found.size - 1),)
        return (found.first,) if found.alone else range(found.first, found.first + found.size)

    def label(self, number: int, *, quantum: bool) -> str:
        """A qubit or bit in the file's words: `q[2]`."""
        names = [name for name, found in self.registers.items() if found.quantum is quantum]
        firsts = [self.registers[name].first for name in names]
        at = bisect_right(firsts, number) - 1
        return f"{names[at]}[{number - firsts[at]}]"

    def measure(self, qubits: Sequence[int], bits: Sequence[int], at: Token) -> None:
        """Notes a measurement; raises BadInput where a qubit or a bit has one already."""
        if len(qubits) != len(bits):
            raise refuse(at, f"{len(qubits)} qubits are measured into {len(bits)} bits; use one bit each")
        for qubit, bit in zip(qubits, bits, strict=True):
            self.check_open(qubit, at)
            if bit in self.read_out:
                label = self.label(bit, quantum=False)
                raise refuse(at, f"{label} holds a measurement already; use another bit")
            self.read_out[bit] = qubit
            self.closed[qubit] = at.line

    def check_open(self, qubit: int, at: Token) -> None:
        """Raises BadInput where the qubit was measured before."""
        if qubit in self.closed:
            label = self.label(qubit, quantum=True)
            raise refuse(
                at,
                f"{label} was measured in line {self.closed[qubit]}; measure each qubit once, after its last gate",
            )
