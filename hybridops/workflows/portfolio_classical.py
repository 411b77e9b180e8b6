"""The classical steps of portfolio selection: check what came in, the plain heuristic, the strong baseline."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import exact
from hybridops.solvers.markowitz import greedy, selection_qubo
from hybridops.solvers.swaps import swap_search
from hybridops.workflows.portfolio_input import facts
from hybridops.workflows.portfolio_steps import UNIT, opened, told

EXACT_MAX = 31  # SCIP proved choices of 10 of 31 in 6 s; of 10 of 85 not in 60
FORMULA = "periods x 10^4 x (lambda x variance - (1 - lambda) x mean), equal weights 1/K"


def check(step: StepInput) -> StepOutput:
    """Parses and checks the market, and says what will be chosen and by which measure."""
    begun = time.perf_counter()
    market, settings = opened(step)
    summary = {
        "step": "check",
        **facts(market),
        "assets_chosen": settings.assets,
        "risk_share": settings.share,
        "formula": FORMULA,
        "unit": UNIT,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def heuristic(step: StepInput) -> StepOutput:
    """One asset after the other, the one that costs least beside those chosen: where a run starts from."""
    begun = time.perf_counter()
    market, settings = opened(step)
    chosen = greedy(selection_qubo(market, settings.assets, settings.share), settings.assets)
    summary = {
        "step": "heuristic",
        "method": "Greedy, by marginal objective",
        **told(market, settings, chosen),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def baseline(step: StepInput) -> StepOutput:
    """Tabu search by swaps; up to EXACT_MAX assets SCIP as well, for `baseline_seconds` and half the deadline at most.

    `proved` says whether SCIP proved the answer best; `lower_bound` how far it came, None where it proved nothing.
    """
    begun = time.perf_counter()
    market, settings = opened(step)
    qubo = selection_qubo(market, settings.assets, settings.share)
    found = swap_search(qubo, ones=settings.assets, seed=step.seed % 2**31)
    best, told_by = (found.energy, found.bits), {"method": "Tabu search by swaps", "proved": False}
    if market.assets <= EXACT_MAX:
        step.report(0.4, "Proving with SCIP")
        seconds = min(settings.register.baseline_seconds, step.deadline_seconds / 2)
        proof = exact.solve(qubo, solver="SCIP", seconds=seconds, ones=settings.assets)
        told_by = _of(proof)
        if proof.bits is not None and proof.energy is not None and proof.energy < best[0]:
            best = proof.energy, proof.bits
    summary = {
        "step": "baseline",
        **told_by,
        **told(market, settings, np.flatnonzero(best[1]).tolist()),
        "seed": step.seed,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def _of(proof: exact.Proof) -> dict[str, Any]:
    """How the baseline came about, in words, and what is proved of it."""
    proved = proof.status == "optimal"
    words = {
        "optimal": "SCIP, proved optimal",
        "time limit": "Tabu search by swaps and SCIP, not proved",
        "failed": "Tabu search by swaps",
    }
    bound = proof.lower_bound if np.isfinite(proof.lower_bound) else None
    return {
        "method": words[proof.status],
        "proved": proved,
        "lower_bound": bound,
        "stopped_by": "time" if proof.status == "time limit" else "counts",
        "remark": proof.reason,
    }
