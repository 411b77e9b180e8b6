"""The parameters of the portfolio family: read once, checked again, with the defaults in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.solvers.angles import STRATEGIES

NOT_WORSE = {"against": "heuristic", "worse_by_at_most": 0.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """`assets` is K, how many are chosen; `share` is lambda, the weight of risk from 0 to 1."""

    shots: int
    qubits_max: int
    layers: int
    baseline_seconds: float
    angle_strategy: str
    assets: int
    share: float
    acceptance: Mapping[str, Any]


def settings_of(parameters: Mapping[str, Any], assets: int) -> Settings:
    """The parameters with their ranges checked for a market of `assets`; raises BadInput with `field`.

    Unknown names are ignored. K is below `assets`: with all of them there is nothing to choose.
    """
    strategy = parameters.get("angle_strategy", "transferred")
    if strategy not in STRATEGIES:
        raise BadInput(f"expected one of {', '.join(STRATEGIES)}", field="angle_strategy")
    return Settings(
        shots=int(_within(parameters, "shots", 1024, 1, 100_000, whole=True)),
        qubits_max=int(_within(parameters, "qubits_max", 12, 4, 14, whole=True)),
        layers=int(_within(parameters, "layers", 1, 1, 3, whole=True)),
        baseline_seconds=_within(parameters, "baseline_seconds", 2.0, 0.05, 600.0),
        angle_strategy=strategy,
        assets=int(_within(parameters, "assets_chosen", min(3, assets - 1), 1, assets - 1, whole=True)),
        share=_within(parameters, "risk_share", 0.5, 0.0, 1.0),
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
