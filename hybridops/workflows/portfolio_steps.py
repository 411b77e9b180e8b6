"""What every portfolio step needs: the market again, the settings, and one answer in one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hybridops.domain.ports import StepInput
from hybridops.solvers.markowitz import Market, objective, yearly
from hybridops.workflows import register_settings
from hybridops.workflows.portfolio_input import parse

UNIT = "bp"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`assets` is K, how many are chosen; `share` is lambda, the weight of risk from 0 to 1."""

    assets: int
    share: float
    register: register_settings.Settings


def wanted(parameters: Mapping[str, Any], assets: int) -> Wanted:
    """The parameters with their ranges checked for a market of `assets`; raises BadInput with `field`.

    K is below `assets`: with all of them there is nothing to choose.
    """
    return Wanted(
        assets=register_settings.whole(parameters, "assets_chosen", min(3, assets - 1), 1, assets - 1),
        share=register_settings.number(parameters, "risk_share", 0.5, 0.0, 1.0),
        register=register_settings.settings_of(parameters),
    )


def opened(step: StepInput) -> tuple[Market, Wanted]:
    """The market and the settings of a step."""
    market = parse(step.problem)
    return market, wanted(step.parameters, market.assets)


def told(market: Market, settings: Wanted, chosen: Sequence[int]) -> dict[str, Any]:
    """JSON of a choice: its objective recomputed from the file, its names, return and volatility a year."""
    return {
        "objective": objective(market, chosen, settings.assets, settings.share),
        "unit": UNIT,
        "chosen": sorted(chosen),
        "assets": [market.labels[asset] for asset in sorted(chosen)],
        **yearly(market, chosen),
    }
