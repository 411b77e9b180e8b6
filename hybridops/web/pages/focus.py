"""A view of costs as a FOCUS file: one row a charge of the ledger, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import IO, Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from hybridops.domain import clock
from hybridops.domain.errors import Refused
from hybridops.domain.focus import COLUMNS, DECIMAL, MOMENT, Charge, row_of, text_of
from hybridops.experiments.cells import listed
from hybridops.experiments.charges import charges
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.spending import asked
from hybridops.web.spreadsheets import safe

NEEDS = "Cost pages need the Finance or the Auditor role."
CHUNK = 5_000  # rows written at a time
RUNS_MAX = 100_000  # of one file, which is made in memory


def _charges(request: HttpRequest) -> Iterator[Charge]:
    question = asked(request.GET)
    runs, count = listed(reader(request), question.since, question.only, RUNS_MAX)
    if count > RUNS_MAX:
        raise Refused(
            f"{count} runs are too many for one file: choose a shorter period, a team or a project."
        )
    return charges(runs)


@page(refusal=NEEDS)
@require_GET
def as_csv(request: HttpRequest) -> HttpResponse:
    """Text in which no cell is run as a formula; amounts below zero stay numbers."""
    answer = _answer("csv", "text/csv; charset=utf-8")
    writer = csv.writer(answer)
    writer.writerow(COLUMNS)
    for charge in _charges(request):
        writer.writerow(safe(text_of(value)) for value in row_of(charge).values())
    return answer


@page(refusal=NEEDS)
@require_GET
def as_parquet(request: HttpRequest) -> HttpResponse:
    """The same rows with types. Raises Refused where pyarrow is not installed."""
    file = io.BytesIO()
    write_parquet(file, _charges(request))
    answer = _answer("parquet", "application/vnd.apache.parquet")
    answer.write(file.getvalue())
    return answer


def _answer(kind: str, content_type: str) -> HttpResponse:
    answer = HttpResponse(content_type=content_type)
    name = f"hybridops-focus-1.2-{clock.now().date().isoformat()}.{kind}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def write_parquet(file: IO[bytes], rows: Iterable[Charge]) -> None:
    """Decimals with six places, moments in UTC, the rest as text. Raises Refused where pyarrow is not installed."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as missing:
        raise Refused(
            "Parquet needs pyarrow: install hybridops[parquet]. The CSV has the same rows."
        ) from missing
    kinds: dict[str, Any] = {DECIMAL: pa.decimal128(24, 6), MOMENT: pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(name, kinds.get(kind, pa.string())) for name, kind in COLUMNS.items()])
    with pq.ParquetWriter(file, schema) as writer:
        for some in batched(rows, CHUNK):
            writer.write_table(pa.Table.from_pylist([row_of(one) for one in some], schema))
