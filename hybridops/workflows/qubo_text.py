"""Graphs and QUBOs as numbers in columns: rudy and G-set, Biq Mac's sparse files, and D-Wave's "p qubo"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from hybridops.domain.errors import BadInput
from hybridops.workflows.maxcut_instance import MAXCUT, QUBO, TERMS_MAX, VARIABLES_MAX, Instance
from hybridops.workflows.text import Token, tokens

_WORDS_MAX = 7  # of a line are looked at: one more than the longest that means something
WEIGHT_MAX = 1e9  # so that sums of all terms stay exact in float64

type Row = tuple[Token, Token, Token | None]


def parse_coordinates(lines: Sequence[str]) -> Instance:
    """ "n m", then m rows "i j w" counted from 1 (Rinaldi's rudy; Wiegele 2007, Biq Mac Library).

    A graph may leave w out, which is 1 then. A QUBO is x'Qx with the upper half of a symmetric Q in the file, so
    its pairs count twice. Raises BadInput.
    """
    name, told = _comments(lines, "#")
    rows = _rows(lines, "#")
    head = next(rows, None)
    if head is None:
        raise BadInput("expected a line with the numbers of variables and of terms", line=1, column=1)
    if len(head) != 2:
        raise head[0].refuse('two numbers, of variables and of terms, as "34 78"')
    n = head[0].whole("the number of variables", 1, VARIABLES_MAX)
    count = head[1].whole("the number of terms", 0, TERMS_MAX)
    kept = _counted(rows, count, head[1])
    kind = told or (QUBO if any(i.text == j.text for i, j, _ in kept) else MAXCUT)
    if kind == QUBO and (short := next((i for i, _, w in kept if w is None), None)):
        raise short.refuse("a row, a column and a value")
    terms = list(_terms(kept, n, first=1, loops=kind == QUBO))
    if kind == QUBO:
        terms = [(i, j, weight if i == j else 2 * weight) for i, j, weight in terms]
    labels = tuple(str(number) for number in range(1, n + 1))
    return Instance(name or ("Graph" if kind == MAXCUT else "QUBO"), kind, labels, tuple(terms))


def parse_qubo(lines: Sequence[str]) -> Instance:
    """D-Wave's qbsolv format: "c" comments, "p qubo topology n diagonals couplers", rows from 0, pairs count once."""
    name, _ = _comments(lines, "c")
    rows = _rows(lines, "c")
    head = next(rows)
    if len(head) != 6 or (head[0].text, head[1].text) != ("p", "qubo"):
        raise head[0].refuse(
            '"p qubo 0", then the numbers of nodes, diagonals and couplers, before everything else'
        )
    n = head[3].whole("the number of nodes", 1, VARIABLES_MAX)
    diagonals, couplers = (token.whole("a number of terms", 0, TERMS_MAX) for token in head[4:])
    if diagonals + couplers > TERMS_MAX:
        raise head[5].refuse(f"at most {TERMS_MAX:,} terms")
    kept = _counted(rows, diagonals + couplers, head[5])
    if short := next((i for i, _, weight in kept if weight is None), None):
        raise short.refuse("a row, a column and a value")
    terms = tuple(_terms(kept, n, first=0, loops=True))
    found = sum(1 for i, j, _ in terms if i == j)
    if found != diagonals:
        raise head[4].refuse(f"the number of diagonals below, which is {found}")
    return Instance(name or "QUBO", QUBO, tuple(str(number) for number in range(n)), terms)


def _comments(lines: Sequence[str], mark: str) -> tuple[str, str]:
    """The title in the first comment, and the kind where that comment names one."""
    said = [line.strip().removeprefix(mark).strip() for line in lines if _is_comment(line, mark)]
    first = next((words for words in said if words), "")
    kind = {"qubo": QUBO, "maxcut": MAXCUT}.get(first.lower(), "")
    title = next((words for words in said[1:] if words), "") if kind else first
    return title[:80], kind


def _is_comment(line: str, mark: str) -> bool:
    """A "c" must stand alone; a "#" may touch what follows."""
    return line.split(maxsplit=1)[:1] == [mark] if mark.isalpha() else line.lstrip().startswith(mark)


def _rows(lines: Sequence[str], mark: str) -> Iterator[list[Token]]:
    for number, line in enumerate(lines, start=1):
        if line.strip() and not _is_comment(line, mark):
            yield list(islice(tokens(line, number), _WORDS_MAX))


def _counted(rows: Iterator[list[Token]], count: int, said: Token) -> list[Row]:
    """Exactly as many rows as the header says, each of two or three words."""
    kept: list[Row] = []
    for row in rows:
        if len(kept) == count:
            raise row[0].refuse(f"the end after the {count} terms that line {said.line} announces")
        if len(row) not in (2, 3):
            raise row[min(3, len(row) - 1)].refuse("a row of two numbers and a weight")
        kept.append((row[0], row[1], row[2] if len(row) == 3 else None))
    if len(kept) < count:
        raise said.refuse(f"as many terms as there are rows below, which are {len(kept)}")
    return kept


def _terms(rows: Sequence[Row], n: int, *, first: int, loops: bool) -> Iterator[tuple[int, int, float]]:
    """Each pair once, as i <= j from 0."""
    seen: set[tuple[int, int]] = set()
    for left, right, weight in rows:
        ends = [token.whole("a variable", first, n - 1 + first) - first for token in (left, right)]
        i, j = min(ends), max(ends)
        if i == j and not loops:
            raise right.refuse("another node than the edge starts from")
        if (i, j) in seen:
            raise left.refuse("each pair once; this one was given above")
        seen.add((i, j))
        value = 1.0 if weight is None else weight.number("a weight", -WEIGHT_MAX, WEIGHT_MAX)
        yield i, j, value + 0.0
