"""A CSV of edges, `from,to,weight`: nodes are called by name. The first line that starts with # is the title."""

from __future__ import annotations

from collections.abc import Sequence

from hybridops.domain.errors import BadInput
from hybridops.workflows.maxcut_instance import MAXCUT, TERMS_MAX, VARIABLES_MAX, Instance
from hybridops.workflows.qubo_text import WEIGHT_MAX
from hybridops.workflows.text import Token

HEADER = ("from", "to", "weight")
_NAME_MAX = 80


def is_edges(lines: Sequence[str]) -> bool:
    """Whether the first line that is no comment has commas."""
    return "," in next((line for line in lines if line.strip() and not line.startswith("#")), "")


def parse_edges(lines: Sequence[str]) -> Instance:
    """The graph, its nodes in order of first mention; raises BadInput with line and column."""
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    title = next((line.strip("# ") for _, line in numbered if line.startswith("#")), "")
    numbered = [(number, line) for number, line in numbered if not line.startswith("#")]
    if len(numbered) - 1 > TERMS_MAX:
        raise BadInput(f"expected at most {TERMS_MAX:,} edges", line=numbered[TERMS_MAX + 1][0], column=1)
    rows = [_fields(number, line) for number, line in numbered]
    for name, token in zip(HEADER, rows[0], strict=True):
        if token.text.lower() != name:
            raise token.refuse(f"the column {name} of the header {','.join(HEADER)}")
    nodes: dict[str, int] = {}
    terms: dict[tuple[int, int], float] = {}
    for start, end, weight in rows[1:]:
        i, j = sorted(_node(token, nodes) for token in (start, end))
        if i == j:
            raise end.refuse("another node than the edge starts from")
        if (i, j) in terms:
            raise start.refuse("each pair once; this one was given above")
        terms[i, j] = weight.number("a weight", -WEIGHT_MAX, WEIGHT_MAX) + 0.0
    found = tuple((i, j, weight) for (i, j), weight in terms.items())
    return Instance(title[:_NAME_MAX] or "Graph", MAXCUT, tuple(nodes), found)


def _fields(number: int, line: str) -> list[Token]:
    found, column = [], 1
    for part in line.split(",", len(HEADER)):
        found.append(Token(part.strip(), number, column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    if len(found) != len(HEADER):
        raise BadInput(f"expected {len(HEADER)} fields ({','.join(HEADER)})", line=number, column=1)
    return found


def _node(token: Token, nodes: dict[str, int]) -> int:
    if not 1 <= len(token.text) <= _NAME_MAX or not token.text.isprintable():
        raise token.refuse(f"a name of 1 to {_NAME_MAX} printable characters")
    at = nodes.setdefault(token.text, len(nodes))
    if at >= VARIABLES_MAX:
        raise token.refuse(f"at most {VARIABLES_MAX:,} nodes")
    return at
