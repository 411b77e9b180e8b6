"""A quadratic cost of bits on an annealer's graph: each bit becomes a chain of qubits that shall agree.

The text of a program for an annealer is canonical JSON (RFC 8785): `offset`, `linear` [l_i] and `quadratic`
[[i, j, q_ij], i < j], the cost offset + sum l_i x_i + sum q_ij x_i x_j; once placed also `chains` [[qubit, ...]]
by bit and `chain_strength`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridops.domain.errors import BadInput
from hybridops.trust.canonical import canonical, read

BYTES_MAX = 4_000_000
PREFACTOR = math.sqrt(2)  # of the chain strength, as D-Wave's uniform torque compensation has it
TRIES = 10

type Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """A quadratic cost of bits 0 to n - 1, in one order: equal costs have equal texts."""

    offset: float
    linear: tuple[float, ...]
    quadratic: tuple[tuple[int, int, float], ...]

    @property
    def pairs(self) -> list[Pair]:
        return [(i, j) for i, j, _ in self.quadratic]


@dataclass(frozen=True, slots=True)
class Placed:
    """A cost and where its bits are on an annealer."""

    cost: Cost
    chains: tuple[tuple[int, ...], ...]
    chain_strength: float

    def text(self) -> str:
        body = _document(self.cost) | {
            "chains": [list(chain) for chain in self.chains],
            "chain_strength": self.chain_strength,
        }
        return canonical(body).decode()

    def physical(self, couplers: Sequence[Pair]) -> tuple[dict[int, float], dict[Pair, float], float]:
        """Linear and quadratic terms on qubits, and the offset; equal to the cost wherever chains agree.

        A bit's term is shared among its qubits, a pair's among the couplers between its chains.
        """
        there = {frozenset(pair) for pair in couplers}
        linear = {
            qubit: value / len(chain)
            for chain, value in zip(self.chains, self.cost.linear, strict=True)
            for qubit in chain
        }
        quadratic: dict[Pair, float] = {}
        for i, j, value in self.cost.quadratic:
            joined = [
                (a, b) for a, b in product(self.chains[i], self.chains[j]) if frozenset((a, b)) in there
            ]
            for pair in joined:
                quadratic[pair] = quadratic.get(pair, 0.0) + value / len(joined)
        for chain in self.chains:
            for a, b in ((a, b) for a, b in product(chain, chain) if a < b and frozenset((a, b)) in there):
                # strength · (x_a - x_b)² times two: nothing where they agree
                quadratic[a, b] = -4 * self.chain_strength
                linear[a] += 2 * self.chain_strength
                linear[b] += 2 * self.chain_strength
        return linear, quadratic, self.cost.offset

    def unplaced(self, active: Sequence[int], rows: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """Bits of the cost (reads, n) from qubits (reads, active) by majority in each chain, a tie being 0; and
        the share of chains that did not agree.
        """
        column = {qubit: place for place, qubit in enumerate(active)}
        bits, broken = np.empty((len(rows), len(self.chains)), dtype=np.uint8), 0
        for place, chain in enumerate(self.chains):
            ones = rows[:, [column[qubit] for qubit in chain]].sum(axis=1, dtype=np.int64)
            bits[:, place] = 2 * ones > len(chain)
            broken += int(((ones > 0) & (ones < len(chain))).sum())
        return bits, broken / max(1, bits.size)


def parse(text: str, *, variables_max: int) -> Cost:
    """The cost in a text; raises BadInput for anything else."""
    if len(text) > BYTES_MAX:
        raise BadInput(f"The cost is larger than {BYTES_MAX:,} bytes.")
    document = read(text.encode())
    if not isinstance(document, Mapping) or not {"offset", "linear", "quadratic"} <= set(document):
        raise BadInput("An annealer takes a quadratic cost: JSON with offset, linear and quadratic.")
    try:
        linear = tuple(map(_number, document["linear"]))
        quadratic = tuple(
            sorted((_index(i), _index(j), _number(value)) for i, j, value in document["quadratic"])
        )
        cost = Cost(_number(document["offset"]), linear, quadratic)
    except (TypeError, ValueError):
        raise BadInput(
            "Write offset as a number, linear as numbers and quadratic as [i, j, number]."
        ) from None
    _check(cost, variables_max)
    return cost


def _check(cost: Cost, variables_max: int) -> None:
    count = len(cost.linear)
    if not 1 <= count <= variables_max:
        raise BadInput(
            f"The cost has {count} bits; between 1 and {variables_max} are possible.", field="linear"
        )
    if not all(0 <= i < j < count for i, j in cost.pairs) or len(set(cost.pairs)) < len(cost.pairs):
        raise BadInput(f"Give each pair i < j below {count} once.", field="quadratic")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _document(cost: Cost) -> dict[str, Any]:
    return {
        "offset": cost.offset,
        "linear": list(cost.linear),
        "quadratic": [list(term) for term in cost.quadratic],
    }


def read_placed(text: str) -> Placed:
    """What `Placed.text` wrote; raises BadInput for anything else."""
    document = read(text.encode())
    try:
        chains = tuple(tuple(map(_index, chain)) for chain in document["chains"])
        strength = _number(document["chain_strength"])
    except (KeyError, TypeError):
        raise BadInput("The program is no placed cost; compile it again.") from None
    return Placed(parse(text, variables_max=len(chains)), chains, strength)


def place(cost: Cost, qubits: Sequence[int], couplers: Sequence[Pair], *, seed: int) -> Placed:
    """A placement found by minorminer; the same seed gives the same one. Raises BadInput where it finds none."""
    import minorminer

    found: dict[int, list[int]] = (
        minorminer.find_embedding(cost.pairs, couplers, random_seed=seed % (1 << 31), tries=TRIES, threads=1)
        if cost.pairs
        else {}
    )
    joined = {i for pair in cost.pairs for i in pair}
    if not joined <= set(found):
        raise BadInput(
            f"The {len(cost.linear)} bits do not fit this annealer's graph; make the problem smaller."
        )
    taken = {qubit for chain in found.values() for qubit in chain}
    free = sorted(set(qubits) - taken)
    lone = [i for i in range(len(cost.linear)) if i not in found]
    if len(lone) > len(free):
        raise BadInput("The annealer has not enough qubits for this problem; make it smaller.")
    alone = dict(zip(lone, free, strict=False))
    chains = tuple(tuple(sorted(found[i])) if i in found else (alone[i],) for i in range(len(cost.linear)))
    return Placed(cost, chains, _strength(cost))


def _strength(cost: Cost) -> float:
    """prefactor · rms of the couplings in spins · root of the mean number of neighbours; 1 without couplings."""
    if not cost.quadratic:
        return 1.0
    squares = sum((value / 4) ** 2 for _, _, value in cost.quadratic)
    degree = 2 * len(cost.quadratic) / len(cost.linear)
    return float(f"{PREFACTOR * math.sqrt(squares / len(cost.quadratic)) * math.sqrt(degree) or 1.0:.6g}")


def depth(chains: Sequence[Sequence[int]]) -> int:
    """The longest chain: what stands for depth on an annealer."""
    return max(map(len, chains))
