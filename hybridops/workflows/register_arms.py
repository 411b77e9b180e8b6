"""The arms of one register beside each other: samples, random states, an ideal device, and what pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.domain.ports import StepInput
from hybridops.solvers.problem import Floats
from hybridops.workflows import register_score as scoring
from hybridops.workflows import register_shots as drawing
from hybridops.workflows.register_score import Arm, Table
from hybridops.workflows.register_verdict import judge, stand_in

_IDEAL, _RANDOM = 2, 3  # streams of the run's seed; training has 1
_MARKS = ("heuristic", "baseline", "exact_split")


def sampled_arms(step: StepInput, table: Table, distribution: Floats) -> list[Arm]:
    """The samples, as many uniformly random states, as many ideal shots: polished by the same function."""
    shots = drawing.read_samples(step.samples, table.qubits)
    waited = sum(part.seconds for part in step.samples)
    ideal = drawing.drawn_shots(distribution, shots.total, (step.seed, _IDEAL))
    return [
        scoring.polish(table, "quantum", shots, waited),
        random_arm(step, table, shots.total),
        scoring.polish(table, "ideal", ideal),
    ]


def random_arm(step: StepInput, table: Table, count: int) -> Arm:
    """The random control, the same states before the gate and at the score."""
    return scoring.polish(table, "random", drawing.random_shots(table.qubits, count, (step.seed, _RANDOM)))


def shown(table: Table, arms: Sequence[Arm], classical: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """JSON of every arm: `classical` (with "heuristic"), each sampled one raw and polished, and the best state."""
    target = float(classical["heuristic"]["objective"])
    found: dict[str, Any] = dict(classical)
    for arm in arms:
        found[f"{arm.name}_raw"] = scoring.arm_summary(table, arm, target, raw=True)
        found[arm.name] = scoring.arm_summary(table, arm, target, raw=False)
    exact = scoring.exact_summary(table)
    return found if exact is None else {**found, "exact_split": exact}


def controlled(
    step: StepInput, table: Table, count: int, classical: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The part of a control's summary that the gate reads: `classical` and `count` random states, polished."""
    arm = random_arm(step, table, count)
    found = scoring.arm_summary(table, arm, float(classical["heuristic"]["objective"]), raw=False)
    reached = {name: arm["objective"] for name, arm in classical.items()}
    return {"control": {**reached, "random": found["objective"]}, "shots": count}


def scored(
    step: StepInput,
    table: Table,
    arms: Sequence[Arm],
    found: Mapping[str, Mapping[str, Any]],
    *,
    acceptance: Mapping[str, Any],
    rule: str,
    start: str,
) -> dict[str, Any]:
    """The part of a score's summary that pages read of every family.

    `found` is what `shown` made; `rule` is for `rules_kept`, `start` and `acceptance` for `judge`.
    """
    marks = {name: found[name]["objective"] for name in _MARKS if name in found}
    return {
        "arms": found,
        **judged(judge(found, acceptance, start)),
        "samples": _samples(step, arms[0].shots),
        "rules": {arm.name: scoring.rules_kept(table, arm, rule) for arm in arms},
        "histogram": scoring.histogram(table, arms, marks),
        "candidates": scoring.candidates(table, arms),
    }


def unscored(classical: Mapping[str, Mapping[str, Any]], arm: str) -> dict[str, Any]:
    """The same keys where the classical `arm` answers instead and nothing was sampled."""
    return {
        "arms": classical,
        **judged(stand_in(classical[arm]["objective"], arm, classical)),
        "samples": None,
        "rules": {},
        "histogram": None,
        "candidates": [],
    }


def judged(found: dict[str, Any]) -> dict[str, Any]:
    """`quality` and `credit_why` also stand alone: the engine puts its own verdict in place of this one."""
    return {"verdict": found, "quality": found["quality"], "credit_why": found["credit_why"]}


def _samples(step: StepInput, shots: drawing.Shots) -> dict[str, Any]:
    return {
        "shots_asked": sum(part.shots_asked for part in step.samples),
        "shots_done": shots.total,
        "distinct": len(shots.states),
        "partial": any(part.partial for part in step.samples),
        "backends": sorted({part.backend for part in step.samples}),
    }
