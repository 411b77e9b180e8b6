"""The end of a kernel run: a machine on measured entries beside the same on exact ones, RBF machines and chance.

The objective is the percent of the test points that are got wrong, and lower is better. No choice before it has seen a
test point's class, and nothing here is called a difference that its interval does not show.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.domain.verdict import ARMS, judge
from hybridops.evidence.agreement import paired
from hybridops.workflows.kernels_arms import Judged, Right, arm, classical_arms, difference, undecided
from hybridops.workflows.kernels_loop import DAMPING_MIN, Plan, Sent, estimated, plan_of, submissions
from hybridops.workflows.kernels_order import TESTS_MIN, Entry, usable
from hybridops.workflows.kernels_picture import artifacts
from hybridops.workflows.kernels_settings import settings_of
from hybridops.workflows.register_steps import needed

UNIT = "% wrong"
RULE = {"against": "baseline", "worse_by_at_most": 0.0}
_CREDIT = {
    "quantum samples": "None of the random kernels, treated alike, did as well.",
    "post-processing": "A random kernel, treated alike, did as well: the measured one earned nothing here.",
}


def control(step: StepInput) -> StepOutput:
    """What needs no QPU, on the test points that the whole run would decide."""
    begun = time.perf_counter()
    judged = _whole(plan_of(step))
    arms, _ = classical_arms(step, judged)
    summary = {
        "step": "control",
        "control": {name: found["objective"] for name, found in arms.items() if name in ARMS},
        "ideal": arms["ideal"]["objective"],
        "alike": arms["alike"]["objective"],
        "landmarks": judged.landmarks,
        "tests": len(judged.tests),
        "shots": settings_of(step.parameters).shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def score(step: StepInput) -> StepOutput:
    """Decides the test points by what came back, which may be a part, and by every other arm on the same points."""
    begun = time.perf_counter()
    plan = plan_of(step)
    found = submissions(step, plan)
    raw, mended = (estimated(found, plan.qubits, mended=mend) for mend in (False, True))
    size, tests = usable(plan.target, mended)
    judged = Judged(plan, size, tuple(tests)) if tests else _whole(plan)
    step.report(0.3, "Comparing with the classical machines")
    arms, right = classical_arms(step, judged)
    arms["quantum"] = {"label": "Measured kernel", "note": "", "objective": None}
    if tests:
        arms |= _measured(step, judged, raw, mended, right)
    arms["quantum"]["seconds"] = sum(part.seconds for part in step.samples)
    objectives = {name: arms[name]["objective"] for name in ARMS}
    verdict = judge(step.parameters.get("acceptance") or RULE, objectives)
    credit = "nobody" if "heuristic" in arms["quantum"].get("undecided", ()) else verdict.credit
    said = [*_remarks(plan, judged, found, mended, bool(tests)), *_compared(right), _study(step)]
    summary = {
        **_head("score", plan, judged, degraded=False),
        "arms": arms,
        "verdict": {"accepted": verdict.accepted, "why": verdict.why, "credit": credit},
        "credit_why": " ".join([*said, _CREDIT.get(verdict.credit, "")]).strip(),
        "remarks": said,
        "damping": [sent.damping(plan.qubits) for sent in found],
        "samples": _samples(step, found),
        "seconds": time.perf_counter() - begun,
    }
    exact = judged.exact()
    return StepOutput(summary, artifacts(step, judged, "quantum", mended, exact, right))


def answer_classically(step: StepInput) -> StepOutput:
    """The RBF machine's answer in the shape of `score`, marked as degraded."""
    begun = time.perf_counter()
    plan = plan_of(step)
    judged = _whole(plan)
    arms, right = classical_arms(step, judged)
    why = "the RBF machine stands in: the rule judges measured kernels only"
    said = [*_compared(right), _study(step)]
    summary = {
        **_head("answer_classically", plan, judged, degraded=True),
        "arms": arms,
        "verdict": {"accepted": False, "why": why, "credit": "baseline"},
        "credit_why": " ".join(["No quantum samples were used; an RBF machine answered.", *said]),
        "remarks": said,
        "damping": [],
        "samples": None,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, artifacts(step, judged, "baseline", {}, judged.exact(), right))


def _whole(plan: Plan) -> Judged:
    return Judged(plan, plan.target.landmarks, tuple(range(plan.target.tests)))


def _measured(
    step: StepInput,
    judged: Judged,
    raw: Mapping[Entry, float],
    mended: Mapping[Entry, float],
    right: dict[str, Right],
) -> dict[str, dict[str, Any]]:
    """The arm that is judged, and the same without what the references say; adds both to `right`."""
    cost = float(needed(step, "simulate")["costs"][judged.landmarks - 2])
    for name, known in (("quantum", mended), ("quantum_raw", raw)):
        right[name] = judged.right(*judged.split(known), cost)
    note = f"{judged.landmarks} landmarks, {len(judged.tests)} test points"
    told = arm("Measured kernel", note, right["quantum"])
    shots = sum(part.shots_done for part in step.samples)
    return {
        "quantum": {**told, "undecided": undecided(right)},
        "quantum_raw": {**arm("As measured", note, right["quantum_raw"]), "shots": shots},
    }


def _compared(right: Mapping[str, Right]) -> list[str]:
    """The measured kernel, or without one the exact, against each classical arm."""
    name = "quantum" if "quantum" in right else "ideal"
    words = {
        "baseline": "RBF-SVM on all training points",
        "alike": "RBF-SVM on the same points",
        "heuristic": "the nearest class mean",
    }
    first = "The measured kernel." if name == "quantum" else "The exact quantum kernel on as few points."
    told = [difference(other, paired(right[name], right[at])) for at, other in words.items()]
    return [f"{first} {told[0]}", *told[1:]]


def _study(step: StepInput) -> str:
    """Both kernels at their best, without a QPU, on every held-out point."""
    whole = {name: needed(step, name) for name in ("simulate", "baseline")}
    first, second = ([mark == "1" for mark in found["right"]] for found in whole.values())
    found = paired(first, second)
    told = ", ".join(
        f"{words} {whole[name]['objective']:.1f} % wrong"
        for name, words in (("simulate", "exact quantum kernel"), ("baseline", "RBF-SVM"))
    )
    verdict = "a difference is shown" if found.shown else "no difference shown"
    interval = f"{100 * found.low:+.1f} to {100 * found.high:+.1f} percentage points"
    return f"Simulated, with all training points, on all {found.count} held-out ones: {told}; {verdict} ({interval})."


def _remarks(
    plan: Plan, judged: Judged, found: Sequence[Sent], known: Mapping[Entry, float], any_: bool
) -> list[str]:
    """What has to be said of what came back, in sentences."""
    told = []
    if len(known) < len(plan.order):
        came = f"{len(known)} of {len(plan.order)} kernel entries came back"
        part = f"so {judged.landmarks} landmarks and {len(judged.tests)} test points are judged"
        told.append(f"{came}, {part if any_ else f'too few to decide {TESTS_MIN} test points'}.")
    weak = [sent.damping(plan.qubits) for sent in found]
    if any(left is None or left < DAMPING_MIN for left in weak):
        told.append(
            f"In {sum(left is None or left < DAMPING_MIN for left in weak)} of {len(weak)} submissions the references "
            f"show less than {DAMPING_MIN:.0%} undisturbed shots, or did not come back: its entries stay as measured."
        )
    if foreign := sum(sent.foreign for sent in found):
        told.append(f"{foreign} circuits are none of this run's and were left out.")
    return told


def _head(name: str, plan: Plan, judged: Judged, *, degraded: bool) -> dict[str, Any]:
    return {
        "step": name,
        "degraded": degraded,
        "qubits": plan.qubits,
        "unit": UNIT,
        "landmarks": judged.landmarks,
        "tests": len(judged.tests),
        "rules": {},
        "histogram": None,
        "candidates": None,
    }


def _samples(step: StepInput, found: Sequence[Sent]) -> dict[str, Any]:
    return {
        "shots_asked": sum(part.shots_asked for part in step.samples),
        "shots_done": sum(part.shots_done for part in step.samples),
        "partial": any(part.partial for part in step.samples),
        "backends": sorted({part.backend for part in step.samples}),
        "submissions": len(found),
        "entries": sum(len(sent.entries) for sent in found),
    }
