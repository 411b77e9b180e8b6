"""The parameters of the routing family: read once, checked again, with the defaults in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.solvers.angles import STRATEGIES

NOT_WORSE = {"against": "heuristic", "worse_by_at_most": 0.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """`capacity` is for CSV only, None to choose one. `acceptance` is a rule of `domain.verdict`."""

    shots: int
    qubits_max: int
    layers: int
    baseline_seconds: float
    angle_strategy: str
    capacity: int | None
    acceptance: Mapping[str, Any]


def settings_of(parameters: Mapping[str, Any]) -> Settings:
    """The parameters with their ranges checked; raises BadInput with `field`. Unknown names are ignored."""
    strategy = parameters.get("angle_strategy", "transferred")
    if strategy not in STRATEGIES:
        raise BadInput(f"expected one of {', '.join(STRATEGIES)}", field="angle_strategy")
    return Settings(
        shots=int(_within(parameters, "shots", 1024, 1, 100_000, whole=True)),
        qubits_max=int(_within(parameters, "qubits_max", 12, 4, 14, whole=True)),
        layers=int(_within(parameters, "layers", 1, 1, 3, whole=True)),
        baseline_seconds=_within(parameters, "baseline_seconds", 2.0, 0.05, 600.0),
        angle_strategy=strategy,
        capacity=int(_within(parameters, "capacity", 0, 0, 10**9, whole=True)) or None,
        acceptance=parameters.get("acceptance") or NOT_WORSE,
    )


def _within(
    parameters: Mapping[str, Any], name: str, default: float, low: float, high: float, *, whole: bool = False
) -> float:
    value = parameters.get(name, default)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise BadInput(f"expected {kind} from {low:g} to {high:g}, not {value!r}", field=name)
    return float(value)
