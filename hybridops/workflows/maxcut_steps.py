"""What every step of the MaxCut family needs: the instance again, the settings, and the answers so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.domain.ports import StepInput
from hybridops.workflows.maxcut_input import parse
from hybridops.workflows.maxcut_instance import Contradiction, Instance, check, tolerance
from hybridops.workflows.register_settings import Settings, settings_of
from hybridops.workflows.register_steps import earlier, needed

FREE = "-"  # in the text of a reduction: a variable that is not decided


def opened(step: StepInput) -> tuple[Instance, Settings]:
    """The instance and the settings of a step; raises BadInput."""
    return parse(step.problem), settings_of(step.parameters)


def classical(step: StepInput, instance: Instance) -> dict[str, dict[str, Any]]:
    """The classical arms that ran, their objectives recomputed here from their bits."""
    needed(step, "heuristic")
    found = {name: earlier(step, name) for name in ("heuristic", "baseline")}
    return {
        name: {
            "objective": check(instance, result["bits"]),
            "method": result["method"],
            "feasible_share": 1.0,
            "seconds": result["seconds"],
        }
        for name, result in found.items()
        if result is not None
    }


def fixed_by(step: StepInput) -> dict[int, int]:
    """The variables that the reduction decided, none where no stage reduced."""
    told = (earlier(step, "reduce") or {}).get("decided", "")
    return {at: int(bit) for at, bit in enumerate(told) if bit != FREE}


def bound_of(step: StepInput) -> float | None:
    """The best lower bound that any stage has proved."""
    summaries = (earlier(step, "reduce"), earlier(step, "baseline"))
    bounds = [found["lower_bound"] for found in summaries if found and found["lower_bound"] is not None]
    return max(bounds, default=None)


def nothing_beats(step: StepInput, instance: Instance, arms: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises Contradiction where an arm is better than a bound that was proved."""
    for name, arm in arms.items():
        not_below(instance, bound_of(step), name, arm["objective"])


def not_below(instance: Instance, bound: float | None, name: str, value: float | None) -> None:
    """Raises Contradiction for an objective below a proved bound; None is no objective, or no bound."""
    if bound is not None and value is not None and value < bound - slack(instance, bound):
        raise Contradiction(f"{name} reaches {value:.12g}, below the proved bound of {bound:.12g}.")


def slack(instance: Instance, bound: float) -> float:
    """What a solver's proof may be off by, beside rounding: a millionth of the bound or of the largest term."""
    largest = max((abs(weight) for _, _, weight in instance.terms), default=0.0)
    return tolerance(instance) + 2e-6 * max(abs(bound), 2 * largest)
