"""The classical steps of MaxCut: check what came in, a plain heuristic, a strong baseline that may prove."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import annealing, exact, heuristics
from hybridops.solvers.arrays import array_module
from hybridops.solvers.descent import descend
from hybridops.solvers.greedy import greedy
from hybridops.solvers.qubo import Bits, Qubo, fix
from hybridops.solvers.register_states import all_states
from hybridops.workflows.maxcut_facts import facts
from hybridops.workflows.maxcut_instance import Instance, agree, cut_weight, text_of
from hybridops.workflows.maxcut_steps import bound_of, fixed_by, not_below, opened, slack

_EXACT_VARIABLES, _EXACT_TERMS = 250, 4_000  # above it HiGHS proves nothing within minutes
_TRIED_OUT = 14  # variables of which all answers are looked at
_FLIPS = 40_000_000  # looked at by the first search of tabu, by counts and not by the clock
_SPIN_WORK = 3e9  # products of one annealing: seconds on one core
_REPLICAS = 64


def check(step: StepInput) -> StepOutput:
    """Parses and checks the problem, and says what it is."""
    begun = time.perf_counter()
    instance, _ = opened(step)
    return StepOutput({"step": "check", **facts(instance), "seconds": time.perf_counter() - begun})


def heuristic(step: StepInput) -> StepOutput:
    """One greedy pass in a seeded order, then 1-opt: where the run starts from, and the bar it must not miss."""
    begun = time.perf_counter()
    instance, _ = opened(step)
    qubo = instance.qubo()
    found = heuristics.found(qubo, descend(qubo, greedy(qubo, seed=step.seed)))
    summary = {
        "step": "heuristic",
        "method": "greedy, 1-opt",
        **answer(instance, found.bits, found.energy),
        "seed": step.seed,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def baseline(step: StepInput) -> StepOutput:
    """Tabu search and annealing bounded by counts, then a proof: by enumeration, or by HiGHS for `baseline_seconds`.

    On what the reduction left. Bits that HiGHS has not proved best are not used: time would decide them.
    """
    begun = time.perf_counter()
    instance, settings = opened(step)
    fixed = fixed_by(step)
    whole = instance.qubo()
    left = fix(whole, fixed) if fixed and len(fixed) < instance.variables else None
    qubo = left.qubo if left else whole
    step.report(0.1, "Tabu search and annealing")
    arms, device = _searched(qubo, step)
    bound = bound_of(step)
    proved, stopped_by = _known(min(energy for _, energy in arms.values()), bound, instance), "counts"
    if not proved and qubo.variables <= _TRIED_OUT:
        bits = all_states(qubo.variables)
        best = heuristics.found(qubo, bits)
        arms["enumeration"], bound, proved = (best.bits, best.energy), best.energy, True
    elif not proved and _may_prove(qubo):
        step.report(0.6, "HiGHS")
        proof = exact.solve(
            qubo, solver="HiGHS", seconds=min(settings.baseline_seconds, step.deadline_seconds / 3)
        )
        bound, proved = _better(bound, proof.lower_bound), proof.status == "optimal"
        stopped_by = "time" if proof.status == "time limit" else stopped_by
        if proved and proof.bits is not None and proof.energy is not None:
            arms["HiGHS"] = (proof.bits, proof.energy)
    method = min(arms, key=lambda name: arms[name][1])
    bits = arms[method][0]
    reached = answer(instance, left.restore(bits[None])[0] if left else bits, arms[method][1])
    not_below(instance, bound, method, reached["objective"])
    proved = proved or _known(reached["objective"], bound, instance)
    summary = {
        "step": "baseline",
        "method": f"{method}, proved best" if proved else method,
        **reached,
        "searches": {name: energy for name, (_, energy) in arms.items()},
        "proved": proved,
        "lower_bound": bound,
        "stopped_by": stopped_by,
        "variables_left": qubo.variables,
        "seed": step.seed,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, {}, device)


def answer(instance: Instance, bits: Bits, claimed: float) -> dict[str, Any]:
    """Bits as text, and their objective from the checker, never from the solver."""
    text = text_of(bits.tolist())
    found: dict[str, Any] = {
        "objective": agree(instance, text, claimed),
        "unit": instance.unit,
        "bits": text,
    }
    return {**found, "cut_weight": cut_weight(instance, text)} if instance.is_graph else found


def _searched(qubo: Qubo, step: StepInput) -> tuple[dict[str, tuple[Bits, float]], str]:
    n, seed = qubo.variables, step.seed % 2**31
    xp, device = array_module(step.prefer_gpu)
    moves = int(np.clip(_FLIPS // n, 500, 20_000))
    searched = heuristics.tabu(qubo, seed=seed, runs=2, restarts=4, moves=moves)
    sweeps = int(np.clip(_SPIN_WORK / (_REPLICAS * n * n), 20, 300))
    annealed = annealing.anneal(qubo, seed=seed, replicas=_REPLICAS, sweeps=sweeps, xp=xp)
    arms = {"tabu search": (searched.bits, searched.energy), "annealing": (annealed.bits, annealed.energy)}
    return arms, device


def _may_prove(qubo: Qubo) -> bool:
    """Whether HiGHS has a chance within seconds."""
    return qubo.variables <= _EXACT_VARIABLES and int(np.count_nonzero(qubo.quadratic)) <= _EXACT_TERMS


def _known(energy: float, bound: float | None, instance: Instance) -> bool:
    """Whether a bound proves an energy best: whole numbers cannot be less than one apart."""
    if bound is None:
        return False
    near = energy - bound <= slack(instance, bound)
    return near or (instance.whole and energy - bound < 1 - slack(instance, bound))


def _better(bound: float | None, other: float) -> float | None:
    found = [value for value in (bound, other) if value is not None and np.isfinite(value)]
    return max(found, default=None)
