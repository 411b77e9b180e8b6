"""What every routing step needs: the problem again, the settings, earlier results, and a clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import StepInput
from hybridops.solvers.problem import Problem
from hybridops.workflows.routing_input import parse
from hybridops.workflows.routing_settings import Settings, settings_of


def opened(step: StepInput) -> tuple[Problem, Settings]:
    """The problem and the settings of a step; a CSV takes its capacity from the parameters."""
    settings = settings_of(step.parameters)
    return parse(step.problem, capacity=settings.capacity), settings


def earlier(step: StepInput, name: str) -> Mapping[str, Any] | None:
    """The summary that step `name` left, under whichever stage key, or None."""
    return next((found for found in step.results.values() if found.get("step") == name), None)


def needed(step: StepInput, name: str) -> Mapping[str, Any]:
    """The same, where a definition must provide it; raises BadInput where it does not."""
    found = earlier(step, name)
    if found is None:
        raise BadInput(f"this stage needs a stage that runs the step {name!r} before it", field="stages")
    return found
