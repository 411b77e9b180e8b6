"""Batched state-vector QAOA for diagonal costs (Farhi, Goldstone, Gutmann 2014, arXiv:1411.4028).

A layer is exp(-i gamma C), then exp(+i beta sum X): positive angles minimise, as in annealing from the
ground state of -sum X.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.cvar import Tail
from hybridops.solvers.problem import Floats
from hybridops.solvers.register import TILE, Register

QUBITS_MAX = 20


class Qaoa:
    """A simulator of one cost diagonal (2^n,), its dtype (float32 or float64) deciding the precision.

    Each of `workers` threads has buffers for `batch` circuits side by side, made once; `nbytes` says how much
    that is. A circuit's numbers depend on neither, to the last bit.
    """

    def __init__(
        self,
        diagonal: Array,
        xp: Any = np,
        batch: int | None = None,
        *,
        workers: int = 1,
        tile: int = TILE,
    ) -> None:
        self.xp, self.cost = xp, diagonal
        states = diagonal.shape[0]
        self.qubits = states.bit_length() - 1
        if states != 1 << self.qubits or not 1 <= self.qubits <= QUBITS_MAX:
            raise BadInput(f"a cost diagonal has 2^n entries with n from 1 to {QUBITS_MAX}, not {states}")
        self.batch, self.workers = batch or max(1, (1 << tile) // states), workers
        registers = [Register(diagonal, xp, self.batch, tile) for _ in range(workers)]
        size = 4 if diagonal.dtype == xp.float32 else 8
        self.nbytes = size * (states + sum(register.numbers for register in registers))
        self.free: SimpleQueue[Register] = SimpleQueue()
        for register in registers:
            self.free.put(register)

    def expectation(self, gammas: Floats, betas: Floats) -> Floats:
        """<C> of each circuit; angles have shape (b, p), the result (b,). Any b: it runs in batches."""
        return self._in_batches(self._expectation, gammas, betas)

    def cvar(self, gammas: Floats, betas: Floats, alpha: float) -> Floats:
        """Mean cost of the lowest `alpha` of each distribution, 0 < alpha <= 1; shapes as for `expectation`.

        Raises BadInput for another alpha. While it runs it takes some 60 bytes a state beside `nbytes`.
        """
        tail = Tail(self.cost, alpha, self.xp)
        return self._in_batches(lambda *angles: tail.mean(self._weights(*angles)), gammas, betas)

    def probabilities(self, gammas: Floats, betas: Floats) -> Floats:
        """The ideal distribution (2^n,) of one circuit, angles of shape (p,); it sums to 1."""
        weights = to_numpy(self._weights(gammas[None], betas[None]))[0].astype(np.float64)
        return np.asarray(weights / weights.sum())

    def _in_batches(self, what: Callable[[Floats, Floats], Floats], gammas: Floats, betas: Floats) -> Floats:
        parts = [slice(at, at + self.batch) for at in range(0, len(gammas), self.batch)]
        pairs = [gammas[part] for part in parts], [betas[part] for part in parts]
        if self.workers == 1:
            return np.concatenate(list(map(what, *pairs)))
        with ThreadPoolExecutor(self.workers) as pool:
            return np.concatenate(list(pool.map(what, *pairs)))

    def _expectation(self, gammas: Floats, betas: Floats) -> Floats:
        xp, found = self.xp, np.zeros(len(gammas))

        def measure(columns: slice, weights: Array) -> None:
            cost = xp.reshape(self.cost, (weights.shape[1], -1))[:, columns]
            rows = xp.matmul(weights[:, :, None, :], cost[None, :, :, None])
            found[...] += to_numpy(rows)[:, :, 0, 0].astype(np.float64).sum(axis=1)

        with self._register() as register:
            register.run(gammas, betas, measure)
        return found

    def _weights(self, gammas: Floats, betas: Floats) -> Array:
        """|amplitude|^2 of each circuit, shape (b, 2^n)."""
        xp = self.xp
        out = xp.zeros((len(gammas), self.cost.shape[0]), dtype=self.cost.dtype)

        def measure(columns: slice, weights: Array) -> None:
            xp.reshape(out, (len(gammas), weights.shape[1], -1))[:, :, columns] = weights

        with self._register() as register:
            register.run(gammas, betas, measure)
        return out

    @contextmanager
    def _register(self) -> Iterator[Register]:
        register = self.free.get()
        try:
            yield register
        finally:
            self.free.put(register)


def sample(probabilities: Floats, shots: int, seed: int | list[int]) -> dict[str, int]:
    """Counts by bit string, qubit 0 leftmost, of `shots` draws; sorted, the same for the same seed."""
    qubits = len(probabilities).bit_length() - 1
    drawn = np.random.default_rng(seed).multinomial(shots, probabilities)
    return {f"{state:0{qubits}b}": int(drawn[state]) for state in np.flatnonzero(drawn)}
