"""A CSV of stops: `name,latitude,longitude,demand`, degrees and whole load units, great-circle metres.

The one row with demand 0 is the depot. Names hold no comma, so that a column is a column. Lines that
start with # are comments; the first of them names the problem.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import STOPS_MAX, Floats, Ints, Problem
from hybridops.workflows.text import Token

HEADER = ("name", "latitude", "longitude", "demand")
_RADIUS = 6_371_008.8  # metres, mean radius of the earth (IUGG)
_DEMAND_MAX = 10**9
_NAME_MAX = 80
_STOPS_PER_VEHICLE = 6


def is_csv(lines: Sequence[str]) -> bool:
    """Whether the first line that is no comment looks like a header with commas (TSPLIB has a colon)."""
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return "," in first and ":" not in first


def parse_csv(lines: Sequence[str], capacity: int | None) -> Problem:
    """The problem in a CSV; raises BadInput with line and column. `capacity` None is chosen from demand."""
    title, rows = _rows(lines)
    depot = _depot(rows)
    ordered = [rows[depot], *rows[:depot], *rows[depot + 1 :]]
    names = [_name(row[0]) for row in ordered]
    _check_unique(names, [row[0] for row in ordered])
    points = np.array([_point(row) for row in ordered])
    demand = np.array([row[3].whole("a demand", 0, _DEMAND_MAX) for row in ordered], dtype=np.int64)
    chosen = capacity or _usual_capacity(demand)
    for row, load in zip(ordered, demand, strict=True):
        if load > chosen:
            raise row[3].refuse(f"a demand within the capacity of {chosen}")
    return Problem(
        name=title or "Stops",
        kind="CVRP",
        distance=great_circle(points),
        demand=demand,
        capacity=chosen,
        coordinates=points[:, ::-1].copy(),
        labels=tuple(names),
        rounding="great circle, nearest metre",
        unit="m",
    )


def great_circle(points: Floats) -> Ints:
    """Distances (n, n) in metres, rounded, between (latitude, longitude) degrees (n, 2): haversine."""
    latitude, longitude = np.radians(points[:, 0]), np.radians(points[:, 1])
    rise = np.sin((latitude[:, None] - latitude[None, :]) / 2) ** 2
    turn = np.sin((longitude[:, None] - longitude[None, :]) / 2) ** 2
    half = rise + np.cos(latitude[:, None]) * np.cos(latitude[None, :]) * turn
    metres: Ints = np.rint(2 * _RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))).astype(np.int64)
    return metres


def _rows(lines: Sequence[str]) -> tuple[str, list[list[Token]]]:
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    comments = [line.lstrip("# ").strip() for _, line in numbered if line.startswith("#")]
    numbered = [(number, line) for number, line in numbered if not line.startswith("#")]
    title = comments[0][:_NAME_MAX] if comments else ""
    head = _fields(*numbered[0])
    for name, token in zip(HEADER, head, strict=True):
        if token.text.lower() != name:
            raise token.refuse(f"the column {name} of the header {','.join(HEADER)}")
    if len(numbered) - 2 > STOPS_MAX:
        raise BadInput(f"expected at most {STOPS_MAX} stops", line=numbered[STOPS_MAX + 2][0], column=1)
    return title, [_fields(number, line) for number, line in numbered[1:]]


def _fields(number: int, line: str) -> list[Token]:
    found, column = [], 1
    for part in line.split(","):
        found.append(Token(part.strip(), number, column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    if len(found) != len(HEADER):
        raise BadInput(
            f"expected {len(HEADER)} fields ({','.join(HEADER)}), found {len(found)}", line=number, column=1
        )
    return found


def _depot(rows: Sequence[list[Token]]) -> int:
    empty = [at for at, row in enumerate(rows) if row[3].whole("a demand", 0, _DEMAND_MAX) == 0]
    if len(empty) > 1:
        raise rows[empty[1]][3].refuse("one row with demand 0, the depot, and more than 0 elsewhere")
    if not empty:
        raise BadInput("expected one row with demand 0: the depot", line=1, column=1)
    return empty[0]


def _name(token: Token) -> str:
    if not 1 <= len(token.text) <= _NAME_MAX or not token.text.isprintable():
        raise token.refuse(f"a name of 1 to {_NAME_MAX} printable characters")
    return token.text


def _check_unique(names: Sequence[str], tokens: Sequence[Token]) -> None:
    seen: set[str] = set()
    for name, token in zip(names, tokens, strict=True):
        if name in seen:
            raise token.refuse("a name that no other row has")
        seen.add(name)


def _point(row: Sequence[Token]) -> tuple[float, float]:
    return row[1].number("a latitude", -90, 90), row[2].number("a longitude", -180, 180)


def _usual_capacity(demand: Ints) -> int:
    """Room for the largest stop, and a tenth more than an even share at about six stops a vehicle."""
    vehicles = max(2, round((len(demand) - 1) / _STOPS_PER_VEHICLE))
    return max(int(demand.max()), int(np.ceil(1.1 * demand.sum() / vehicles)), 1)
