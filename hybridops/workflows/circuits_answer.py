"""The end of circuit sampling: what was measured beside what should be, and what needs no QPU.

The objective is the infidelity to the ideal distribution, and lower is better. Three arms stand beside the
samples: the target that the run asks for, as many shots drawn from the simulated distribution, as many
uniform bits. A circuit that can be compared here can be simulated, so the second of them is always at hand.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.domain.verdict import ARMS, judge
from hybridops.solvers.problem import Floats
from hybridops.trust.canonical import canonical
from hybridops.workflows.circuits_steps import Settings, settings_of, stored_distribution
from hybridops.workflows.distributions import closeness
from hybridops.workflows.openqasm import Circuit, parse
from hybridops.workflows.register_shots import Shots, drawn_shots, random_shots, read_samples

UNIT = "infidelity"
DRAWN = 16
TARGET_KEPT = {"against": "heuristic", "worse_by_at_most": 0.0}
_SIMULATED, _RANDOM, _RESAMPLED = 2, 3, 4  # streams of the run's seed
_CREDIT = {
    "quantum samples": "Uniform bits stayed further from the ideal distribution: the quantum samples earned it.",
    "post-processing": "Uniform bits come as near: this circuit's distribution is too flat to tell a device by.",
    "nobody": "The samples missed the target, so there is nothing to credit.",
}


def control(step: StepInput) -> StepOutput:
    """What the two classical arms reach with as many shots: before any money, judged by the signed rule."""
    begun = time.perf_counter()
    settings, ideal = settings_of(step.parameters), stored_distribution(step)
    arms = _classical(step, settings, ideal, settings.shots)
    summary = {
        "step": "control",
        "control": {name: arm["objective"] for name, arm in arms.items()},
        "shots": settings.shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def score(step: StepInput) -> StepOutput:
    """Compares what came back (it may be partial) and as many shots of each control with the ideal."""
    begun = time.perf_counter()
    circuit, settings, ideal = parse(step.problem), settings_of(step.parameters), stored_distribution(step)
    shots = read_samples(step.samples, len(circuit.measured))
    step.report(0.5, "Comparing with the ideal distribution")
    arms = _classical(step, settings, ideal, shots.total or settings.shots)
    arms["quantum"] = _arm(step, "Measured", "measured counts", shots, ideal)
    arms["quantum"]["seconds"] = sum(part.seconds for part in step.samples)
    objectives = {name: arms[name]["objective"] for name in ARMS}
    found = judge(step.parameters.get("acceptance") or TARGET_KEPT, objectives)
    summary = {
        **_head("score", circuit, degraded=False),
        "arms": arms,
        "verdict": {"accepted": found.accepted, "why": found.why, "credit": found.credit},
        "credit_why": _CREDIT[found.credit],
        "fidelity": _fidelity(arms["quantum"]),
        "samples": _samples(step, shots),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(circuit, "quantum", shots, ideal))


def answer_classically(step: StepInput) -> StepOutput:
    """The simulated shots in the shape of `score`, marked as degraded."""
    begun = time.perf_counter()
    circuit, settings, ideal = parse(step.problem), settings_of(step.parameters), stored_distribution(step)
    arms = _classical(step, settings, ideal, settings.shots)
    why = "the simulated shots stand in: the rule judges measured ones only"
    summary = {
        **_head("answer_classically", circuit, degraded=True),
        "arms": arms,
        "verdict": {"accepted": False, "why": why, "credit": "baseline"},
        "credit_why": "No quantum samples were used; a classical simulation answered.",
        "fidelity": _fidelity(arms["baseline"]),
        "samples": None,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(
        summary, _artifacts(circuit, "baseline", _simulated(step, ideal, settings.shots), ideal)
    )


def _classical(step: StepInput, settings: Settings, ideal: Floats, count: int) -> dict[str, dict[str, Any]]:
    bits = len(ideal).bit_length() - 1
    uniform = random_shots(bits, count, (step.seed, _RANDOM))
    asked = f"a Hellinger fidelity of {settings.fidelity_min:g}"
    simulated = _simulated(step, ideal, count)
    return {
        "heuristic": {"label": "Target", "method": asked, "objective": round(1 - settings.fidelity_min, 9)},
        "baseline": _arm(step, "Simulated", "exact state vector, sampled", simulated, ideal),
        "random": _arm(step, "Uniform bits", "a fair coin for every bit", uniform, ideal),
    }


def _simulated(step: StepInput, ideal: Floats, count: int) -> Shots:
    return drawn_shots(ideal, count, (step.seed, _SIMULATED))


def _arm(step: StepInput, label: str, method: str, shots: Shots, ideal: Floats) -> dict[str, Any]:
    found = closeness(shots, ideal, (step.seed, _RESAMPLED))
    told = {"label": label, "method": method, "shots": shots.total}
    if found is None:
        return {**told, "objective": None}
    low, high = found.distance_interval
    return {
        **told,
        "note": f"total variation distance {found.distance:.3f} ({low:.3f} to {high:.3f})",
        "objective": found.infidelity,
        "low": found.infidelity_interval[0],
        "high": found.infidelity_interval[1],
        "distance": found.distance,
        "distance_interval": list(found.distance_interval),
    }


def _fidelity(arm: Mapping[str, Any]) -> float | None:
    return None if arm["objective"] is None else 1 - arm["objective"]


def _head(name: str, circuit: Circuit, *, degraded: bool) -> dict[str, Any]:
    return {
        "step": name,
        "degraded": degraded,
        "qubits": circuit.qubits,
        "bits": len(circuit.measured),
        "unit": UNIT,
        "rules": {},
        "histogram": None,
        "candidates": None,
    }


def _samples(step: StepInput, shots: Shots) -> dict[str, Any]:
    return {
        "shots_asked": sum(part.shots_asked for part in step.samples),
        "shots_done": shots.total,
        "distinct": len(shots.states),
        "unreadable": shots.unreadable,
        "partial": any(part.partial for part in step.samples),
        "backends": sorted({part.backend for part in step.samples}),
    }


def _artifacts(circuit: Circuit, source: str, shots: Shots, ideal: Floats) -> dict[str, bytes]:
    """`solution`: every count by its bit string; `picture`: the outcomes that matter most, and the others."""
    width = len(circuit.measured)
    states, seen = shots.states.tolist(), shots.seen.tolist()
    solution = {
        "source": source,
        "bits": list(circuit.bits),
        "shots": shots.total,
        "unreadable": shots.unreadable,
        "counts": {f"{state:0{width}b}": count for state, count in zip(states, seen, strict=True)},
    }
    shares = np.zeros(len(ideal))
    if shots.total:
        shares[shots.states] = shots.seen / shots.total
    weight = shares + ideal
    likeliest = np.argsort(-weight, kind="stable")[:DRAWN].tolist()
    most = sorted(state for state in likeliest if weight[state] > 0)
    drawn = {
        "kind": "counts",
        "source": source,
        "shots": shots.total,
        "outcomes": [
            {"bits": f"{state:0{width}b}", "measured": float(shares[state]), "ideal": float(ideal[state])}
            for state in most
        ],
        "others": _others(shares, ideal, most, bool(shots.total)),
    }
    return {"solution": canonical(solution), "picture": canonical(drawn)}


def _others(shares: Floats, ideal: Floats, most: Sequence[int], sampled: bool) -> dict[str, float]:
    """What is not drawn, unreadable shots included."""
    measured = 1 - shares[list(most)].sum() if sampled else 0.0
    return {
        "measured": max(0.0, round(float(measured), 9)),
        "ideal": max(0.0, round(float(1 - ideal[list(most)].sum()), 9)),
    }
