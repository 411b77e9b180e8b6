"""A CSV table for classification: a header, a column for each feature, and last the label with exactly two classes.

Names hold no comma, so that a column is a column. Lines that start with # are comments; the first of them names the
table. Every cell is filled: what is missing is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.text import Token, lines_of

ROWS_MIN, ROWS_MAX = 20, 2_000
FEATURES_MAX = 100
CLASS_MIN = 8  # rows: fewer cannot be held out and validated
_NAME_MAX, _LABEL_MAX = 80, 40
_VALUES = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """`values` (r, f); `labels` (r,) are 0 and 1, the places of `classes` in the order of their names."""

    name: str
    columns: tuple[str, ...]
    target: str
    classes: tuple[str, str]
    values: Floats
    labels: Ints


def parse(data: bytes) -> Table:
    """The table in a file; raises BadInput with line and column."""
    numbered = [(number, line) for number, line in enumerate(lines_of(data), start=1) if line.strip()]
    comments = [line.lstrip("# ").strip() for _, line in numbered if line.startswith("#")]
    lines = [(number, line) for number, line in numbered if not line.startswith("#")]
    if not lines:
        raise BadInput("expected a header and rows, found nothing", line=1, column=1)
    head, *rows = lines
    names = _names(_fields(*head))
    if not ROWS_MIN <= len(rows) <= ROWS_MAX:
        raise BadInput(
            f"expected {ROWS_MIN} to {ROWS_MAX:,} rows, found {len(rows):,}",
            line=rows[min(ROWS_MAX, len(rows) - 1)][0] if rows else head[0],
            column=1,
        )
    cells = [_fields(number, line, len(names)) for number, line in rows]
    values = np.array([[token.number("a value", -_VALUES, _VALUES) for token in row[:-1]] for row in cells])
    _check_vary(values, _fields(*head))
    labels = [_label(row[-1]) for row in cells]
    classes = _classes(labels)
    numbers = np.array([classes.index(token.text) for token in labels], dtype=np.int64)
    title = (comments[0][:_NAME_MAX] if comments else "") or "Table"
    return Table(title, names[:-1], names[-1], classes, values, numbers)


def _fields(number: int, line: str, count: int | None = None) -> list[Token]:
    found, column = list[Token](), 1
    for part in line.split(","):
        found.append(Token(part.strip(), number, column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    if count is not None and len(found) != count:
        raise BadInput(f"expected {count} fields as in the header, found {len(found)}", line=number, column=1)
    return found


def _names(head: Sequence[Token]) -> tuple[str, ...]:
    if not 2 <= len(head) <= FEATURES_MAX + 1:
        raise BadInput(
            f"expected 1 to {FEATURES_MAX} feature columns and then the label, found {len(head)} columns",
            line=head[0].line,
            column=1,
        )
    seen: set[str] = set()
    for token in head:
        if not 1 <= len(token.text) <= _NAME_MAX or not token.text.isprintable():
            raise token.refuse(f"a name of 1 to {_NAME_MAX} printable characters")
        if token.text in seen:
            raise token.refuse("a name that no other column has")
        seen.add(token.text)
    return tuple(token.text for token in head)


def _check_vary(values: Floats, head: Sequence[Token]) -> None:
    for token, low, high in zip(head, values.min(axis=0), values.max(axis=0), strict=False):
        if low == high:
            raise BadInput(
                f"expected values that differ, found {low:g} in every row of {token.text[:40]!r}; leave it out",
                line=token.line,
                column=token.column,
            )


def _label(token: Token) -> Token:
    if not 1 <= len(token.text) <= _LABEL_MAX or not token.text.isprintable():
        raise token.refuse(f"a class of 1 to {_LABEL_MAX} printable characters in the last column")
    return token


def _classes(labels: Sequence[Token]) -> tuple[str, str]:
    first: dict[str, Token] = {}
    for token in labels:
        first.setdefault(token.text, token)
        if len(first) > 2:
            raise token.refuse("one of exactly two classes in the last column")
    if len(first) < 2:
        raise BadInput(
            f"expected two classes in the last column, found {labels[0].text!r} in every row",
            line=labels[0].line,
            column=labels[0].column,
        )
    counts = {name: sum(token.text == name for token in labels) for name in first}
    rare = min(counts, key=lambda name: counts[name])
    if counts[rare] < CLASS_MIN:
        raise BadInput(
            f"expected at least {CLASS_MIN} rows of each class, found {counts[rare]} of {rare[:_LABEL_MAX]!r}",
            line=first[rare].line,
            column=first[rare].column,
        )
    low, high = sorted(first)
    return low, high
