"""Batched state-vector QAOA for diagonal costs (Farhi, Goldstone, Gutmann 2014, arXiv:1411.4028).

A layer is exp(-i gamma C), then exp(+i beta sum X): positive angles minimise, as in annealing from the
ground state of -sum X. RX = RZ(-pi/2) RY RZ(pi/2), and RZ commutes with the cost, so the mixer becomes a
real rotation that acts on the real and the imaginary half alike; only the phase of the start remembers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hybridops.domain.errors import BadInput
from hybridops.solvers.arrays import Array, to_numpy, write
from hybridops.solvers.problem import Floats

QUBITS_MAX = 20
_GROUP = 5  # qubits rotated by one matrix product: 32 x 32 blocks keep a core's multipliers busy
_AMPLITUDES = 1 << 18  # a batch of this many amplitudes stays in a core's cache


class Qaoa:
    """A simulator of one cost diagonal (2^n,), its dtype (float32 or float64) deciding the precision.

    Buffers are made once, for `batch` circuits side by side; `nbytes` says how much that is.
    """

    def __init__(self, diagonal: Array, xp: Any = np, batch: int | None = None) -> None:
        self.xp, self.cost, self.dtype = xp, diagonal, diagonal.dtype
        states = diagonal.shape[0]
        self.qubits = states.bit_length() - 1
        if states != 1 << self.qubits or not 1 <= self.qubits <= QUBITS_MAX:
            raise BadInput(f"a cost diagonal has 2^n entries with n from 1 to {QUBITS_MAX}, not {states}")
        self.batch = batch or max(1, _AMPLITUDES // states)
        self.groups = _groups(self.qubits)
        self.start = _start(self.qubits, xp, self.dtype)
        self.waves = [xp.zeros((self.batch, 2, states), dtype=self.dtype) for _ in range(2)]
        self.scratch = [xp.zeros((self.batch, states), dtype=self.dtype) for _ in range(3)]

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers, the cost and the start, without what a call allocates beside them."""
        numbers = (2 * 2 + 3) * self.batch + 3
        return int(numbers * self.cost.shape[0] * (4 if self.dtype == self.xp.float32 else 8))

    def expectation(self, gammas: Floats, betas: Floats) -> Floats:
        """<C> of each circuit; angles have shape (b, p), the result (b,). Any b: it runs in batches."""
        parts = [
            to_numpy(self._weights(gammas[at : at + self.batch], betas[at : at + self.batch]) @ self.cost)
            for at in range(0, len(gammas), self.batch)
        ]
        return np.concatenate(parts).astype(np.float64)

    def probabilities(self, gammas: Floats, betas: Floats) -> Floats:
        """The ideal distribution (2^n,) of one circuit, angles of shape (p,); it sums to 1."""
        weights = to_numpy(self._weights(gammas[None], betas[None]))[0].astype(np.float64)
        return np.asarray(weights / weights.sum())

    def _weights(self, gammas: Floats, betas: Floats) -> Array:
        wave = self._evolve(gammas, betas)
        return wave[:, 0, :] ** 2 + wave[:, 1, :] ** 2

    def _evolve(self, gammas: Floats, betas: Floats) -> Array:
        count, layers = gammas.shape
        wave, spare = (buffer[:count, ...] for buffer in self.waves)
        wave[...] = self.start[None, ...]
        for layer in range(layers):
            self._phase(wave, gammas[:, layer])
            for size in self.groups:
                self._rotate(wave, spare, betas[:, layer], size)
                wave, spare = spare, wave
        return wave

    def _phase(self, wave: Array, gammas: Floats) -> None:
        """wave *= exp(-i gamma C), the real and imaginary parts apart."""
        xp = self.xp
        angle, cosine, sine = (buffer[: len(gammas), :] for buffer in self.scratch)
        write(xp, "multiply", self.cost[None, :], xp.asarray(gammas, dtype=self.dtype)[:, None], out=angle)
        write(xp, "cos", angle, out=cosine)
        write(xp, "sin", angle, out=sine)
        real, imaginary = wave[:, 0, :], wave[:, 1, :]
        write(xp, "multiply", real, sine, out=angle)
        sine *= imaginary
        real *= cosine
        real += sine
        imaginary *= cosine
        imaginary -= angle

    def _rotate(self, wave: Array, out: Array, betas: Floats, size: int) -> None:
        """Rotates the last `size` qubits and moves them to the front: after all groups the order is back."""
        count, _, states = wave.shape
        side = 1 << size
        block = self.xp.asarray(_rotation(betas, size), dtype=self.dtype)[:, None, :, :]
        columns = self.xp.matrix_transpose(self.xp.reshape(wave, (count, 2, states // side, side)))
        target = self.xp.reshape(out, (count, 2, side, states // side))
        write(self.xp, "matmul", block, columns, out=target)


def sample(probabilities: Floats, shots: int, seed: int | list[int]) -> dict[str, int]:
    """Counts by bit string, qubit 0 leftmost, of `shots` draws; sorted, the same for the same seed."""
    qubits = len(probabilities).bit_length() - 1
    drawn = np.random.default_rng(seed).multinomial(shots, probabilities)
    return {f"{state:0{qubits}b}": int(drawn[state]) for state in np.flatnonzero(drawn)}


def _groups(qubits: int) -> list[int]:
    count = -(-qubits // _GROUP)
    small, larger = divmod(qubits, count)
    return [small + 1] * larger + [small] * (count - larger)


def _start(qubits: int, xp: Any, dtype: Any) -> Array:
    """RZ(pi/2) on |+>: amplitude i^(ones in the state) / sqrt(2^n), as (2, 2^n) real and imaginary."""
    power = 1j ** (np.bitwise_count(np.arange(1 << qubits)) % 4) / np.sqrt(1 << qubits)
    return xp.asarray(np.stack((power.real, power.imag)), dtype=dtype)


def _rotation(betas: Floats, size: int) -> npt.NDArray[np.float64]:
    """RY(-2 beta) on `size` qubits: shape (b, 2^size, 2^size)."""
    cosine, sine = np.cos(betas), np.sin(betas)
    one = np.stack((np.stack((cosine, sine), axis=-1), np.stack((-sine, cosine), axis=-1)), axis=-2)
    block = one
    for _ in range(size - 1):
        wide = 2 * block.shape[1]
        block = (block[:, :, None, :, None] * one[:, None, :, None, :]).reshape(-1, wide, wide)
    return block
