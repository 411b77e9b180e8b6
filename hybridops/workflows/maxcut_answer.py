"""The last step of MaxCut: samples to an answer beside its controls, or the classical answer instead."""

from __future__ import annotations

import time
from typing import Any

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.trust.canonical import canonical
from hybridops.workflows.maxcut_facts import minimised
from hybridops.workflows.maxcut_instance import Instance, check, cut_weight
from hybridops.workflows.maxcut_picture import picture
from hybridops.workflows.maxcut_steps import classical, nothing_beats, opened
from hybridops.workflows.maxcut_table import table_of
from hybridops.workflows.register_arms import controlled, sampled_arms, scored, shown, unscored
from hybridops.workflows.register_circuit import distribution, energies
from hybridops.workflows.register_steps import earlier, needed, subproblem

_START = "the answer the run started from"


def score(step: StepInput) -> StepOutput:
    """Decodes what came back (it may be partial), treats every arm alike, and judges by the signed rule."""
    begun = time.perf_counter()
    instance, settings = opened(step)
    document = subproblem(step)
    table = table_of(instance, document, energies(document))
    step.report(0.3, "Decoding samples")
    arms = sampled_arms(step, table, distribution(document, table.energy))
    found = shown(table, arms, classical(step, instance))
    nothing_beats(step, instance, found)
    best = found["quantum"]["bits"]
    bits = None if best is None else table.answer(int(best, 2))
    summary = {
        **_head("score", instance, degraded=False),
        "answer": _answer(instance, bits, "quantum"),
        **scored(step, table, arms, found, acceptance=settings.acceptance, rule="", start=_START),
        "register": [instance.labels[at] for at in table.register],
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(instance, bits, table.register))


def control(step: StepInput) -> StepOutput:
    """What comes of it without a QPU: the classical arms, roof duality where it decides all, and random bits."""
    begun = time.perf_counter()
    instance, settings = opened(step)
    document = subproblem(step)
    table = table_of(instance, document, energies(document))
    step.report(0.5, f"{settings.shots} random shots through the same local search")
    found = controlled(step, table, settings.shots, classical(step, instance))
    solved = (earlier(step, "reduce") or {}).get("objective")
    if solved is not None:
        found["control"]["roof_duality"] = solved
    nothing_beats(step, instance, {name: {"objective": value} for name, value in found["control"].items()})
    return StepOutput({"step": "control", **found, "seconds": time.perf_counter() - begun})


def answer_classically(step: StepInput) -> StepOutput:
    """The better of heuristic and baseline, in the shape of `score`, marked as degraded."""
    begun = time.perf_counter()
    instance, _ = opened(step)
    arms = classical(step, instance)
    arm = min(arms, key=lambda name: (arms[name]["objective"], name))
    bits = needed(step, arm)["bits"]
    summary = {
        **_head("answer_classically", instance, degraded=True),
        "answer": _answer(instance, bits, arm),
        **unscored(arms, arm),
        "register": [],
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(instance, bits, ()))


def _head(name: str, instance: Instance, *, degraded: bool) -> dict[str, Any]:
    return {
        "step": name,
        "degraded": degraded,
        "name": instance.name,
        "kind": instance.kind,
        "variables": instance.variables,
        "unit": instance.unit,
        "minimised": minimised(instance),
    }


def _answer(instance: Instance, bits: str | None, arm: str) -> dict[str, Any]:
    """The answer as bits, variable 0 leftmost; without any, there is no objective either."""
    told = {"from": arm, "objective": None if bits is None else check(instance, bits), "bits": bits}
    if instance.is_graph:
        told["cut_weight"] = None if bits is None else cut_weight(instance, bits)
    return told


def _artifacts(instance: Instance, bits: str | None, register: tuple[int, ...]) -> dict[str, bytes]:
    """`solution`: the answer in the file's own names; `picture`: a graph of a size that can be drawn."""
    solution = {
        "problem": instance.name,
        "minimised": minimised(instance),
        **_answer(instance, bits, ""),
        "ones": _labels(instance, bits, "1"),
        "zeros": _labels(instance, bits, "0"),
    }
    del solution["from"]
    drawn = {"picture": canonical(picture(instance, bits, register))} if instance.is_graph and bits else {}
    return {"solution": canonical(solution), **drawn}


def _labels(instance: Instance, bits: str | None, side: str) -> list[str]:
    return [label for label, bit in zip(instance.labels, bits or "", strict=bits is not None) if bit == side]
