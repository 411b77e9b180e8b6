"""The demo's questions: real car-share zones of Montréal, and picking waves that we lay out ourselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hybridops.workflows.carshare import carshare_montreal


@dataclass(frozen=True, slots=True)
class Problem:
    name: str
    project: str
    filename: str
    outcome: str
    data: Callable[[], bytes]


def _wave(seed: int, stops: int) -> bytes:
    """A picking wave on a 60 x 40 m floor with aisles every 4 m: VRPLIB text, distances in metres."""
    rng = random.Random(seed)  # noqa: S311  # a floor plan, not a secret
    places = [(0, 0)] + [(4 * rng.randint(0, 15), rng.randint(1, 40)) for _ in range(stops)]
    demand = [0] + [rng.randint(1, 9) for _ in range(stops)]
    lines = [
        f"NAME : wave-{seed}",
        "COMMENT : a picking wave laid out by hybridops",
        "TYPE : CVRP",
        f"DIMENSION : {len(places)}",
        "EDGE_WEIGHT_TYPE : EUC_2D",
        "CAPACITY : 32",
        "NODE_COORD_SECTION",
        *(f"{n} {x} {y}" for n, (x, y) in enumerate(places, start=1)),
        "DEMAND_SECTION",
        *(f"{n} {load}" for n, load in enumerate(demand, start=1)),
        "DEPOT_SECTION",
        "1",
        "-1",
        "EOF",
    ]
    return ("\n".join(lines) + "\n").encode()


WHY_ANYWAY = "To show the whole way: classical solvers solve instances of this size outright."

PROBLEMS = {
    "zones": Problem(
        "Montréal car-share zones",
        "car-share",
        "montreal-car-share.csv",
        "Fewer kilometres for the crew that tends the cars",
        carshare_montreal,
    ),
    "wave-11": Problem(
        "Wave 11", "warehouse", "wave-11.vrp", "Shorter walks before the 11:30 release", lambda: _wave(11, 20)
    ),
    "wave-14": Problem(
        "Wave 14", "warehouse", "wave-14.vrp", "Shorter walks before the 15:00 release", lambda: _wave(14, 26)
    ),
    "wave-17": Problem(
        "Wave 17", "warehouse", "wave-17.vrp", "Shorter walks before the late release", lambda: _wave(17, 22)
    ),
}

# What a warehouse has in truth: another wave every day or two. Small ones, so that a laptop solves them in no time.
DAILY = {
    f"wave-{number}": Problem(
        f"Wave {number}",
        "warehouse",
        f"wave-{number}.vrp",
        "Shorter walks before the next release",
        partial(_wave, number, 12 + number % 5),
    )
    for number in range(31, 75)
}
