"""A vendor's bill as CSV, read strictly: what is unclear is refused with its line and column, never guessed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from io import StringIO

from hybridops.domain.errors import BadInput

BYTES_MAX = 2_000_000
LINES_MAX = 20_000
CELL_MAX = 200
JOB_MAX = 120
AMOUNT_MAX = Decimal(1_000_000_000)
NEEDED, OPTIONAL = ("job", "amount", "currency"), ("date",)


@dataclass(frozen=True, slots=True)
class Billed:
    """One line: the vendor's job id or our key, and the amount in its own currency. `line` counts from 1, header in."""

    line: int
    job: str
    amount: Decimal
    currency: str
    day: date | None


def read(data: bytes) -> list[Billed]:
    """The lines of a bill, in order. Columns `job`, `amount`, `currency` and, if it is there, `date`; others are left.

    Raises BadInput with line and column: not UTF-8, too large, a column missing or twice, a job twice, an amount with
    more than six places, negative, or in no currency. Amounts have a point and no separators.
    """
    if len(data) > BYTES_MAX:
        raise BadInput(f"The file has {len(data)} bytes; at most {BYTES_MAX} are read.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadInput(
            "The file is not UTF-8 text.", line=data[: problem.start].count(b"\n") + 1
        ) from problem
    rows = _rows(text)
    _, header = next(rows, (1, []))
    places = _places(header)
    made = [_billed(number, row, places, len(header)) for number, row in rows]
    if not made:
        raise BadInput("The file has no lines below its header.", line=2)
    _each_once(made)
    return made


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line it begins on."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for count, row in enumerate(reader):
            if count > LINES_MAX:
                raise BadInput(f"At most {LINES_MAX} lines are read.", line=begins)
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as problem:
        raise BadInput(f"This is not CSV: {problem}.", line=max(1, reader.line_num)) from problem


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    for name in (*NEEDED, *OPTIONAL):
        if names.count(name) > 1:
            raise BadInput(f"The column {name} is there twice.", line=1, column=_last(names, name) + 1)
    if missing := [name for name in NEEDED if name not in names]:
        raise BadInput(f"The header has no column {missing[0]}. It needs {', '.join(NEEDED)}.", line=1)
    return {name: names.index(name) for name in (*NEEDED, *OPTIONAL) if name in names}


def _last(names: Sequence[str], name: str) -> int:
    return len(names) - 1 - list(reversed(names)).index(name)


def _billed(line: int, row: Sequence[str], places: Mapping[str, int], width: int) -> Billed:
    if len(row) != width:
        raise BadInput(f"This line has {len(row)} cells, the header {width}.", line=line, column=len(row))
    for column, cell in enumerate(row, start=1):
        if len(cell) > CELL_MAX or "\x00" in cell:
            raise BadInput(f"A cell is text of at most {CELL_MAX} characters.", line=line, column=column)
    cells = {name: (row[place].strip(), place + 1) for name, place in places.items()}
    return Billed(
        line,
        _job(line, *cells["job"]),
        _amount(line, *cells["amount"]),
        _currency(line, *cells["currency"]),
        _day(line, *cells["date"]) if "date" in cells else None,
    )


def _job(line: int, cell: str, column: int) -> str:
    if not 0 < len(cell) <= JOB_MAX:
        raise BadInput(f"A job is named in 1 to {JOB_MAX} characters.", line=line, column=column)
    return cell


def _amount(line: int, cell: str, column: int) -> Decimal:
    try:
        amount = Decimal(cell)
    except InvalidOperation:
        amount = Decimal("NaN")
    plain = cell.isascii() and cell.replace(".", "", 1).isdecimal()
    if not plain or not amount.is_finite() or amount > AMOUNT_MAX or amount != round(amount, 6):
        raise BadInput(
            "An amount is a number such as 12.50: with a point, at most six places, not negative.",
            line=line,
            column=column,
        )
    return amount


def _currency(line: int, cell: str, column: int) -> str:
    if not (len(cell) == 3 and cell.isascii() and cell.isalpha()):
        raise BadInput("A currency is its three letters, such as USD.", line=line, column=column)
    return cell.upper()


def _day(line: int, cell: str, column: int) -> date | None:
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError as problem:
        raise BadInput("A date is written 2026-11-29.", line=line, column=column) from problem


def _each_once(made: Sequence[Billed]) -> None:
    seen: dict[str, int] = {}
    for one in made:
        if one.job in seen:
            raise BadInput(f"This job is on line {seen[one.job]} already.", line=one.line)
        seen[one.job] = one.line
