"""HiGHS as a process: a QUBO in from standard input, the best bits and the proved bound out, in JSON.

Products become variables: y_ij = x_i x_j by the inequalities of Fortet (1960), of each only those that the sign
of its term pulls against.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.solvers.exact_process import Solved, main
from hybridops.solvers.qubo import Qubo


def solve(qubo: Qubo, seconds: float, ones: int | None) -> Solved:
    """One thread, HiGHS's own fixed seed, no gap allowed."""
    from scipy.optimize import Bounds, milp

    rows, columns = np.nonzero(qubo.quadratic)
    terms = qubo.quadratic[rows, columns]
    size = float(max(np.abs(qubo.linear).max(), np.abs(terms).max(initial=0.0))) or 1.0
    result = milp(
        np.concatenate([qubo.linear, terms]) / size,
        integrality=np.concatenate([np.ones(qubo.variables), np.zeros(len(terms))]),
        bounds=Bounds(0, 1),
        constraints=_constraints(qubo.variables, rows, columns, terms, ones),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    bound = getattr(result, "mip_dual_bound", None)
    if bound is None or not np.isfinite(bound):
        bound = result.fun if result.status == 0 else None  # solved before any branching
    bits = None if result.x is None else np.rint(result.x[: qubo.variables]).astype(int).tolist()
    if result.status not in (0, 1):
        raise RuntimeError(result.message)
    return Solved(bits, None if bound is None else float(bound) * size + qubo.offset, result.status == 0)


def _constraints(n: int, rows: Any, columns: Any, terms: Any, ones: int | None) -> list[Any]:
    """y >= x_i + x_j - 1 where the term is above 0; y <= x_i and y <= x_j where it is below; the number of ones."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import coo_array

    products = np.arange(len(terms)) + n
    above, below = terms > 0, terms < 0
    found = []
    for chosen, ends, upper in (
        (above, (rows, columns), 1.0),
        (below, (rows,), 0.0),
        (below, (columns,), 0.0),
    ):
        count = int(chosen.sum())
        if count:
            sign = 1.0 if upper else -1.0
            parts = [*(end[chosen] for end in ends), products[chosen]]
            values = np.concatenate([np.full(count, sign)] * len(ends) + [np.full(count, -sign)])
            places = (np.tile(np.arange(count), len(parts)), np.concatenate(parts))
            matrix = coo_array((values, places), shape=(count, n + len(terms))).tocsr()
            found.append(LinearConstraint(matrix, -np.inf, upper))
    if ones is not None:
        found.append(LinearConstraint(np.concatenate([np.ones(n), np.zeros(len(terms))])[None], ones, ones))
    return found


if __name__ == "__main__":
    main(solve)
