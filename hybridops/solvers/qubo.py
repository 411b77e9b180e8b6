"""A quadratic cost on bits: E(x) = offset + sum l_i x_i + sum_{i<j} q_ij x_i x_j, minimised over x in {0, 1}^n."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridops.domain.errors import BadInput
from hybridops.solvers.ising import Ising
from hybridops.solvers.problem import Floats

VARIABLES_MAX = 5_000  # the matrix is dense: 8 n^2 bytes, 200 MB here

type Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Qubo:
    """`linear` (n,) is l; `quadratic` (n, n) is q, strictly above the diagonal; all finite float64.

    Raises BadInput for other shapes, for numbers that are not finite or whose sum of sizes is not, and for
    n outside 1 to VARIABLES_MAX.
    """

    offset: float
    linear: Floats
    quadratic: Floats

    def __post_init__(self) -> None:
        n = len(self.linear)
        _check_size(n)
        if self.linear.shape != (n,) or self.quadratic.shape != (n, n):
            raise BadInput(f"Give {n} linear terms a quadratic part of {n} x {n}.", field="quadratic")
        if np.tril(self.quadratic).any():
            raise BadInput("Put every quadratic term above the diagonal.", field="quadratic")
        with np.errstate(over="ignore"):
            total = abs(self.offset) + np.abs(self.linear).sum() + np.abs(self.quadratic).sum()
        if not np.isfinite(total):
            raise BadInput("Use finite numbers only; the sum of their sizes must be finite too.")

    @property
    def variables(self) -> int:
        return len(self.linear)

    def energy(self, bits: npt.NDArray[Any]) -> Floats:
        """E of each row of `bits` (b, n) of zeros and ones, shape (b,). Exact for whole numbers below 2^53."""
        rows = np.asarray(bits, dtype=np.float64)
        found: Floats = self.offset + rows @ self.linear + ((rows @ self.quadratic) * rows).sum(axis=1)
        return found

    def symmetric(self) -> Floats:
        """(n, n) with q_ij on both sides: the pull of the others on bit i is row i times x."""
        whole: Floats = self.quadratic + self.quadratic.T
        return whole

    def document(self) -> dict[str, Any]:
        """JSON in one order, so that equal costs have equal digests; [i, j, q_ij] only where not zero."""
        rows, columns = np.nonzero(self.quadratic)
        return {
            "offset": float(self.offset) + 0.0,  # -0.0 is 0.0
            "linear": (self.linear + 0.0).tolist(),
            "quadratic": [
                [i, j, value]
                for i, j, value in zip(
                    rows.tolist(), columns.tolist(), self.quadratic[rows, columns].tolist(), strict=True
                )
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """What is left when some bits are decided: `qubo` over the variables `kept` (m,), `bits` (n,) the others."""

    qubo: Qubo
    kept: npt.NDArray[np.intp]
    bits: Bits

    def restore(self, bits: npt.NDArray[Any]) -> Bits:
        """Rows over `kept` (b, m) as rows over all variables (b, n), of the same energies."""
        whole = np.repeat(self.bits[None], len(bits), axis=0)
        whole[:, self.kept] = bits
        return whole


def fix(qubo: Qubo, values: Mapping[int, int]) -> Fixed:
    """The cost of the other variables once x_i = values[i]. At least one variable must stay free."""
    if not all(0 <= i < qubo.variables and value in (0, 1) for i, value in values.items()):
        raise BadInput(f"Fix variables 0 to {qubo.variables - 1} to 0 or 1.", field="values")
    if len(values) == qubo.variables:
        raise BadInput(
            "Leave at least one variable free: with all fixed, ask for the energy.", field="values"
        )
    bits = np.zeros(qubo.variables, dtype=np.uint8)
    bits[list(values)] = list(values.values())
    kept = np.setdiff1d(np.arange(qubo.variables), list(values))
    pull = (qubo.quadratic @ bits + bits @ qubo.quadratic)[kept]
    offset = float(qubo.energy(bits[None])[0])
    return Fixed(Qubo(offset, qubo.linear[kept] + pull, qubo.quadratic[np.ix_(kept, kept)]), kept, bits)


def to_ising(qubo: Qubo) -> Ising:
    """The same energies with z = 1 - 2x. Exact where a quarter of every sum of terms is a float64."""
    quarter = qubo.quadratic / 4
    fields = -qubo.linear / 2 - quarter.sum(axis=0) - quarter.sum(axis=1)
    return Ising(float(qubo.offset + qubo.linear.sum() / 2 + quarter.sum()), fields, quarter)


def from_ising(ising: Ising) -> Qubo:
    """The same energies with x = (1 - z) / 2; the inverse of `to_ising`."""
    couplings = ising.couplings
    linear = -2 * (ising.fields + couplings.sum(axis=0) + couplings.sum(axis=1))
    return Qubo(float(ising.offset + ising.fields.sum() + couplings.sum()), linear, 4 * couplings)


def from_document(document: Mapping[str, Any]) -> Qubo:
    """The inverse of `Qubo.document`. BadInput names the first thing that is not as it writes it."""
    try:
        linear = np.array(document["linear"], dtype=np.float64)
        terms = [(int(i), int(j), float(value)) for i, j, value in document["quadratic"]]
        offset = float(document["offset"])
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise BadInput(
            'Give "offset", "linear" [l_i] and "quadratic" [[i, j, q_ij]] as numbers.'
        ) from problem
    n = len(linear) if linear.ndim == 1 else 0
    _check_size(n)
    if not all(0 <= i < j < n for i, j, _ in terms) or len({(i, j) for i, j, _ in terms}) < len(terms):
        raise BadInput(f"Name each pair once, as i < j below {n}.", field="quadratic")
    quadratic = np.zeros((n, n))
    if terms:
        rows, columns, values = zip(*terms, strict=True)
        quadratic[rows, columns] = values
    return Qubo(offset, linear, quadratic)


def _check_size(n: int) -> None:
    if not 1 <= n <= VARIABLES_MAX:
        raise BadInput(
            f"Bring 1 to {VARIABLES_MAX:,} variables, not {n:,}: the matrix is held dense.", field="linear"
        )
