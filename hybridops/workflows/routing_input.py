"""Uploaded bytes to a routing problem: VRPLIB and TSPLIB text, or a CSV of stops. Trusts nothing."""

from __future__ import annotations

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import Problem
from hybridops.workflows.stops_csv import is_csv, parse_csv
from hybridops.workflows.text import lines_of
from hybridops.workflows.tsplib import parse_tsplib

STOPS_MIN = 3


def parse(data: bytes, *, capacity: int | None = None) -> Problem:
    """The problem in `data`, told by its content, never by its file name.

    `capacity` counts for CSV only, which cannot carry one; None means enough for about six stops a
    vehicle. Raises BadInput with the 1-based line and column and what was expected; nothing else.
    """
    lines = lines_of(data)
    problem = parse_csv(lines, capacity) if is_csv(lines) else parse_tsplib(lines)
    if problem.stops < STOPS_MIN:
        raise BadInput(f"expected at least {STOPS_MIN} stops beside the depot, found {problem.stops}")
    if problem.distance.max() == 0:
        raise BadInput("expected stops at different places, but every distance is 0")
    return problem
