"""The end of a variational run: its energy beside the exact one, Hartree-Fock and random parameters.

The objective is the distance to the exact ground energy in mHa, and lower is better. It has no sign: an estimate
below the exact minimum is noise, and as far off as one above.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.domain.verdict import ARMS, judge
from hybridops.solvers.readout import Reading
from hybridops.workflows.molecules_circuit import Plan, plan_of
from hybridops.workflows.molecules_estimate import Estimate, all_shots, best_of_random, estimates
from hybridops.workflows.molecules_loop import Loop, followed
from hybridops.workflows.molecules_picture import artifacts
from hybridops.workflows.molecules_settings import settings_of
from hybridops.workflows.molecules_steps import ACCURACY, distance, energies, exact_of
from hybridops.workflows.pauli_json import parse
from hybridops.workflows.register_steps import needed

UNIT = "mHa"
RULE = {"against": "baseline", "above_by_at_most": ACCURACY}
SECTOR_MIN = (
    0.5  # share of shots with the right electrons below which an energy says nothing of this molecule
)
_RANDOM = 3  # stream of the run's seed
_SURE, _BEYOND = (
    2.0,
    3.0,
)  # standard errors: of an interval, and past which chance does not explain a distance
_CREDIT = {
    "quantum samples": "As many random parameters stayed further away: the loop's samples earned it.",
    "post-processing": "As many random parameters came as near: the loop earned nothing here.",
    "nobody": "The loop came no nearer than Hartree-Fock, where it started from.",
}


def control(step: StepInput) -> StepOutput:
    """What needs no QPU: the exact energy, and as many random parameters as the whole loop may look at."""
    begun = time.perf_counter()
    plan, settings = plan_of(parse(step.problem)), settings_of(step.parameters)
    arms = _classical(step, plan, plan.points * (settings.submissions - 1))
    summary = {
        "step": "control",
        "control": {name: arm["objective"] for name, arm in arms.items() if name in ARMS},
        "template": needed(step, "start")["best"]["objective"],
        "shots": settings.shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def score(step: StepInput) -> StepOutput:
    """The loop's last energy, from what came back (it may be partial), and as many random parameters."""
    begun = time.perf_counter()
    molecule = parse(step.problem)
    plan, exact = plan_of(molecule), exact_of(step)
    loop = followed(step, plan)
    found = estimates(plan, loop, molecule.pairs)
    step.report(0.5, "Comparing with the exact energy")
    looked_at = sum(len({point for point, _ in one.circuits}) for one in loop.rounds if not one.final)
    arms = _classical(step, plan, looked_at or plan.points)
    last = next((one for one in reversed(found) if one.answer is not None), None)
    arms |= _quantum(step, plan, loop, last, exact)
    objectives = {name: arms[name]["objective"] for name in ARMS}
    said = remarks(step, last, exact)
    verdict = judge(step.parameters.get("acceptance") or RULE, objectives)
    summary = {
        **_head("score", plan, degraded=False),
        "arms": arms,
        "verdict": {"accepted": verdict.accepted, "why": verdict.why, "credit": verdict.credit},
        "credit_why": " ".join([*said, _earned(verdict.credit, objectives["quantum"])]),
        "energy": _told(last),
        "remarks": said,
        "rules": {"quantum": last.rules()} if last else {},
        "samples": _samples(step, loop),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, plan, "quantum", found, arms))


def _earned(credit: str, objective: float | None) -> str:
    return "So there is no energy to judge." if objective is None else _CREDIT[credit]


def answer_classically(step: StepInput) -> StepOutput:
    """The exact energy in the shape of `score`, marked as degraded."""
    begun = time.perf_counter()
    plan, settings, exact = plan_of(parse(step.problem)), settings_of(step.parameters), exact_of(step)
    arms = _classical(step, plan, plan.points * (settings.submissions - 1))
    why = "the exact diagonalisation stands in: the rule judges measured energies only"
    summary = {
        **_head("answer_classically", plan, degraded=True),
        "arms": arms,
        "verdict": {"accepted": False, "why": why, "credit": "baseline"},
        "credit_why": "No quantum samples were used; exact diagonalisation answered.",
        "energy": {"energy": exact, "standard_error": 0.0},
        "remarks": [],
        "rules": {},
        "samples": None,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, plan, "baseline", [], arms))


def remarks(step: StepInput, last: Estimate | None, exact: float) -> list[str]:
    """What has to be said of the energy, in sentences."""
    told = []
    best = float(needed(step, "start")["best"]["objective"])
    if best > ACCURACY:
        told.append(
            f"Without any noise this template comes no nearer than {best:.2f} mHa: it moves pairs only."
        )
    if last is None or last.answer is None:
        return [*told, "No energy could be read from what came back."]
    energy, error = last.answer.energy, last.answer.variance**0.5
    if energy + _BEYOND * error < exact:
        told.append(
            f"The estimate lies {1e3 * (exact - energy):.2f} mHa below the exact minimum, more than three times "
            "its error: that is noise, not a better answer."
        )
    if 1e3 * error > ACCURACY:
        told.append(
            f"A standard error of {1e3 * error:.2f} mHa is too coarse for the rule: ask for more shots."
        )
    if last.right_share < SECTOR_MIN:
        told.append(
            f"Only {last.right_share:.0%} of the shots have the right electrons: another sector was measured."
        )
    return told


def _quantum(
    step: StepInput, plan: Plan, loop: Loop, last: Estimate | None, exact: float
) -> dict[str, dict[str, Any]]:
    """The loop's last energy as an arm, the same as measured, and the same parameters without noise."""
    label = {"label": "Variational loop", "seconds": sum(part.seconds for part in step.samples)}
    if last is None or last.answer is None or last.raw is None:
        return {"quantum": {**label, "objective": None}}
    usable = last.right_share >= SECTOR_MIN and 1e3 * last.answer.variance**0.5 <= ACCURACY
    clean = float(energies(plan, [last.centre])[0])
    answer = _arm(last.answer, exact)
    return {
        "quantum": {**answer, **label, "objective": answer["objective"] if usable else None},
        "quantum_raw": {**_arm(last.raw, exact), "shots": last.z_shots},
        "ideal": {
            "label": "The same without noise",
            "note": f"{clean:.5f} Ha",
            "objective": distance(clean, exact),
            "energy": clean,
        },
    }


def _arm(found: Reading, exact: float) -> dict[str, Any]:
    """Distance and its interval of two standard errors, which ends at 0."""
    error = found.variance**0.5
    off, reach = distance(found.energy, exact), 1e3 * _SURE * error
    return {
        "note": f"{found.energy:.5f} ± {error:.5f} Ha",
        "objective": off,
        "low": max(0.0, off - reach),
        "high": off + reach,
        "energy": found.energy,
        "standard_error": error,
    }


def _classical(step: StepInput, plan: Plan, points: int) -> dict[str, dict[str, Any]]:
    exact, fock = exact_of(step), needed(step, "heuristic")
    reached = {
        "heuristic": {
            "label": "Hartree-Fock",
            "note": f"{fock['energy']:.5f} Ha",
            "objective": fock["objective"],
            "energy": fock["energy"],
        },
        "baseline": {
            "label": "Exact",
            "method": "exact diagonalisation",
            "note": f"{exact:.5f} Ha, by diagonalisation",
            "objective": 0.0,
            "energy": exact,
        },
    }
    shots = settings_of(step.parameters).shots
    found = best_of_random(plan, points, shots, (step.seed, _RANDOM))
    drawn = {"label": "Random parameters", **_arm(found, exact)}
    drawn["note"] = f"the best of {points:,}, {drawn['note']}"
    return {**reached, "random": drawn}


def _head(name: str, plan: Plan, *, degraded: bool) -> dict[str, Any]:
    return {
        "step": name,
        "degraded": degraded,
        "qubits": plan.template.qubits,
        "unit": UNIT,
        "histogram": None,
        "candidates": None,
    }


def _told(last: Estimate | None) -> dict[str, float | None] | None:
    if last is None or last.answer is None or last.selected is None or last.raw is None:
        return None
    return {
        "energy": last.answer.energy,
        "standard_error": last.answer.variance**0.5,
        "post_selected": last.selected.energy,
        "as_measured": last.raw.energy,
        "damping": last.damping.energy if last.damping else None,
        "offset": last.offset.energy if last.offset else None,
        "right_electrons": last.right_share,
    }


def _samples(step: StepInput, loop: Loop) -> dict[str, Any]:
    shots = all_shots(loop)
    return {
        "shots_asked": sum(part.shots_asked for part in step.samples),
        "shots_done": shots.total if shots else 0,
        "distinct": len(shots.states) if shots else 0,
        "partial": any(part.partial for part in step.samples),
        "backends": sorted({part.backend for part in step.samples}),
        "submissions": len(loop.rounds),
        "circuits": sum(shots is not None for one in loop.rounds for shots in one.counts),
    }


def _artifacts(
    step: StepInput, plan: Plan, source: str, found: list[Estimate], arms: Mapping[str, Mapping[str, Any]]
) -> dict[str, bytes]:
    best = float(needed(step, "start")["best"]["energy"])
    return artifacts(plan, source, found, arms, best=best, accuracy=ACCURACY)
