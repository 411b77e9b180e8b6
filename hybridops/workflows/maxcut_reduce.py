"""Roof duality before any search: what is certain need not be sampled."""

from __future__ import annotations

import time

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers.qubo import Qubo, fix
from hybridops.solvers.roof_duality import roof_dual
from hybridops.workflows.maxcut_instance import agree, text_of
from hybridops.workflows.maxcut_steps import FREE, opened


def reduce(step: StepInput) -> StepOutput:
    """Variables whose value is certain in at least one optimum, a lower bound, and the answer if nothing is left.

    Where all fields are 0, as in a graph, an answer and its complement are equal: one variable is given first,
    without which nothing would be certain.
    """
    begun = time.perf_counter()
    instance, _ = opened(step)
    qubo = instance.qubo()
    given = {_hub(qubo): 0} if instance.is_graph else {}
    left = fix(qubo, given) if given else None
    found = roof_dual(left.qubo if left else qubo, strict=False)
    values = {int(left.kept[at]) if left else at: bit for at, bit in found.values.items()} | given
    decided = "".join(str(values.get(at, FREE)) for at in range(instance.variables))
    solved = len(values) == instance.variables
    bits = np.array([values[at] for at in range(instance.variables)]) if solved else None
    summary = {
        "step": "reduce",
        "method": "roof duality",
        "fixed": len(found.values),
        "given": len(given),
        "left": instance.variables - len(values),
        "decided": decided,
        "lower_bound": found.lower_bound,
        "exact": found.exact,
        "objective": None
        if bits is None
        else agree(instance, text_of(bits.tolist()), float(qubo.energy(bits[None])[0])),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def _hub(qubo: Qubo) -> int:
    """The variable with the most weight on its pairs."""
    return int(np.abs(qubo.symmetric()).sum(axis=1).argmax())
