"""What the Cost page shows, as tables for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from hybridops.domain.states import ENDINGS
from hybridops.experiments import figures as costs
from hybridops.experiments.cells import Cell
from hybridops.web import fmt
from hybridops.web.pages.spending import View
from hybridops.web.viewmodels import unit_costs as units
from hybridops.web.viewmodels.difference import difference
from hybridops.web.viewmodels.evidence_tables import plain
from hybridops.web.viewmodels.unit_costs import Run


def going(view: View) -> list[Cell]:
    """The cells of runs that have not ended."""
    return [row for row in view.rows if row.state not in ENDINGS]


def groups(view: View) -> Iterator[list[str]]:
    yield [view.asked.by, "runs", "accepted", "spend", "of_it_qpu", "per_accepted", "currency"]
    for group in costs.grouped(view.rows, view.asked.by):
        total = group.total
        amounts = map(fmt.csv_number, (total.usd, total.qpu_usd, total.per_accepted))
        yield [group.name, str(total.runs), str(total.accepted), *amounts, "USD"]


def runs(rows: Iterable[Run]) -> Iterator[list[str]]:
    yield ["run", "name", "backend", "state", "submitted_at", "spend", "of_it_qpu", "currency"]
    for row in rows:
        amounts = map(fmt.csv_number, (row.usd, row.qpu_usd))
        yield [f"R-{row.run}", row.title, row.backend, row.state, fmt.utc(row.made_at), *amounts, "USD"]


def _figures(view: View) -> Iterator[list[str]]:
    yield ["figure", "n", "of", "value_usd", "low_usd", "high_usd", "spent_usd", "definition"]
    for line in units.lines(view.question, going(view)):
        numbers = map(plain, (line.found.value, line.found.low, line.found.high, line.spent))
        yield [line.name, str(line.count), line.of, *numbers, line.means]


def _steps(view: View) -> Iterator[list[str]]:
    yield ["step", "left", "stopped_here", "spent_on_those", "currency", "why"]
    for one in units.steps(view.question)[0]:
        yield [one.name, str(one.left), str(one.lost), fmt.csv_number(one.usd), "USD", one.why]


def _delays(view: View) -> Iterator[list[str]]:
    yield ["what", "runs", "spent", "currency"]
    for one in units.delays(view.question):
        yield [one.name, str(one.runs), fmt.csv_number(one.usd), "USD"]


def _quotes(view: View) -> Iterator[list[str]]:
    yield ["backend", "bills", "promised", "billed", "currency", "share", "low", "high", "above_promise"]
    for one in units.quote_errors(view.question):
        amounts = map(fmt.csv_number, (one.promised, one.billed))
        share = map(plain, (one.share.value, one.share.low, one.share.high))
        yield [one.backend, str(one.bills), *amounts, "USD", *share, str(one.above)]


def _weeks(view: View) -> Iterator[list[str]]:
    yield ["week_from", "per_accepted"]
    for start, total in costs.weekly(view.all, view.asked.weeks):
        yield [start.date().isoformat(), fmt.csv_number(total.per_accepted)]


def _difference(view: View) -> Iterator[list[str]]:
    yield ["part", "change", "currency"]
    for part in difference(view.before, view.rows).parts:
        yield [part.name, fmt.csv_number(part.usd), "USD"]


TABLES: Mapping[str, Callable[[View], Iterator[list[str]]]] = {
    "figures": _figures,
    "yield": _steps,
    "delays": _delays,
    "quotes": _quotes,
    "difference": _difference,
    "weeks": _weeks,
}
