"""The parameters of every family that samples one register: read once, checked again, all defaults here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.solvers.angles import STRATEGIES

NOT_WORSE = {"against": "heuristic", "worse_by_at_most": 0.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """`acceptance` is a rule of `domain.verdict`."""

    shots: int
    qubits_max: int
    layers: int
    baseline_seconds: float
    angle_strategy: str
    acceptance: Mapping[str, Any]


def settings_of(parameters: Mapping[str, Any]) -> Settings:
    """The parameters with their ranges checked; raises BadInput with `field`. Unknown names are ignored."""
    strategy = parameters.get("angle_strategy", "transferred")
    if strategy not in STRATEGIES:
        raise BadInput(f"expected one of {', '.join(STRATEGIES)}", field="angle_strategy")
    return Settings(
        shots=whole(parameters, "shots", 1024, 1, 100_000),
        qubits_max=whole(parameters, "qubits_max", 12, 4, 14),
        layers=whole(parameters, "layers", 1, 1, 3),
        baseline_seconds=number(parameters, "baseline_seconds", 2.0, 0.05, 600.0),
        angle_strategy=strategy,
        acceptance=parameters.get("acceptance") or NOT_WORSE,
    )


def number(parameters: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    """A parameter within low..high; raises BadInput with `field`."""
    value = parameters.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadInput(f"expected a number from {low:g} to {high:g}, not {value!r}", field=name)
    return float(value)


def whole(parameters: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    """The same for a whole number, which may be written as 12.0."""
    value = parameters.get(name, default)
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not low <= value <= high or value != int(value):
        raise BadInput(f"expected a whole number from {low:g} to {high:g}, not {value!r}", field=name)
    return int(value)
