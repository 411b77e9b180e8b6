"""Narrowing a market to one register: the assets in play around the incumbent, counted by a penalty."""

from __future__ import annotations

import time

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import selection
from hybridops.solvers.angles import choose_angles
from hybridops.solvers.arrays import array_module
from hybridops.solvers.markowitz import objective, selection_qubo
from hybridops.solvers.qubo import fix, to_ising
from hybridops.trust.canonical import canonical
from hybridops.workflows.portfolio_steps import opened
from hybridops.workflows.portfolio_table import decided
from hybridops.workflows.register_circuit import angles_document, ising_facts, made_by
from hybridops.workflows.register_steps import needed

SCHEMA = "hybridops.portfolio-choice/1"
METHOD = "the assets whose best swap costs least, as many inside the incumbent as outside"
NOTE = (
    "The incumbent is the greedy choice. Tabu search by swaps solves markets of this size in well under a second, "
    "so the register demonstrates a hybrid run and is not the way to the best portfolio."
)


def narrow(step: StepInput) -> StepOutput:
    """Chooses the assets in play, states their choice as spins with its penalty, and chooses the angles."""
    begun = time.perf_counter()
    market, settings = opened(step)
    incumbent = needed(step, "heuristic")["chosen"]
    qubo = selection_qubo(market, settings.assets, settings.share)
    xp, device = array_module(step.prefer_gpu)
    step.report(0.2, "Choosing the assets in play")
    register = selection.in_play(qubo, incumbent, min(settings.register.qubits_max, market.assets))
    kept = sorted(set(incumbent) - set(register))
    free = fix(qubo, decided(market, register, kept)).qubo
    counted, penalty = selection.counted(free, settings.assets - len(kept))
    ising = to_ising(counted)
    step.report(0.4, f"Choosing angles: {settings.register.angle_strategy}")
    angles = choose_angles(ising, settings.register.angle_strategy, settings.register.layers, step.seed, xp)
    summary = {
        "step": "narrow",
        "incumbent": {
            "from": "heuristic",
            "objective": objective(market, incumbent, settings.assets, settings.share),
            "note": NOTE,
        },
        "method": METHOD,
        "chosen": {
            "assets": [market.labels[asset] for asset in register],
            "inside": [asset in incumbent for asset in register],
            "always": [market.labels[asset] for asset in kept],
            "never": market.assets - len(register) - len(kept),
            "to_choose": settings.assets - len(kept),
        },
        "penalty": {"size": penalty, "unit": "bp for each asset too many or too few, squared"},
        "qubits": len(register),
        "angles": angles_document(angles),
        "made_by": made_by(angles),
        "ising": ising_facts(ising),
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    document = {
        "schema": SCHEMA,
        "register": register,
        "kept": kept,
        "penalty": penalty,
        "ising": ising.document(),
        "angles": angles_document(angles),
    }
    return StepOutput(summary, {"subproblem": canonical(document)}, device, angles.nbytes)
