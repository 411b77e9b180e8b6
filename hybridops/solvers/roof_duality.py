"""Roof duality: variables whose value in an optimum is certain, and a lower bound (Hammer, Hansen, Simeone 1984).

By D-Wave's maximum flow (Boros, Hammer, Tavares 2006), with three of its traps closed. It multiplies the
coefficients by 2^61 / (their sum) and cuts to whole numbers, which may break a tie and fix a variable wrongly: so
whole numbers go in, and one free variable more whose term brings that sum to a power of two. It takes variables
by place although they have names: so they are added in order. Its own weak mode fixes tied variables against
each other: so ties are broken here and its strict mode is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybridops.solvers.problem import Floats
from hybridops.solvers.qubo import Fixed, Qubo, fix

_BITS = 50  # of a whole number: sums and halves of them are exact in float64
_ROUNDS = 6  # ways of breaking ties that are tried, each on what the one before left


@dataclass(frozen=True, slots=True, eq=False)
class RoofDual:
    """`values` the fixed variables, `lower_bound` on the energy, `left` the rest (None where nothing is left).

    `exact` says that the coefficients were taken as they are. Else they share no unit that 50 bits can count:
    nothing is fixed, and the bound is that of the rounded cost less all that rounding may have moved.
    """

    values: dict[int, int]
    lower_bound: float
    left: Fixed | None
    exact: bool


def roof_dual(qubo: Qubo, *, strict: bool = True) -> RoofDual:
    """Strict: every optimum agrees with `values`. Not strict: at least one does, and more may be fixed."""
    unit, exact = _unit(qubo)
    whole = Qubo(0.0, np.rint(qubo.linear / unit), np.rint(qubo.quadratic / unit))
    bound, values = _by_flow(whole)
    bound = bound * unit + qubo.offset
    if not exact:
        moved = np.abs(qubo.linear - whole.linear * unit).sum()
        moved += np.abs(qubo.quadratic - whole.quadratic * unit).sum()
        bound, values = bound - float(moved) * (1 + 1e-9), {}
    elif not strict:
        values = _break_ties(whole, values)
    return RoofDual(values, bound, None if len(values) == qubo.variables else fix(qubo, values), exact)


def _unit(qubo: Qubo) -> tuple[float, bool]:
    """The largest power of two that divides all coefficients if 50 bits then hold their sum; else one that rounds."""
    sizes = np.abs(np.concatenate([qubo.linear, qubo.quadratic[qubo.quadratic != 0]]))
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 1.0, True
    mantissas, exponents = np.frexp(sizes)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(float))[1] - 1
    finest = int((exponents - 53 + trailing).min())
    coarsest = int(np.frexp(sizes.sum())[1]) - _BITS
    return float(np.ldexp(1.0, max(finest, coarsest))), finest >= coarsest


def _break_ties(whole: Qubo, values: dict[int, int]) -> dict[int, int]:
    """More values, with which at least one optimum of those that agree with `values` agrees.

    Energies are whole, so adding less than half to each moves no optimum past another energy: every optimum of
    the moved cost is one of the cost, and what is certain for it is true of one of the cost.
    """
    random = np.random.default_rng(0)
    for _ in range(_ROUNDS):
        if len(values) == whole.variables:
            break
        left = fix(whole, values)
        parts = random.integers(-64, 65, left.qubo.variables).astype(float)
        factor = 2.0 ** np.ceil(np.log2(2 * np.abs(parts).sum() + 2))
        moved = Qubo(0.0, factor * left.qubo.linear + parts, factor * left.qubo.quadratic)
        if np.abs(moved.linear).sum() + np.abs(moved.quadratic).sum() >= 2.0**_BITS:
            break
        values = values | {int(left.kept[i]): value for i, value in _by_flow(moved)[1].items()}
    return values


def _by_flow(whole: Qubo) -> tuple[float, dict[int, int]]:
    """Bound and strictly fixed values of a cost of whole numbers; the added variable is left out of both."""
    import dimod
    from dwave.preprocessing import roof_duality

    linear, quadratic = whole.linear, whole.quadratic
    model = dimod.BinaryQuadraticModel(dimod.BINARY)
    model.add_linear_from_array(np.append(linear, _added(linear, quadratic)).tolist())
    model.add_quadratic_from_dense(np.pad(quadratic, (0, 1)))
    bound, fixed = roof_duality(model, strict=True)
    return float(bound), {int(i): int(value) for i, value in fixed.items() if i < whole.variables}


def _added(linear: Floats, quadratic: Floats) -> float:
    """The term above 0 that makes the library's scale 2^61 / 2^k: its variable is 0 in every optimum."""
    total = float(np.abs(linear + np.minimum(quadratic, 0).sum(axis=1)).sum())
    largest = max(total, float(np.abs(linear).max()), float(np.abs(quadratic).max()))
    return float(2.0 ** np.ceil(np.log2(2 * largest + 2))) - total
