"""Budgets, and the days of one of them, as tables for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hybridops.domain.money import from_micro
from hybridops.quotas.models import Budget
from hybridops.web import figures, fmt
from hybridops.web.pages.budget_rows import level
from hybridops.web.viewmodels.outlook import Outlook

_OF_TREE = ("limit", "spent", "promised", "free", "overrun", "approved_not_run", "waiting_for_a_decision")
_ENDS = ("ends_low", "ends_likely", "ends_high")


def tree(rows: Iterable[Budget], ahead: dict[int, Outlook]) -> Iterator[list[str]]:
    """Every open budget with what the page says of it; the forecast is empty while it is too early for one."""
    yield ["budget", "for", "from", "to", "frozen", *_OF_TREE, *_ENDS, "exceeds", "runs_out", "currency"]
    for row in rows:
        known = ahead[row.pk]
        micro = (row.limit_micro, row.posted_micro, row.pending_micro, row.free_micro, row.overrun_micro)
        amounts = [*map(from_micro, micro), known.approved, known.waiting, *(known.ends or (None,) * 3)]
        yield [
            *(row.name, level(row), row.starts_on.isoformat(), row.ends_on.isoformat()),
            "yes" if row.frozen else "no",
            *map(fmt.csv_number, amounts),
            "" if known.over is None else fmt.csv_number(known.over),
            known.runs_out.isoformat() if known.runs_out else "",
            "USD",
        ]


def days(name: str, data: figures.Burndown) -> Iterator[list[str]]:
    """One budget at the end of each day that was seen."""
    yield ["budget", "end_of", "limit", "spent", "promised", "free", "currency"]
    for one in data.days:
        amounts = map(fmt.csv_number, (one.limit, one.spent, one.promised, one.free))
        yield [name, one.day.isoformat(), *amounts, "USD"]
