"""The costs of the strategies bench: four families at 12 variables, each with the states that would be accepted.

Two sets that share no draw: "held out" is measured, "tuning" chooses numbers of shots. The rules stand in
docs/evidence.md, with the digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hybridops.solvers.descent import descend
from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.markowitz import Market, selection_qubo
from hybridops.solvers.problem import Floats, Problem
from hybridops.solvers.qubo import Qubo, from_ising, to_ising
from hybridops.solvers.selection import counted, table
from hybridops.solvers.split import split_ising, split_of, split_table
from hybridops.solvers.windows import Segment
from hybridops.trust.canonical import digest_of
from hybridops.workflows import prices_csv, stops_csv
from hybridops.workflows.carshare import carshare_montreal
from hybridops.workflows.stocks import technology_stocks
from tests.solvers.donor_recipe import member

VARIABLES, SEED = 12, 20261129
SETS = {"held out": 6, "tuning": 2}  # instances of each family
WITHIN = 0.01  # of the optimum's size
ASSETS, SHARE = (4, 5, 6), 0.5
LOAD = 0.6  # what each of the two vehicles carries, as a share of all demand

type Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Instance:
    """A cost on 12 spins in its own unit, and `accepted` (4096,): feasible and near enough to the exact optimum."""

    family: str
    number: int
    ising: Ising
    accepted: Flags

    @property
    def digest(self) -> str:
        """SHA-256 over the coefficients, to six decimals, and the numbers of the accepted states."""
        document = from_ising(self.ising).document()
        pairs = [[i, j, _short(value)] for i, j, value in document["quadratic"]]
        linear = [_short(value) for value in document["linear"]]
        states = np.flatnonzero(self.accepted).tolist()
        return digest_of({"linear": linear, "quadratic": pairs, "accepted": states})

    @cached_property
    def energy(self) -> Floats:
        """What the circuit encodes, of each state, without its offset."""
        found: Floats = cost_diagonal(self.ising)
        return found

    @cached_property
    def accepted_after(self) -> Flags:
        """Whether each state, or what it descends to by best single flips of the encoded cost, is accepted."""
        places = np.arange(VARIABLES)[::-1]
        bits = np.arange(1 << VARIABLES)[:, None] >> places & 1
        low = descend(from_ising(self.ising), bits).astype(np.int64)
        found: Flags = self.accepted | self.accepted[(low << places).sum(axis=1)]
        return found


def instances(which: str) -> list[Instance]:
    """The set of that name, family by family."""
    place = list(SETS).index(which)
    return [
        make(number, [SEED, place, at, number])
        for at, make in enumerate(FAMILIES.values())
        for number in range(SETS[which])
    ]


def near_optimum(objective: Floats, feasible: Flags) -> Flags:
    """Feasible and at most 1 % of the optimum's size above the least that is feasible; an optimum of 0 admits itself."""
    best = float(objective[feasible].min())
    found: Flags = feasible & (objective <= best + (WITHIN + 1e-9) * abs(best))
    return found


def maxcut(number: int, seed: list[int]) -> Instance:
    """A 3-regular graph, whole weights from 1 to 10; minus the cut."""
    edges = member("3-regular, equal weights", VARIABLES, seed).couplings
    weights = edges * np.random.default_rng([*seed, 1]).integers(1, 11, edges.shape)
    ising = Ising(-float(weights.sum()) / 2, np.zeros(VARIABLES), weights / 2)
    return _unconstrained("MaxCut", number, ising)


def dense(number: int, seed: list[int]) -> Instance:
    """Every pair: even numbers as gka's set b (linear -63 to 0, pairs 0 to 100), odd ones as d (all -100 to 100)."""
    rng, shape = np.random.default_rng(seed), (VARIABLES, VARIABLES)
    low, high = ((-63, 0), (0, 100)) if number % 2 == 0 else ((-100, 100), (-100, 100))
    linear = rng.integers(low[0], low[1] + 1, VARIABLES).astype(float)
    pairs = np.triu(rng.integers(high[0], high[1] + 1, shape), k=1).astype(float)
    return _unconstrained("dense QUBO", number, to_ising(Qubo(0.0, linear, pairs)))


def portfolio(number: int, seed: list[int]) -> Instance:
    """4, 5 or 6 of 12 assets: six stocks in 52 of 104 weeks, drawn, and again in the other 52; basis points."""
    market = prices_csv.parse_csv(technology_stocks().decode().splitlines())
    assert market.returns is not None
    weeks = np.random.default_rng(seed).permutation(len(market.returns))
    half = len(weeks) // 2
    returns = np.hstack((market.returns[weeks[:half]], market.returns[weeks[half:]]))
    labels = tuple(f"{name} {part}" for part in (1, 2) for name in market.labels)
    twelve = Market("twelve", labels, returns.mean(axis=0), np.cov(returns, rowvar=False), 52, None)
    ones = ASSETS[number % len(ASSETS)]
    qubo = selection_qubo(twelve, ones, SHARE)
    states = table(qubo, ones)
    accepted = near_optimum(states.energy, states.count == ones)
    return Instance("portfolio", number, to_ising(counted(qubo, ones)[0]), accepted)


def split(number: int, seed: list[int]) -> Instance:
    """12 of the 24 car-share zones, drawn, on two vehicles; accepted by the exact length of both tours, metres."""
    whole = stops_csv.parse_csv(carshare_montreal().decode().splitlines(), None)
    drawn = np.random.default_rng(seed).choice(whole.stops, VARIABLES, replace=False)
    nodes = [0, *sorted(1 + int(stop) for stop in drawn)]
    demand = whole.demand[nodes]
    problem = Problem(
        name="twelve", kind="CVRP", distance=whole.distance[np.ix_(nodes, nodes)], demand=demand,
        capacity=int(np.ceil(LOAD * demand.sum())), coordinates=None,
        labels=tuple(whole.labels[node] for node in nodes), rounding=whole.rounding,
    )  # fmt: skip
    half = VARIABLES // 2
    routes = [list(range(1, half + 1)), list(range(half + 1, VARIABLES + 1))]
    halves = split_of(problem, routes, (Segment(0, 0, half), Segment(1, 0, half)))
    ising = split_ising(halves)
    states = split_table(halves, cost_diagonal(ising))
    accepted = near_optimum(states.objective.astype(float), states.excess == 0)
    return Instance("split", number, ising, accepted)


FAMILIES = {"MaxCut": maxcut, "dense QUBO": dense, "portfolio": portfolio, "split": split}


def _unconstrained(family: str, number: int, ising: Ising) -> Instance:
    objective = cost_diagonal(ising) + ising.offset
    return Instance(family, number, ising, near_optimum(objective, np.ones(len(objective), dtype=bool)))


def _short(value: float) -> float:
    return round(value, 6) + 0.0  # -0.0 is 0.0
