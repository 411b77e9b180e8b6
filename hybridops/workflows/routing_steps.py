"""What every routing step needs: the problem again, and the settings."""

from __future__ import annotations

from hybridops.domain.ports import StepInput
from hybridops.solvers.problem import Problem
from hybridops.workflows.register_settings import Settings, settings_of, whole
from hybridops.workflows.routing_input import parse


def opened(step: StepInput) -> tuple[Problem, Settings]:
    """The problem and the settings of a step; a CSV takes its capacity from the parameters, 0 to choose one."""
    capacity = whole(step.parameters, "capacity", 0, 0, 10**9) or None
    return parse(step.problem, capacity=capacity), settings_of(step.parameters)
