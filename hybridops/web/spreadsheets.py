"""Tables as CSV for spreadsheets, in which no cell is run as a formula and amounts below zero stay numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from hybridops.domain import clock

_RUNS = "=+-@\t\r"
_NEGATIVE = re.compile(r"-\d+(\.\d+)?(e[-+]?\d+)?", re.ASCII)


def csv_of(name: str, rows: Iterable[Sequence[str | int]]) -> HttpResponse:
    """The rows as a file that is downloaded, named after what it holds and the day. Whole numbers stay numbers."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    day = clock.now().date().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="hybridops-{name}-{day}.csv"'
    writer = csv.writer(answer)
    for row in rows:
        writer.writerow(cell if isinstance(cell, int) else safe(cell) for cell in row)
    return answer


def safe(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula stays text; a plain number stays one."""
    return f"'{cell}" if cell and cell[0] in _RUNS and not _NEGATIVE.fullmatch(cell) else cell
