"""Tables as CSV: numbers plain, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from hybridops.domain import clock


def csv_answer(name: str, rows: Iterable[Sequence[str]]) -> HttpResponse:
    """A download called hybridops-`name`-day.csv; the first row is the head."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    day = clock.now().date().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="hybridops-{name}-{day}.csv"'
    writer = csv.writer(answer)
    for row in rows:
        writer.writerow(map(safe, row))
    return answer


def safe(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula stays text; a plain number stays a number."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell[:1] != "+" and cell.strip() == cell
