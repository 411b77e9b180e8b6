"""JSON from outside, read strictly: one object, finite numbers, no name twice."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from hybridops.domain.errors import BadInput


def loaded(text: str, expected: str) -> dict[str, Any]:
    """The object in a text. Raises BadInput with line and column where it is no JSON; `expected` names its fields."""
    try:
        document = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except json.JSONDecodeError as problem:
        raise BadInput(
            f"expected JSON: {problem.msg}", line=problem.lineno, column=problem.colno
        ) from problem
    except (ValueError, RecursionError) as problem:  # a number of thousands of digits, lists within lists
        raise BadInput("expected ordinary numbers in flat lists in this JSON") from problem
    if not isinstance(document, dict):
        raise BadInput(f"expected an object with {expected}")
    return document


def _refuse(word: str) -> NoReturn:
    raise BadInput(f"expected finite numbers, found {word}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise BadInput(f"expected each name once, found {twice[:40]!r} twice", field=twice[:40])
    return found
