"""Simulated annealing of many replicas at once, in array form (Kirkpatrick, Gelatt, Vecchi 1983; Metropolis rule).

Variables are offered a flip block by block, all replicas together. A block's local fields are computed from
the spins as they stand, so nothing drifts. See `blocks` for what a block is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.arrays import Array, to_numpy, write
from hybridops.solvers.blocks import ROWS_MAX, Block, partition
from hybridops.solvers.descent import descend
from hybridops.solvers.ising import Ising
from hybridops.solvers.problem import Floats
from hybridops.solvers.qubo import Bits, Qubo, to_ising

BYTES_MAX = 2**31
_STATES = 2**16  # of one random number: an uphill step of chance below 1 / 131,072 is never taken

type LogUniform = Callable[[tuple[int, int]], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Annealed:
    """`bits` (n,) the best and `energy` its float64 value; `energies` (replicas,) as the last sweep left them.

    `updates` spins were offered a flip; `nbytes` bounds the memory it took.
    """

    bits: Bits
    energy: float
    energies: Floats
    updates: int
    nbytes: int


def anneal(
    qubo: Qubo,
    *,
    seed: int,
    replicas: int = 256,
    sweeps: int = 300,
    xp: Any = np,
    betas: Floats | None = None,
) -> Annealed:
    """The best of `replicas` annealed for `sweeps`, brought down to where no single flip helps.

    The same seed, sizes and array library give the same answer. Spins and fields are float32; energies are
    float64, computed anew. `betas` (sweeps,), above 0, in 1 / unit of energy, replaces `schedule`.
    O(sweeps replicas n min(n, 12 degree)). BadInput where the arrays would take more than BYTES_MAX.
    """
    need = nbytes(qubo.variables, replicas)
    if replicas < 1 or sweeps < 1:
        raise BadInput("Ask for at least one replica and one sweep.")
    if betas is not None and not (len(betas) == sweeps and (betas > 0).all() and np.isfinite(betas).all()):
        raise BadInput("Give one finite inverse temperature above 0 a sweep.", field="betas")
    if need > BYTES_MAX:
        raise BadInput(f"{need / 2**30:.1f} GiB is too much: ask for fewer replicas.", field="replicas")
    unit, size = _unit(to_ising(qubo))
    order, blocks = partition(unit, xp)
    random = log_uniforms(seed, xp)
    spins = xp.ones((qubo.variables + 1, replicas), dtype=xp.float32)  # the last row carries the fields h
    start = random((qubo.variables, replicas)) + log(2)
    spins[:-1, :] = xp.copysign(spins[:-1, :], start)
    for beta in (schedule(unit, sweeps) if betas is None else betas * size).tolist():
        for block in blocks:
            _offer(block, spins, random, beta, xp)
    return _best(qubo, to_numpy(spins)[:-1], order, sweeps * qubo.variables * replicas, need)


def schedule(ising: Ising, sweeps: int) -> Floats:
    """(sweeps,) inverse temperatures, geometric.

    At the first the dearest flip there can be is taken every other time; at the last the smallest term of the
    middle spin alone once in a hundred, or a thirtieth of `Ising.scale` where that is more: terms of many sizes
    would otherwise leave most sweeps frozen.
    """
    terms = np.abs(np.column_stack([ising.fields, ising.couplings + ising.couplings.T]))
    if not terms.any():
        return np.ones(sweeps)
    smallest = np.where(terms > 0, terms, np.inf).min(axis=1)
    typical = max(float(np.median(smallest[np.isfinite(smallest)])), ising.scale / 30)
    betas: Floats = np.geomspace(log(2) / (2 * terms.sum(axis=1).max()), log(100) / (2 * typical), sweeps)
    return betas


def nbytes(variables: int, replicas: int) -> int:
    """What `anneal` takes at most beside the cost itself, host and device together; most is the host's float64."""
    return 2**20 + 64 * variables**2 + 40 * variables * replicas + 32 * ROWS_MAX * replicas


def log_uniforms(seed: int, xp: Any) -> LogUniform:
    """A source of ln u, u uniform in (0, 1): on the device with CuPy, 16 bits each from NumPy elsewhere."""
    if xp.__name__ == "cupy":
        generator = xp.random.default_rng(seed)
        return lambda shape: xp.log(1 - generator.random(shape, dtype=xp.float32))
    bits = np.random.SFC64(seed)

    def draw(shape: tuple[int, int]) -> Array:
        count = shape[0] * shape[1]
        whole = bits.random_raw(-(-count // 4)).view(np.uint16)[:count].reshape(shape)
        half = np.add(whole, np.float32(0.5), dtype=np.float32)
        np.multiply(half, np.float32(1 / _STATES), out=half)
        return xp.asarray(np.log(half, out=half))

    return draw


def _unit(ising: Ising) -> tuple[Ising, float]:
    """The same cost over its largest coefficient, so that float32 holds it, and that coefficient."""
    size = float(max(np.abs(ising.fields).max(), np.abs(ising.couplings).max())) or 1.0
    return Ising(0.0, ising.fields / size, ising.couplings / size), size


def _offer(block: Block, spins: Array, random: LogUniform, beta: float, xp: Any) -> None:
    """A Metropolis step of each spin s of the block: it flips where ln(u) < 2 beta s field."""
    own = spins[block.start : block.stop, :]
    fields, limit = block.weights @ spins, random(own.shape)
    write(xp, "multiply", limit, xp.asarray(0.5 / beta, dtype=xp.float32), out=limit)
    if block.inner is None:
        _flip(own, fields, limit, xp)
        return
    for row in range(own.shape[0]):
        mine, later = own[row : row + 1, :], fields[row + 1 :, :]
        before = xp.asarray(mine, copy=True)
        _flip(mine, fields[row : row + 1, :], limit[row : row + 1, :], xp)
        write(xp, "subtract", mine, before, out=before)
        write(xp, "add", later, block.inner[row + 1 :, row : row + 1] * before, out=later)


def _flip(spins: Array, fields: Array, limit: Array, xp: Any) -> None:
    """spins *= sign(limit - spins * fields), in place; `limit` is overwritten."""
    write(xp, "subtract", limit, spins * fields, out=limit)
    write(xp, "copysign", spins, limit, out=limit)
    write(xp, "multiply", spins, limit, out=spins)


def _best(qubo: Qubo, spins: Any, order: Any, updates: int, need: int) -> Annealed:
    bits = np.empty((spins.shape[1], qubo.variables), dtype=np.uint8)
    bits[:, order] = spins.T < 0
    energies = qubo.energy(bits)
    best = descend(qubo, bits[[energies.argmin()]])
    return Annealed(best[0], float(qubo.energy(best)[0]), energies, updates, need)
