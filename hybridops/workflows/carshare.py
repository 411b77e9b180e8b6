"""A public snapshot that comes installed: car-share zones of Montreal, from plotly's package data."""

from __future__ import annotations

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path

from hybridops.domain.errors import BadInput

TITLE = "Montreal car-share zones"
_ZONES = 24
_HOURS_PER_UNIT = 100


def carshare_montreal() -> bytes:
    """CSV of the 24 zones with the most car hours and a depot at their weighted centre.

    Demand is car hours in hundreds, at least 1: what a crew that tends the cars would need there. Raises
    BadInput where plotly's data is not installed. Reads the file without importing plotly.
    """
    with gzip.open(_source(), "rt", encoding="utf-8") as file:
        rows = [(float(r["car_hours"]), r["centroid_lat"], r["centroid_lon"]) for r in csv.DictReader(file)]
    zones = [(hours, float(lat), float(lon)) for hours, lat, lon in sorted(rows, reverse=True)[:_ZONES]]
    total = sum(hours for hours, _, _ in zones)
    centre = [sum(zone[0] * zone[axis] for zone in zones) / total for axis in (1, 2)]
    lines = [f"# {TITLE}", "name,latitude,longitude,demand", f"Depot,{centre[0]:.6f},{centre[1]:.6f},0"]
    for number, (hours, lat, lon) in enumerate(zones, start=1):
        lines.append(f"Zone {number:02d},{lat:.6f},{lon:.6f},{max(1, round(hours / _HOURS_PER_UNIT))}")
    return ("\n".join(lines) + "\n").encode()


def _source() -> Path:
    spec = find_spec("plotly")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "package_data" / "datasets" / "carshare.csv.gz"
        if path.is_file():
            return path
    raise BadInput("the car-share zones come with plotly, which is not installed here")
