"""A capacitated vehicle routing problem as arrays. A travelling salesman is one vehicle that carries all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

type Ints = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]

STOPS_MAX = 1_000  # the distance matrix is dense


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """n nodes, node 0 the depot, the others stops.

    `distance` (n, n): symmetric whole numbers in `unit` ("" where the file names none), zero diagonal.
    `demand` (n,): load units, 0 at the depot; no stop above `capacity`. `coordinates` (n, 2) as given
    (x, y or longitude, latitude), or None. `vehicles_max` binds (1 for a travelling salesman);
    `vehicles_hint` is the -kN of a benchmark's name, for information. `best_known` is never read from
    a file.
    """

    name: str
    kind: str  # "CVRP" | "TSP"
    distance: Ints
    demand: Ints
    capacity: int
    coordinates: Floats | None
    labels: tuple[str, ...]
    rounding: str
    unit: str = ""
    vehicles_max: int | None = None
    vehicles_hint: int | None = None
    best_known: float | None = None

    @property
    def nodes(self) -> int:
        return len(self.demand)

    @property
    def stops(self) -> int:
        return self.nodes - 1

    @property
    def total_demand(self) -> int:
        return int(self.demand.sum())

    @property
    def vehicles_min(self) -> int:
        """Fewest vehicles by load alone: ceil(total demand / capacity), at least 1."""
        return max(1, -(-self.total_demand // self.capacity))
