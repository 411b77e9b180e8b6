"""SCIP as a process: a QUBO in from standard input, the best bits and the proved bound out, in JSON.

The quadratic stays as it is: SCIP takes it as the constraint t >= q(x) of a minimised t.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.solvers.exact_process import Solved, main
from hybridops.solvers.qubo import Qubo


def solve(qubo: Qubo, seconds: float, ones: int | None) -> Solved:
    """One thread, SCIP's own fixed seeds, no gap allowed."""
    from pyscipopt import Model, quicksum

    rows, columns = np.nonzero(qubo.quadratic)
    terms = qubo.quadratic[rows, columns]
    size = float(max(np.abs(qubo.linear).max(), np.abs(terms).max(initial=0.0))) or 1.0
    model: Any = Model()
    model.hideOutput()
    model.setParam("limits/time", seconds)
    x = [model.addVar(vtype="B") for _ in range(qubo.variables)]
    linear = quicksum(float(value) * bit for value, bit in zip(qubo.linear / size, x, strict=True))
    if len(terms):
        product = model.addVar(lb=None)
        pairs = zip(terms / size, rows, columns, strict=True)
        model.addCons(quicksum(float(value) * x[i] * x[j] for value, i, j in pairs) <= product)
        linear += product
    model.setObjective(linear, "minimize")
    if ones is not None:
        model.addCons(quicksum(x) == ones)
    model.optimize()
    if model.getStatus() not in ("optimal", "timelimit"):
        raise RuntimeError(f"SCIP ended with {model.getStatus()}")
    bits = [round(model.getVal(bit)) for bit in x] if model.getNSols() else None
    bound = float(model.getDualbound())
    known = abs(bound) < model.infinity()
    return Solved(bits, bound * size + qubo.offset if known else None, model.getStatus() == "optimal")


if __name__ == "__main__":
    main(solve)
