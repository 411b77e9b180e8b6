"""Which spins are offered a flip together, and how their local fields come about.

Where the graph needs few colours (greedily, largest degree first: Welsh and Powell 1967) a block is part of one
colour: strangers, that flip at once. Elsewhere it is a run of variables that flip one after the other and
correct each other's fields through `inner`. A block's fields are one matrix product with all spins, dense or
sparse.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridops.solvers.arrays import Array
from hybridops.solvers.ising import Ising
from hybridops.solvers.problem import Floats

ROWS_MAX = 32  # a block of 1,024 replicas stays in a core's second cache
_RUN = 16
_COLOUR_SIZE_MIN = 3  # variables of a colour on average: below it a run of variables is faster
_SPARSE_MODULES = {"numpy": "scipy.sparse", "cupy": "cupyx.scipy.sparse"}
_SPARSE = 12  # a term of a sparse product costs what this many columns of a dense one cost


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows `start` to `stop` of the spins, and `weights` (rows, n + 1), dense or sparse: their terms J and h.

    `inner` (rows, rows) is J among them, or None for strangers.
    """

    start: int
    stop: int
    weights: Array
    inner: Array | None


def partition(ising: Ising, xp: Any = np) -> tuple[npt.NDArray[np.intp], list[Block]]:
    """The order of the variables (spin row r is variable order[r]) and the blocks that cover it."""
    n, whole = ising.qubits, ising.couplings + ising.couplings.T
    colours = _colours(whole != 0)
    strangers = n >= _COLOUR_SIZE_MIN * (int(colours.max()) + 1)
    order = np.argsort(colours, kind="stable") if strangers else np.arange(n)
    weights = np.column_stack([whole[np.ix_(order, order)], ising.fields[order]])
    blocks = []
    for start, stop in _pieces(colours[order]) if strangers else _runs(0, n, _RUN):
        rows = weights[start:stop]
        inner = None if strangers else xp.asarray(rows[:, start:stop], dtype=xp.float32)
        blocks.append(Block(start, stop, _matrix(rows, xp), inner))
    return order, blocks


def _matrix(rows: Floats, xp: Any) -> Array:
    """float32, compressed by rows where that is faster and the library has such matrices."""
    dense = xp.asarray(rows, dtype=xp.float32)
    if xp.__name__ not in _SPARSE_MODULES or np.count_nonzero(rows) * _SPARSE > rows.size:
        return dense
    return import_module(_SPARSE_MODULES[xp.__name__]).csr_matrix(dense)


def _colours(joined: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """(n,) a colour each, no two neighbours of the same."""
    colours = np.full(len(joined), -1)
    for i in np.argsort(-joined.sum(axis=1), kind="stable"):
        taken = np.zeros(len(joined) + 1, dtype=bool)
        taken[colours[joined[i]]] = True  # -1, not coloured yet, is the spare last place
        colours[i] = taken[:-1].argmin()
    return colours


def _pieces(colours: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    ends = [*(np.flatnonzero(np.diff(colours)) + 1).tolist(), len(colours)]
    return [
        piece for begin, end in zip([0, *ends], ends, strict=False) for piece in _runs(begin, end, ROWS_MAX)
    ]


def _runs(begin: int, end: int, length: int) -> list[tuple[int, int]]:
    return [(start, min(start + length, end)) for start in range(begin, end, length)]
