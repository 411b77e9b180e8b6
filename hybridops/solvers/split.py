"""The two-route re-split: one qubit a stop says which of two paths serves it; everything else stays.

Bit 0 puts a stop on the first path, bit 1 on the second. A path runs between two fixed nodes (the depot
twice for a whole route). The cost of a bit string is exact once both paths run in their best order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridops.solvers.held_karp import SubsetPaths, subset_paths
from hybridops.solvers.ising import Ising, signed_sums
from hybridops.solvers.problem import Ints, Problem
from hybridops.solvers.routes import Routes, check_solution, route_length
from hybridops.solvers.savings import savings
from hybridops.solvers.windows import Window, ends_of

BALANCE = 0.35  # weight of the load balance, as a share of all savings in the window


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """m stops of two paths, all that a bit string leaves open.

    `stops` are nodes, the first path's first, in their present order; `ends` each path's fixed nodes;
    `fixed_load` what the rest of each route carries. `incumbent` is the present split's state number.
    """

    problem: Problem
    routes: tuple[tuple[int, ...], ...]
    window: Window
    stops: tuple[int, ...]
    ends: tuple[tuple[int, int], tuple[int, int]]
    fixed_load: tuple[int, int]
    capacity: int
    incumbent: int

    @property
    def qubits(self) -> int:
        return len(self.stops)

    @property
    def one_route(self) -> bool:
        """Whether both paths are parts of the same route, so that exchanges leave its load as it is."""
        return self.window[0].route == self.window[1].route

    @property
    def symmetric(self) -> bool:
        """Whether exchanging the two paths changes nothing: the ends and the fixed loads are the same."""
        return self.ends[0] == self.ends[1] and self.fixed_load[0] == self.fixed_load[1]


def split_of(problem: Problem, routes: Routes, window: Window) -> Split:
    """The subproblem of one window; both segments may lie on one route, which then has no load to balance."""
    first, second = (tuple(routes[part.route][part.start : part.stop]) for part in window)
    one_route = window[0].route == window[1].route
    loads = [int(problem.demand[list(routes[part.route])].sum()) for part in window]
    moving = [int(problem.demand[list(stops)].sum()) for stops in (first, second)]
    return Split(
        problem=problem,
        routes=tuple(tuple(route) for route in routes),
        window=window,
        stops=first + second,
        ends=(ends_of(routes, window[0]), ends_of(routes, window[1])),
        fixed_load=(0, 0) if one_route else (loads[0] - moving[0], loads[1] - moving[1]),
        capacity=sum(moving) if one_route else problem.capacity,
        incumbent=(1 << len(second)) - 1,
    )


def split_ising(split: Split) -> Ising:
    """Energy to minimise: savings lost between stops on different paths, plus the squared load imbalance.

    sum_{i<j} s_ij (1 - z_i z_j)/2 + B (sum d_i z_i + F_1 - F_2)^2 / (sum d)^2, with s the Clarke-Wright
    savings, fixed ends as spins held at +1 and -1, and B = 0.35 of all savings. Two parts of one route
    balance stops instead of loads; two routes that no split can overload balance nothing. Lengths, in
    the problem's unit.
    """
    stops = list(split.stops)
    saved = np.maximum(savings(split.problem.distance), 0).astype(float)
    pair = np.triu(saved[np.ix_(stops, stops)], k=1)
    to_ends = [saved[np.ix_(stops, list(ends))] for ends in split.ends]
    couplings = -pair / 2
    fields = (to_ends[1].sum(axis=1) - to_ends[0].sum(axis=1)) / 2
    offset = float(pair.sum() + to_ends[0].sum() + to_ends[1].sum()) / 2
    demand = np.ones(len(stops)) if split.one_route else split.problem.demand[stops].astype(float)
    if split.one_route or max(split.fixed_load) + demand.sum() > split.capacity:
        weight = BALANCE * (pair.sum() or 1.0) / demand.sum() ** 2
        apart = split.fixed_load[0] - split.fixed_load[1]
        couplings += 2 * weight * np.triu(np.outer(demand, demand), k=1)
        fields += 2 * weight * apart * demand
        offset += weight * float((demand**2).sum() + apart**2)
    return Ising(offset, fields, couplings)


@dataclass(frozen=True, slots=True, eq=False)
class SplitTable:
    """Everything about all 2^m states: `energy` of the QUBO, `excess` load over both paths, exact length.

    `objective` (2^m,) is the length of the complete solution, all routes. Made once, looked up by every arm.
    """

    split: Split
    energy: npt.NDArray[np.float64]
    excess: Ints
    objective: Ints
    paths: SubsetPaths

    @property
    def qubits(self) -> int:
        return self.split.qubits

    @property
    def symmetric(self) -> bool:
        return self.split.symmetric

    def checked(self, state: int) -> int:
        """The length of a state's routes by the independent checker, which raises where they break a rule."""
        return check_solution(self.split.problem, self.solution(state))

    def repair(self, states: Ints) -> Ints:
        """Moves or exchanges stops until no path is overloaded: the least energy among moves that help.

        A state stays overloaded where no single move or exchange lowers its excess.
        """
        flips = self._flips()
        pairs = [int(a | b) for at, a in enumerate(flips) for b in flips[at + 1 :]]
        moves = np.concatenate((flips, np.array(pairs, dtype=np.int64)))
        states = states.copy()
        while True:
            near = states[:, None] ^ moves
            helps = self.excess[near] < self.excess[states][:, None]
            energy = np.where(helps, self.energy[near], np.inf)
            if not helps.any():
                return states
            rows = np.flatnonzero(helps.any(axis=1))
            states[rows] = near[rows, energy[rows].argmin(axis=1)]

    def one_opt(self, states: Ints) -> Ints:
        """Steepest descent of the energy by single moves, never into overload."""
        flips = self._flips()
        states = states.copy()
        while True:
            near = states[:, None] ^ flips
            energy = np.where(self.excess[near] <= self.excess[states][:, None], self.energy[near], np.inf)
            best = energy.argmin(axis=1)
            lower = energy[np.arange(len(states)), best] < self.energy[states] - 1e-9
            if not lower.any():
                return states
            states[lower] = near[lower, best[lower]]

    def solution(self, state: int) -> list[list[int]]:
        """Complete routes for a state, both paths in their shortest order; empty routes are left out."""
        routes = [list(route) for route in self.split.routes]
        full = len(self.energy) - 1
        filled = sorted(zip(self.split.window, (0, 1), (full ^ state, state), strict=True), reverse=True)
        for segment, path, subset in filled:  # from the back, so that earlier places stay where they are
            order = [self.split.stops[at] for at in self.paths.order(path, subset)]
            routes[segment.route][segment.start : segment.stop] = order
        return [route for route in routes if route]

    def _flips(self) -> Ints:
        return np.left_shift(np.int64(1), np.arange(self.split.qubits, dtype=np.int64))


def split_table(split: Split, energy: npt.NDArray[np.float64]) -> SplitTable:
    """Tabulates a split of at most 14 stops; `energy` (2^m,) is the QUBO's cost diagonal."""
    problem, stops = split.problem, list(split.stops)
    distance = problem.distance
    starts, finishes = (list(side) for side in zip(*split.ends, strict=True))
    paths = subset_paths(
        distance[np.ix_(stops, stops)],
        distance[np.ix_(starts, stops)],
        distance[np.ix_(finishes, stops)],
        distance[starts, finishes],
    )
    states = np.arange(1 << split.qubits)
    kept = sum(route_length(distance, route) for route in split.routes) - _present(split)
    return SplitTable(
        split=split,
        energy=energy,
        excess=_excess(split),
        objective=kept + paths.cost[0, states[::-1]] + paths.cost[1, states],
        paths=paths,
    )


def _present(split: Split) -> int:
    total = 0
    for ends, part in zip(split.ends, split.window, strict=True):
        path = [ends[0], *split.routes[part.route][part.start : part.stop], ends[1]]
        total += int(split.problem.distance[path[:-1], path[1:]].sum())
    return total


def _excess(split: Split) -> Ints:
    """Load above capacity, both paths together, for all states: shape (2^m,)."""
    demand = split.problem.demand[list(split.stops)]
    apart: Ints = np.rint(signed_sums([float(d) for d in demand])).astype(np.int64)
    total = int(demand.sum())
    over: Ints = np.zeros_like(apart)
    for fixed, load in zip(split.fixed_load, ((total + apart) // 2, (total - apart) // 2), strict=True):
        over += np.maximum(load + fixed - split.capacity, 0)
    return over
