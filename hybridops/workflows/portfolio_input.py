"""Uploaded bytes to a market: a CSV of prices, or an OR-Library file of moments. Trusts nothing."""

from __future__ import annotations

from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.solvers.markowitz import Market
from hybridops.workflows.orlib_port import parse_port
from hybridops.workflows.prices_csv import DAILY, is_csv, parse_csv
from hybridops.workflows.text import lines_of


def parse(data: bytes) -> Market:
    """The market in `data`, told by its content, never by its file name.

    Raises BadInput with the 1-based line and column and what was expected; nothing else.
    """
    lines = lines_of(data)
    market = parse_csv(lines) if is_csv(lines) else parse_port(lines)
    if not market.covariance.any():
        raise BadInput("expected returns that vary, but every one of them is always the same")
    return market


def facts(market: Market) -> dict[str, Any]:
    """What a page says of a market. JSON; a year's figures are shares, with the periods they were made from."""
    spread = market.covariance.diagonal() ** 0.5 * market.periods**0.5
    observations = None if market.returns is None else len(market.returns)
    seen = "moments only" if observations is None else f"{observations} returns"
    return {
        "name": market.name,
        "size": f"{market.assets} assets, {seen}",
        "assets": market.assets,
        "observations": observations,
        "source": "moments" if observations is None else "prices",
        "periods_a_year": market.periods,
        "annualisation": f"mean times {market.periods}, standard deviation times its root",
        "returns": "simple, of one " + ("trading day" if market.periods == DAILY else "week"),
        "return_lowest": float(market.periods * market.mean.min()),
        "return_highest": float(market.periods * market.mean.max()),
        "volatility_lowest": float(spread.min()),
        "volatility_highest": float(spread.max()),
    }
