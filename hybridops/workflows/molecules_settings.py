"""The parameters of a run of the molecule family, and where its loop starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import StepInput
from hybridops.workflows.molecules_circuit import Plan, Point, turned
from hybridops.workflows.register_settings import whole
from hybridops.workflows.register_steps import needed

STARTS = ("hartree_fock", "trained")
SUBMISSIONS_MAX = 6


@dataclass(frozen=True, slots=True)
class Settings:
    """`shots` of one circuit, `submissions` at most, and the loop's `start`."""

    shots: int
    submissions: int
    start: str


def settings_of(parameters: Mapping[str, Any]) -> Settings:
    """The parameters with their ranges checked; raises BadInput with `field`. Unknown names are ignored."""
    start = parameters.get("start", STARTS[0])
    if start not in STARTS:
        raise BadInput(f"expected one of {', '.join(STARTS)}", field="start")
    return Settings(
        shots=whole(parameters, "shots", 8192, 64, 100_000),
        submissions=whole(parameters, "submissions", SUBMISSIONS_MAX, 2, SUBMISSIONS_MAX),
        start=start,
    )


def start_point(step: StepInput, plan: Plan) -> Point:
    """Where the loop starts, as the step `start` left it."""
    point = tuple(float(value) for value in needed(step, "start")["point"])
    return turned(plan, point, {})
