"""Which stops to re-split: windows of two routes that a register holds, and how promising each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.problem import Floats, Ints, Problem
from hybridops.solvers.routes import Routes

CANDIDATES_MAX = 5_000
_SEEDS = 3  # windows are centred on this many closest pairs of stops of two long routes


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """Stops `start` up to but not including `stop` of route number `route`."""

    route: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


type Window = tuple[Segment, Segment]


def propose(problem: Problem, routes: Routes, stops_max: int) -> list[Window]:
    """Windows of at most `stops_max` stops: whole pairs of short routes, the parts of long ones that lie
    nearest each other, or two parts of the only route. At most CANDIDATES_MAX, nearest pairs first.

    Raises BadInput where the routes leave nothing to exchange.
    """
    if len(routes) == 1:
        found = _within_route(problem.distance, routes[0], stops_max)
    else:
        pairs = sorted((_gap(problem.distance, routes[a], routes[b]), a, b) for a, b in _pairs(routes))
        near = [(a, b) for _, a, b in pairs[:CANDIDATES_MAX]]
        found = [window for a, b in near for window in _between(problem.distance, routes, a, b, stops_max)]
    if not found:
        raise BadInput("there are too few stops to exchange between two parts of the routes")
    return found[:CANDIDATES_MAX]


def _pairs(routes: Routes) -> list[tuple[int, int]]:
    return list(combinations([number for number, route in enumerate(routes) if route], 2))


def _gap(distance: Ints, a: Sequence[int], b: Sequence[int]) -> int:
    return int(distance[np.ix_(a, b)].min())


def _between(distance: Ints, routes: Routes, a: int, b: int, stops_max: int) -> list[Window]:
    long_a, long_b = len(routes[a]), len(routes[b])
    if long_a + long_b <= stops_max:
        return [(Segment(a, 0, long_a), Segment(b, 0, long_b))]
    share = round(stops_max * long_a / (long_a + long_b))
    width = min(max(share, 1, stops_max - long_b), long_a, stops_max - 1)
    near = distance[np.ix_(routes[a], routes[b])]
    closest = np.argsort(near, axis=None, kind="stable")[:_SEEDS]
    windows = [
        (_around(a, i, width, long_a), _around(b, j, stops_max - width, long_b))
        for i, j in (divmod(int(at), long_b) for at in closest)
    ]
    return list(dict.fromkeys(windows))


def _within_route(distance: Ints, route: Sequence[int], stops_max: int) -> list[Window]:
    """Two equal parts of one route, centred on neighbours, with a fixed stop between them at least."""
    width = min(stops_max // 2, (len(route) - 1) // 2)
    near = distance[np.ix_(route, route)].astype(float)
    place = np.arange(len(route))
    near[np.abs(place[:, None] - place[None, :]) <= width] = np.inf
    windows = []
    for i, j in enumerate(near.argmin(axis=1).tolist()):
        first, second = sorted(_around(0, at, width, len(route)) for at in (i, j))
        if width and first.stop < second.start:
            windows.append((first, second))
    return list(dict.fromkeys(windows))


def _around(route: int, centre: int, width: int, length: int) -> Segment:
    start = min(max(centre - width // 2, 0), length - width)
    return Segment(route, start, start + width)


def ends_of(routes: Routes, segment: Segment) -> tuple[int, int]:
    """The fixed nodes before and after a segment; the depot (0) at a route's end."""
    tour = [0, *routes[segment.route], 0]
    return tour[segment.start], tour[segment.stop + 1]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A column each for the windows, shape (c,). `saving_bound` is a length, `mixing` and the rest shares."""

    saving_bound: Floats
    mixing: Floats

    @property
    def score(self) -> Floats:
        return np.asarray(self.saving_bound * (1 + self.mixing) / 2)


METHOD = (
    "saving bound x (1 + mixing) / 2. Saving bound: the windows' present length minus half the sum of each "
    "stop's two shortest links (each fixed end's one), which no two used routes can undercut. Mixing: the "
    "share of stops whose demand-and-geometry cluster both routes serve. No split is solved to choose."
)


def score(problem: Problem, routes: Routes, windows: Sequence[Window], clusters: Array, xp: Any) -> Scores:
    """Scores all windows in one batch; `clusters` (n - 1,) numbers the cluster of stop 1, 2, ..."""
    nodes, side, present = _pack(problem.distance, routes, windows)
    count, width = nodes.shape
    size = problem.nodes
    flat = xp.reshape(xp.asarray(problem.distance, dtype=xp.float64), (-1,))
    node = xp.asarray(nodes)
    index = xp.reshape(node[:, :, None] * size + node[:, None, :], (-1,))
    links = xp.reshape(xp.take(flat, index), (count, width, width))
    links = xp.where(xp.asarray(_allowed(side)), links, xp.asarray(np.inf))
    links = xp.sort(links, axis=2)
    stop, end = xp.asarray(np.abs(side) == 1), xp.asarray(np.abs(side) == 2)
    zero = xp.zeros_like(links[:, :, 0])
    halves = xp.where(stop, links[:, :, 0] + links[:, :, 1], zero) + xp.where(end, links[:, :, 0], zero)
    bound = xp.asarray(present, dtype=xp.float64) - xp.sum(halves, axis=1) / 2
    mixing = _mixing(node, xp.asarray(side), clusters, xp)
    return Scores(np.maximum(to_numpy(bound), 0.0), to_numpy(mixing))


def _pack(distance: Ints, routes: Routes, windows: Sequence[Window]) -> tuple[Ints, Ints, Ints]:
    """Padded node numbers (c, w), their roles, and the windows' present length (c,).

    Roles: 1 and -1 a stop of the first and second segment, 2 and -2 its fixed ends, 0 padding.
    """
    width = max(len(a) + len(b) for a, b in windows) + 4
    nodes = np.zeros((len(windows), width), dtype=np.int64)
    side = np.zeros_like(nodes)
    present = np.zeros(len(windows), dtype=np.int64)
    for row, window in enumerate(windows):
        filled = 0
        for sign, segment in zip((1, -1), window, strict=True):
            before, after = ends_of(routes, segment)
            path = [before, *routes[segment.route][segment.start : segment.stop], after]
            nodes[row, filled : filled + len(path)] = path
            side[row, filled : filled + len(path)] = [2 * sign] + [sign] * len(segment) + [2 * sign]
            present[row] += distance[path[:-1], path[1:]].sum()
            filled += len(path)
    return nodes, side, present


def _allowed(side: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Links (c, w, w) between two places of a window: no padding, no place to itself, no end to an end."""
    kind = np.abs(side)
    linked = (kind[:, :, None] > 0) & (kind[:, None, :] > 0)
    linked &= (kind[:, :, None] + kind[:, None, :]) < 4
    return np.asarray(linked & ~np.eye(side.shape[1], dtype=bool))


def _mixing(node: Array, side: Array, clusters: Array, xp: Any) -> Array:
    labels = xp.concat((xp.asarray([-1], dtype=clusters.dtype), clusters))
    label = xp.reshape(xp.take(labels, xp.reshape(node, (-1,))), node.shape)
    number = xp.arange(int(xp.max(clusters)) + 1, dtype=clusters.dtype)
    one_hot = label[:, :, None] == number[None, None, :]
    first = xp.sum(xp.astype(one_hot & (side == 1)[:, :, None], xp.float64), axis=1)
    second = xp.sum(xp.astype(one_hot & (side == -1)[:, :, None], xp.float64), axis=1)
    stops = xp.sum(xp.astype((side == 1) | (side == -1), xp.float64), axis=1)
    return 2 * xp.sum(xp.minimum(first, second), axis=1) / stops
