"""TSPLIB and VRPLIB text files: Reinelt, "TSPLIB 95" (1995), the TSP and CVRP types.

What would change the meaning (route limits, service times, open routes) is refused, not skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import STOPS_MAX, Floats, Ints, Problem
from hybridops.workflows.text import Token, tokens
from hybridops.workflows.tsplib_distance import FORMATS, METRICS, weight_matrix

_COORDINATE_MAX = 1e7
_WHOLE_MAX = 10**9
_KEYWORD = re.compile(r"\s*([A-Z][A-Z0-9_]*)\s*(?::\s*(.*?)\s*)?")
_IGNORED = ("COMMENT", "DISPLAY_DATA_TYPE", "NODE_COORD_TYPE", "VEHICLES")
_HEADERS = ("NAME", "TYPE", "DIMENSION", "CAPACITY", "EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT", *_IGNORED)


@dataclass(slots=True)
class _File:
    """What has been read so far; sections need DIMENSION, so order is checked as it comes."""

    lines: Sequence[str]
    at: int = 0
    headers: dict[str, Token] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    coordinates: Floats | None = None
    weights: Ints | None = None
    demand: list[Token] | None = None
    depot: int | None = None

    def refuse(self, expected: str) -> BadInput:
        line = min(self.at, len(self.lines) - 1)
        return BadInput(f"expected {expected}", line=line + 1, column=1)

    def header(self, key: str, among: Sequence[str] = ()) -> str:
        token = self.headers.get(key)
        if token is None:
            raise self.refuse(f"the keyword {key} before this line")
        if among and token.text not in among:
            raise token.refuse(f"one of {', '.join(among)}")
        return token.text

    def whole(self, key: str, low: int, high: int) -> int:
        self.header(key)
        return self.headers[key].whole(key, low, high)

    @property
    def dimension(self) -> int:
        return self.whole("DIMENSION", 1, STOPS_MAX + 1)

    def rows(self) -> Iterator[list[Token]]:
        """The data rows of a section: up to the next line that starts with a letter."""
        while self.at < len(self.lines) and not self.lines[self.at].lstrip()[:1].isalpha():
            row = list(tokens(self.lines[self.at], self.at + 1))
            self.at += 1
            if row:
                yield row


def parse_tsplib(lines: Sequence[str]) -> Problem:
    """The problem in a file; raises BadInput with line and column and what was expected there."""
    file = _File(lines)
    while file.at < len(lines):
        line = lines[file.at].strip()
        if not line or line.startswith("#"):
            file.at += 1
        elif _read_entry(file) == "EOF":
            break
    for number in range(file.at, len(lines)):
        if rest := next(tokens(lines[number], number + 1), None):
            raise rest.refuse("nothing after EOF")
    return _problem(file)


def _read_entry(file: _File) -> str:
    """One header line or one whole section; leaves `file.at` at the line after it."""
    line = file.lines[file.at]
    found = _KEYWORD.fullmatch(line)
    start = Token(line.strip(), file.at + 1, len(line) - len(line.lstrip()) + 1)
    key = found.group(1) if found else ""
    if found is None or key not in (*_HEADERS, *_SECTIONS, "EOF"):
        raise start.refuse("a TSPLIB keyword that this reader knows")
    if key in file.seen:
        raise start.refuse(f"{key} once")
    file.seen.add(key)
    file.at += 1
    if key in _SECTIONS:
        _SECTIONS[key](file)
    elif key != "EOF":
        file.headers[key] = Token(found.group(2) or "", start.line, max(found.start(2), 0) + 1)
    return key


def _read_coordinates(file: _File) -> None:
    found = np.full((file.dimension, 2), np.nan)
    for row in _numbered(file, 3, "a node number, x and y"):
        point = [token.number("a coordinate", -_COORDINATE_MAX, _COORDINATE_MAX) for token in row[1:]]
        found[int(row[0].text) - 1] = point
    file.coordinates = found


def _read_demand(file: _File) -> None:
    found = {int(row[0].text): row[1] for row in _numbered(file, 2, "a node number and its demand")}
    file.demand = [found[node] for node in range(1, file.dimension + 1)]


def _numbered(file: _File, width: int, what: str) -> Iterator[list[Token]]:
    """Rows that start with each node's number once, 1 to DIMENSION."""
    dimension, seen = file.dimension, set()
    for row in file.rows():
        if len(row) != width:
            raise row[min(width, len(row) - 1)].refuse(f"{what} on each line, {width} values")
        node = row[0].whole("a node number", 1, dimension)
        if node in seen or row[0].text != str(node):
            raise row[0].refuse("each node's number once")
        seen.add(node)
        yield row
    if len(seen) != dimension:
        raise file.refuse(f"{dimension} rows, found {len(seen)},")


def _read_depot(file: _File) -> None:
    found = [token for row in file.rows() for token in row]
    if not found or found[-1].text != "-1":
        raise file.refuse("a depot and then -1")
    if len(found) != 2:
        raise found[min(1, len(found) - 1)].refuse("one depot and then -1")
    file.depot = found[0].whole("a depot's node number", 1, file.dimension) - 1


def _read_weights(file: _File) -> None:
    layout = file.header("EDGE_WEIGHT_FORMAT", FORMATS)
    values = (token for row in file.rows() for token in row)
    file.weights = weight_matrix(layout, file.dimension, values, file.refuse)


def _skip(file: _File) -> None:
    for row in file.rows():
        for token in row:
            token.number("a display coordinate", -_COORDINATE_MAX, _COORDINATE_MAX)


_SECTIONS: dict[str, Callable[[_File], None]] = {
    "NODE_COORD_SECTION": _read_coordinates,
    "DEMAND_SECTION": _read_demand,
    "DEPOT_SECTION": _read_depot,
    "EDGE_WEIGHT_SECTION": _read_weights,
    "DISPLAY_DATA_SECTION": _skip,
}


def _problem(file: _File) -> Problem:
    kind = file.header("TYPE", ("TSP", "CVRP"))
    distance, rounding = _distance(file)
    demand, capacity = _loads(file, kind)
    depot = file.depot or 0
    order = [depot, *(node for node in range(file.dimension) if node != depot)]
    name = file.header("NAME") if "NAME" in file.headers else "Unnamed"
    hint = re.search(r"-k([0-9]{1,4})\b", name)
    return Problem(
        name=name[:80] or "Unnamed",
        kind=kind,
        distance=distance[np.ix_(order, order)],
        demand=demand[order],
        capacity=capacity,
        coordinates=None if file.coordinates is None else file.coordinates[order],
        labels=tuple(str(node + 1) for node in order),
        rounding=rounding,
        vehicles_max=1 if kind == "TSP" else None,
        vehicles_hint=int(hint.group(1)) if hint else None,
    )


def _distance(file: _File) -> tuple[Ints, str]:
    metric = file.header("EDGE_WEIGHT_TYPE", (*METRICS, "EXPLICIT"))
    if metric == "EXPLICIT":
        if file.weights is None:
            raise file.refuse("EDGE_WEIGHT_SECTION for EDGE_WEIGHT_TYPE EXPLICIT")
        return file.weights, "EXPLICIT"
    if file.coordinates is None or file.weights is not None:
        raise file.refuse(f"NODE_COORD_SECTION, and no weights, for EDGE_WEIGHT_TYPE {metric}")
    return METRICS[metric](file.coordinates), metric


def _loads(file: _File, kind: str) -> tuple[Ints, int]:
    """Demand (n,) and capacity; a travelling salesman's stops weigh 1 each and one vehicle holds all."""
    if kind == "TSP":
        if file.demand is not None or file.depot is not None or "CAPACITY" in file.headers:
            raise file.refuse("no demand, depot or capacity in a file of TYPE TSP")
        return np.array([0] + [1] * (file.dimension - 1), dtype=np.int64), max(1, file.dimension - 1)
    if file.demand is None or file.depot is None:
        raise file.refuse("DEMAND_SECTION and DEPOT_SECTION in a file of TYPE CVRP")
    capacity = file.whole("CAPACITY", 1, _WHOLE_MAX)
    demand = [token.whole("a demand within the capacity", 0, capacity) for token in file.demand]
    if demand[file.depot]:
        raise file.demand[file.depot].refuse("demand 0 at the depot")
    return np.array(demand, dtype=np.int64), capacity
