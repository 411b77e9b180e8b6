"""A MaxCut graph or a QUBO as its file states it, and the independent check of every answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from hybridops.domain.errors import HybridopsError
from hybridops.solvers.qubo import Qubo

VARIABLES_MAX = 3_000
TERMS_MAX = 200_000
MAXCUT, QUBO = "MaxCut", "QUBO"

type Terms = tuple[tuple[int, int, float], ...]


class Contradiction(HybridopsError):
    """Two figures that cannot both be right: nothing is answered until somebody has found out which is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """n variables named `labels`, and `terms` (i, j, w), each pair once with i <= j, all finite.

    MaxCut: w is the weight of an edge, i < j, `offset` 0, and what is minimised is the weight that is not cut.
    QUBO: minimised is offset + the sum of w x_i x_j; a term with i = j is linear.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    terms: Terms
    offset: float = 0.0

    @property
    def variables(self) -> int:
        return len(self.labels)

    @property
    def is_graph(self) -> bool:
        return self.kind == MAXCUT

    @property
    def whole(self) -> bool:
        """Whether every figure is a whole number, so that every objective is one."""
        return self.offset.is_integer() and all(weight.is_integer() for _, _, weight in self.terms)

    @property
    def unit(self) -> str:
        return "uncut" if self.is_graph else ""

    @property
    def total(self) -> float:
        """The weight of all edges."""
        return fsum(weight for _, _, weight in self.terms)

    def qubo(self) -> Qubo:
        """The minimised cost; of a graph sum w (1 - x_i - x_j + 2 x_i x_j), the weight on one side of a cut."""
        linear, quadratic = np.zeros(self.variables), np.zeros((self.variables, self.variables))
        rows, columns, weights = (np.array(part) for part in zip(*self.terms, strict=True))
        if self.is_graph:
            np.subtract.at(linear, rows, weights)
            np.subtract.at(linear, columns, weights)
            quadratic[rows, columns] = 2 * weights
            return Qubo(self.total, linear, quadratic)
        on_diagonal = rows == columns
        linear[rows[on_diagonal]] = weights[on_diagonal]
        quadratic[rows[~on_diagonal], columns[~on_diagonal]] = weights[~on_diagonal]
        return Qubo(self.offset, linear, quadratic)


def check(instance: Instance, bits: str) -> float:
    """The objective of an answer of zeros and ones, term by term from the file: whole exactly, else rounded once.

    Shares nothing with the solvers' matrices. Raises Contradiction where `bits` is not one bit a variable.
    """
    if len(bits) != instance.variables or set(bits) - {"0", "1"}:
        raise Contradiction(f"An answer has {instance.variables} bits, this one has {len(bits)}.")
    if instance.is_graph:
        counted = [weight for i, j, weight in instance.terms if bits[i] == bits[j]]
    else:
        counted = [weight for i, j, weight in instance.terms if bits[i] == bits[j] == "1"]
    if instance.whole:
        return sum((int(weight) for weight in counted), int(instance.offset))
    return fsum([*counted, instance.offset])


def cut_weight(instance: Instance, bits: str) -> float:
    """The weight of the edges between the two sides, counted, not subtracted."""
    found = [weight for i, j, weight in instance.terms if bits[i] != bits[j]]
    return sum(map(int, found)) if instance.whole else fsum(found)


def tolerance(instance: Instance) -> float:
    """How far two figures of one answer may lie apart: nothing for whole numbers."""
    sizes = fsum(abs(weight) for _, _, weight in instance.terms) + abs(instance.offset)
    return 0.0 if instance.whole else 1e-9 * sizes


def agree(instance: Instance, bits: str, claimed: float) -> float:
    """`check`, which must confirm what a solver claims; raises Contradiction where it does not."""
    found = check(instance, bits)
    if abs(found - claimed) > tolerance(instance):
        raise Contradiction(f"A solver says {claimed:.12g} of an answer that is {found:.12g}.")
    return found


def text_of(bits: Sequence[int]) -> str:
    """Bits as the text that summaries carry: variable 0 leftmost."""
    return "".join("1" if bit else "0" for bit in bits)


def bits_of(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The inverse of `text_of`, shape (n,)."""
    return np.frombuffer(text.encode(), dtype=np.uint8) - np.uint8(ord("0"))
