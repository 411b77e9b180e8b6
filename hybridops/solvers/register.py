"""One thread's state vector: its buffers, and one batch of circuits run from start to measurement.

States are taken in tiles that stay in a core's cache: phase and lower qubits of the mixer tile by tile, then
the upper qubits in blocks of columns, where the last layer is also measured. One full copy of the state is
kept, and none where one tile holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hybridops.solvers import mixer, phase
from hybridops.solvers.arrays import Array, write
from hybridops.solvers.problem import Floats

_APART = 64  # numbers between tiles: at distances of powers of two, caches would map them all to few places
TILE = 16  # a tile's real and imaginary parts twice, and two spare halves, fit a core's cache

# Gets |amplitude|^2 (b, u, m) of a block: all u values of the upper qubits by the columns that the slice names.
type Measure = Callable[[slice, Array], None]


class Register:
    """Room for `batch` circuits over a cost (2^n,) side by side, in tiles where n is above `tile`."""

    def __init__(self, cost: Array, xp: Any, batch: int, tile: int = TILE) -> None:
        self.xp, self.cost, self.dtype = xp, cost, cost.dtype
        states = cost.shape[0]
        self.lower = mixer.groups(states.bit_length() - 1)
        self.upper = self.lower.pop() if states > 1 << tile and len(self.lower) > 1 else 0
        self.tile = states >> self.upper
        self.norm = float(states) ** -0.5
        # Of the ones in a state, those in the upper qubits are the same all over a tile.
        self.quarters = xp.asarray(phase.quarters(self.tile), dtype=self.dtype)
        self.tiles = [xp.zeros((batch, 2, self.tile), dtype=self.dtype) for _ in range(2)]
        self.halves = [xp.zeros((batch, self.tile), dtype=self.dtype) for _ in range(2)]
        rows = 1 << self.upper if self.upper else 0
        self.wave = xp.zeros((batch, 2, rows, self.tile + _APART), dtype=self.dtype)

    @property
    def numbers(self) -> int:
        """How many numbers the buffers hold, without the cost."""
        buffers = (self.quarters, *self.tiles, *self.halves, self.wave)
        return int(sum(buffer.size for buffer in buffers))

    def run(self, gammas: Floats, betas: Floats, measure: Measure) -> None:
        """Angles (b, p), b no more than the batch; `measure` is called until every state was seen once."""
        count, layers = gammas.shape
        for layer in range(layers):
            half = self.xp.asarray(-gammas[:, layer, None] / 2, dtype=self.dtype)
            turns = self._turns(betas[:, layer])
            for number in range(1 << self.upper):
                self._phase(number, half, first=layer == 0)
                self._rotate(number, turns[: len(self.lower)])
            if self.upper:
                self._rotate_upper(turns[-1], measure if layer == layers - 1 else None)
        if not self.upper:
            measure(slice(0, self.tile), self._weights(self.tiles[0][:count, :, None, :]))

    def _turns(self, betas: Floats) -> list[Array]:
        """The rotations of this layer, one for each group, lowest qubits first."""
        sizes = self.lower + [self.upper] * bool(self.upper)
        made = {
            size: self.xp.asarray(mixer.rotation(betas, size), dtype=self.dtype)
            for size in sorted(set(sizes))
        }
        return [made[size] for size in sizes]

    def _phase(self, number: int, half: Array, *, first: bool) -> None:
        """The cost layer of one tile, into the first tile buffer."""
        count = half.shape[0]
        cost = self.cost[number * self.tile : (number + 1) * self.tile]
        wave, spare = (tile[:count, :, :] for tile in self.tiles)
        room = [part[:count, :] for part in self.halves]
        if first:
            turned = self.quarters, phase.QUARTER * (number.bit_count() % 4)
            phase.start(self.xp, wave, cost, half, turned, self.norm, room)
        else:
            before = self.wave[:count, :, number, : self.tile] if self.upper else wave
            phase.apply(self.xp, before, wave, cost, half, room, spare)

    def _rotate(self, number: int, turns: list[Array]) -> None:
        """The lower qubits of one tile, from the first tile buffer to the wave, or to the first buffer."""
        count, below = turns[0].shape[0], 0
        for place, (turn, size) in enumerate(zip(turns, self.lower, strict=True)):
            wave, out = (tile[:count, :, :] for tile in self.tiles)
            if self.upper and place == len(turns) - 1:
                out = self.wave[:count, :, number, : self.tile]
            else:
                self.tiles.reverse()
            mixer.rotate(self.xp, turn, wave, out, below)
            below += size

    def _rotate_upper(self, turn: Array, measure: Measure | None) -> None:
        """The upper qubits, block by block; the last layer is measured and not written back."""
        count, side = turn.shape[0], turn.shape[1]
        wave = self.wave[:count, :, :, :]
        width = self.tile // side
        block = self.xp.reshape(self.tiles[0][:count, :, :], (count, 2, side, width))
        for at in range(0, self.tile, width):
            columns = slice(at, at + width)
            write(self.xp, "matmul", turn[:, None, :, :], wave[:, :, :, columns], out=block)
            if measure:
                measure(columns, self._weights(block))
            else:
                wave[:, :, :, columns] = block

    def _weights(self, block: Array) -> Array:
        """|amplitude|^2 of (b, 2, u, m), which is overwritten: shape (b, u, m), good until the next call."""
        weights = self.xp.reshape(self.halves[0][: block.shape[0], :], (block.shape[0], *block.shape[2:]))
        block *= block
        write(self.xp, "add", block[:, 0, :, :], block[:, 1, :, :], out=weights)
        return weights
