"""What every portfolio step needs: the market again, the settings, and one answer in one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hybridops.domain.ports import StepInput
from hybridops.solvers.markowitz import Market, objective, yearly
from hybridops.workflows.portfolio_input import parse
from hybridops.workflows.portfolio_settings import Settings, settings_of

UNIT = "bp"


def opened(step: StepInput) -> tuple[Market, Settings]:
    """The market and the settings of a step."""
    market = parse(step.problem)
    return market, settings_of(step.parameters, market.assets)


def told(market: Market, settings: Settings, chosen: Sequence[int]) -> dict[str, Any]:
    """JSON of a choice: its objective recomputed from the file, its names, return and volatility a year."""
    return {
        "objective": objective(market, chosen, settings.assets, settings.share),
        "unit": UNIT,
        "chosen": sorted(chosen),
        "assets": [market.labels[asset] for asset in sorted(chosen)],
        **yearly(market, chosen),
    }
