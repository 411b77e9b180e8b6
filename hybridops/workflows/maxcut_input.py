"""Uploaded bytes to a graph or a QUBO, told by their content. Trusts nothing."""

from __future__ import annotations

from hybridops.domain.errors import BadInput
from hybridops.workflows.edges_csv import is_edges, parse_edges
from hybridops.workflows.maxcut_instance import Instance
from hybridops.workflows.qubo_json import parse_json
from hybridops.workflows.qubo_text import parse_coordinates, parse_qubo
from hybridops.workflows.text import lines_of

VARIABLES_MIN = 2


def parse(data: bytes) -> Instance:
    """The instance in `data`: JSON, "p qubo", a CSV of edges, or coordinates "i j w" after "n m".

    Coordinates with a term on the diagonal are a QUBO, others a graph, unless a first comment says "# qubo" or
    "# maxcut". Raises BadInput with the 1-based line and column and what was expected; nothing else.
    """
    lines = lines_of(data)
    found = _read(lines)
    if found.variables < VARIABLES_MIN:
        raise BadInput(f"expected at least {VARIABLES_MIN} variables, found {found.variables}")
    if not any(weight for i, j, weight in found.terms if i != j):
        raise BadInput("expected at least one edge or pair with a weight that is not 0")
    return found


def _read(lines: list[str]) -> Instance:
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("{"):
        return parse_json("\n".join(lines))
    if any(line.split(maxsplit=2)[:2] == ["p", "qubo"] for line in lines):
        return parse_qubo(lines)
    return parse_edges(lines) if is_edges(lines) else parse_coordinates(lines)
