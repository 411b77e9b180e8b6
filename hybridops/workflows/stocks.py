"""A public snapshot that comes installed: weekly prices of six technology stocks, from plotly's package data."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

from hybridops.domain.errors import BadInput

STOCKS = "Six technology stocks, 2018 and 2019"


def technology_stocks() -> bytes:
    """CSV of 105 weekly prices of GOOG, AAPL, AMZN, FB, NFLX and MSFT, each divided by its first.

    Raises BadInput where plotly's data is not installed. Reads the file without importing plotly.
    """
    with gzip.open(_source(), "rt", encoding="utf-8") as file:
        return f"# {STOCKS}\n{file.read()}".encode()


def _source() -> Path:
    spec = find_spec("plotly")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "package_data" / "datasets" / "stocks.csv.gz"
        if path.is_file():
            return path
    raise BadInput("the stock prices come with plotly, which is not installed here")
