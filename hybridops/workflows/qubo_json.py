"""A QUBO in JSON: {"offset", "linear" [l_i], "quadratic" [[i, j, q_ij]]}, as `Qubo.document` writes it."""

from __future__ import annotations

from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.workflows.json_text import loaded
from hybridops.workflows.maxcut_instance import QUBO, TERMS_MAX, VARIABLES_MAX, Instance
from hybridops.workflows.qubo_text import WEIGHT_MAX


def parse_json(text: str) -> Instance:
    """Variables from 0, pairs i < j, each once and counted once; "name" may be left out. Raises BadInput."""
    document = loaded(text, '"offset", "linear" and "quadratic"')
    linear = _numbers(document.get("linear"), "linear", VARIABLES_MAX)
    n = len(linear)
    rows = document.get("quadratic")
    if not isinstance(rows, list) or len(rows) > TERMS_MAX:
        raise BadInput(
            f'expected "quadratic", a list of at most {TERMS_MAX:,} [i, j, value]', field="quadratic"
        )
    pairs = [_pair(row, at, n) for at, row in enumerate(rows)]
    if len({(i, j) for i, j, _ in pairs}) < len(pairs):
        raise BadInput("expected each pair of variables once", field="quadratic")
    offset = _number(document.get("offset", 0), "offset")
    name = document.get("name", "")
    terms = [(i, i, value) for i, value in enumerate(linear) if value]
    return Instance(
        name[:80] if isinstance(name, str) and name else "QUBO",
        QUBO,
        tuple(str(number) for number in range(n)),
        tuple(terms + pairs),
        offset,
    )


def _numbers(values: Any, what: str, most: int) -> list[float]:
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise BadInput(f'expected "{what}", a list of 1 to {most:,} numbers', field=what)
    return [_number(value, f"{what}[{at}]") for at, value in enumerate(values)]


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= WEIGHT_MAX:
        raise BadInput(f"expected {what} to be a number within {WEIGHT_MAX:,.0f} of 0", field=what)
    return float(value) + 0.0


def _pair(row: Any, at: int, n: int) -> tuple[int, int, float]:
    known = isinstance(row, list) and len(row) == 3
    if not known or not all(isinstance(end, int) and not isinstance(end, bool) for end in row[:2]):
        raise BadInput(f"expected quadratic[{at}] to be [i, j, value]", field="quadratic")
    i, j, value = row
    if not 0 <= i < j < n:
        raise BadInput(f"expected quadratic[{at}] to name i < j below {n}", field="quadratic")
    return i, j, _number(value, f"quadratic[{at}]")
