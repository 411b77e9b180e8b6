"""A circuit as layers: merged one-qubit unitaries, then diagonal two-qubit phases, then noise.

What the state-vector kernels run. Wires are numbered from 0; wire w is bit w of an outcome from the left.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hybridops.providers.qasm import Gate

type Matrix = NDArray[np.complex128]

_H: Matrix = np.array([[1, 1], [1, -1]], np.complex128) * math.sqrt(0.5)
_FIXED: Mapping[str, Matrix] = {
    "h": _H,
    "x": np.array([[0, 1], [1, 0]], np.complex128),
    "sx": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]], np.complex128) * 0.5,
}


@dataclass(frozen=True, slots=True)
class Site:
    """A Pauli channel on one wire (X, Y, Z) or two (fifteen products): `chances` of each, in order.

    A product is numbered first + 4 · second with I, X, Y, Z = 0, 1, 2, 3.
    """

    wires: tuple[int, ...]
    chances: tuple[float, ...]


@dataclass(slots=True)
class Layer:
    """Applied in the order of the fields. A phase (a, b, t) is exp(-i t/2 Z_a Z_b); with t None a CZ."""

    singles: dict[int, Matrix] = field(default_factory=dict)
    before: list[Site] = field(default_factory=list)
    phases: list[tuple[int, int, float | None]] = field(default_factory=list)
    after: list[Site] = field(default_factory=list)


class Builder:
    """Takes gates in order and packs them as early as they can go.

    `noisy` keeps two phases on one wire in different layers, since noise stands between them.
    """

    def __init__(self, wires: int, *, noisy: bool) -> None:
        self.layers = [Layer()]
        self._noisy = noisy
        self._level = [0] * wires
        self._pending: dict[int, Matrix] = {}
        self._sites: dict[int, list[Site]] = {}

    def single(self, wire: int, unitary: Matrix) -> None:
        before = self._pending.get(wire)
        self._pending[wire] = unitary if before is None else unitary @ before

    def noise(self, site: Site) -> None:
        """Noise on one wire after its one-qubit gates so far and before its next two-qubit gate."""
        self._sites.setdefault(site.wires[0], []).append(site)

    def phase(self, a: int, b: int, angle: float | None, after: Site | None = None) -> None:
        level = max(self._free(wire) for wire in (a, b))
        layer = self._at(level)
        for wire in (a, b):
            self._flush(wire, layer)
            self._level[wire] = level
        layer.phases.append((a, b, angle))
        if after is not None:
            layer.after.append(after)

    def finish(self) -> list[Layer]:
        """All layers; what is left on the wires stands in a last one."""
        last = Layer()
        for wire in range(len(self._level)):
            self._flush(wire, last)
        return [*self.layers, last]

    def _free(self, wire: int) -> int:
        busy = self._noisy or wire in self._pending or wire in self._sites
        return self._level[wire] + 1 if busy else self._level[wire]

    def _at(self, level: int) -> Layer:
        while len(self.layers) <= level:
            self.layers.append(Layer())
        return self.layers[level]

    def _flush(self, wire: int, layer: Layer) -> None:
        if wire in self._pending:
            layer.singles[wire] = self._pending.pop(wire)
        layer.before += self._sites.pop(wire, [])


def unitary(gate: Gate) -> Matrix:
    """The matrix of a one-qubit gate."""
    if gate.angle is None:
        return _FIXED[gate.name]
    cos, sin = math.cos(gate.radians / 2), math.sin(gate.radians / 2)
    if gate.name == "rx":
        return np.array([[cos, -1j * sin], [-1j * sin, cos]], np.complex128)
    if gate.name == "ry":
        return np.array([[cos, -sin], [sin, cos]], np.complex128)
    half = cmath.exp(0.5j * gate.radians)
    return np.array([[half.conjugate(), 0], [0, half]], np.complex128)


def noiseless(gates: Sequence[Gate], wires: Mapping[int, int]) -> list[Layer]:
    """The layers of a circuit without noise; qubits become wires by the mapping."""
    builder = Builder(len(wires), noisy=False)
    for gate in _with_rzz(gates):
        on = [wires[qubit] for qubit in gate.on]
        if gate.name == "cx":
            builder.single(on[1], _H)
            builder.phase(on[0], on[1], None)
            builder.single(on[1], _H)
        elif len(on) == 2:
            builder.phase(on[0], on[1], None if gate.angle is None else gate.radians)
        else:
            builder.single(on[0], unitary(gate))
    return builder.finish()


def _with_rzz(gates: Sequence[Gate]) -> list[Gate]:
    """The same circuit with cx, rz, cx on one pair as rzz, which is diagonal and merges with others."""
    found: list[Gate] = []
    position = 0
    while position < len(gates):
        three = gates[position : position + 3]
        if [gate.name for gate in three] == ["cx", "rz", "cx"] and (
            three[0].on == three[2].on and three[1].on == three[0].on[1:]
        ):
            found.append(Gate("rzz", three[0].on, three[1].angle))
            position += 3
        else:
            found.append(gates[position])
            position += 1
    return found
