"""Cells of money as a table of two dimensions, whose margins are the sums of what stands in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hybridops.experiments.cells import COLUMNS, Cell
from hybridops.experiments.figures import Total, narrowed, total
from hybridops.web import fmt

STAGE = "stage"
DIMENSIONS = (*COLUMNS, STAGE)
STAGES: Mapping[str, str] = {"quantum": "QPU", "classical": "CPU and GPU"}
type Amount = Decimal | int | None


def per_accepted(found: Total) -> Amount:
    return found.per_accepted


MEASURES: Mapping[str, tuple[str, Callable[[Total], Amount]]] = {
    "spend": ("Spend", lambda found: found.usd),
    "per_accepted": ("Per accepted solution", per_accepted),
    "runs": ("Runs", lambda found: found.runs),
    "accepted": ("Accepted", lambda found: found.accepted),
}


def by_stage(cells: Iterable[Cell]) -> list[Cell]:
    """Each cell twice: its QPU money, and that of CPU and GPU. What the ledger books tells no finer stages."""
    return [
        replace(
            cell, keys={**cell.keys, STAGE: key}, names={**cell.names, STAGE: name}, micro=micro, qpu_micro=qpu
        )
        for cell in cells
        for (key, name), micro, qpu in zip(
            STAGES.items(),
            (cell.qpu_micro, cell.micro - cell.qpu_micro),
            (cell.qpu_micro, 0),
            strict=True,
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    name: str
    values: tuple[tuple[str, Amount], ...]  # of each column: its key and what is there
    all: Amount


@dataclass(frozen=True, slots=True)
class Pivot:
    """`columns` are (key, name), the largest first. Ratios are of sums, so margins are no sums of them."""

    rows: tuple[Row, ...]
    columns: tuple[tuple[str, str], ...]
    margin: tuple[Amount, ...]
    all: Amount


def pivot(cells: Sequence[Cell], down: str, across: str, measure: str) -> Pivot:
    """Rows of `down` by columns of `across`; an empty `across` leaves only the sums."""
    of = MEASURES[measure][1]
    lines, heads = _largest(cells, down), _largest(cells, across) if across else []
    rows = tuple(
        Row(key, name, tuple((head, of(total(narrowed(here, {across: head})))) for head, _ in heads), of(total(here)))
        for key, name in lines
        for here in [narrowed(cells, {down: key})]
    )  # fmt: skip
    margin = tuple(of(total(narrowed(cells, {across: head}))) for head, _ in heads)
    return Pivot(rows, tuple(heads), margin, of(_once(cells)))


def _once(cells: Iterable[Cell]) -> Total:
    """All of them; runs that stand under two stages count once."""
    known = list(cells)
    found = total(known)
    if not known or STAGE not in known[0].keys or len({cell.keys[STAGE] for cell in known}) == 1:
        return found
    first = total(cell for cell in known if cell.keys[STAGE] == "quantum")
    return replace(found, runs=first.runs, accepted=first.accepted)


def _largest(cells: Iterable[Cell], name: str) -> list[tuple[str, str]]:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for cell in cells:
        sums[cell.keys[name], cell.names[name]] += cell.micro
    return sorted(sums, key=lambda one: (-sums[one], one))


def shown(value: Amount, measure: str) -> str:
    """In a table: an absent ratio is a dash, never zero."""
    if value is None:
        return fmt.money(fmt.NOT_APPLICABLE)
    return fmt.number(value) if measure in ("runs", "accepted") else fmt.money(value)


def plain(value: Amount) -> str:
    """In a CSV: exact, and empty where there is none."""
    return "" if value is None else fmt.csv_number(value)
