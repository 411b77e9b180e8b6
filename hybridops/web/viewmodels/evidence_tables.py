"""The tables of the evidence page as plain rows, for CSV: the same numbers as drawn, unrounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hybridops.domain.money import from_micro
from hybridops.evidence.resampling import Estimate
from hybridops.experiments.findings import LeftRow, PairRow
from hybridops.web import fmt
from hybridops.web.viewmodels import evidence as seen
from hybridops.web.viewmodels.evidence import Measured, Rate

type Rows = Iterable[Sequence[str]]


def pairs(rows: Sequence[PairRow]) -> Rows:
    yield (
        "run", "data", "ended_at", "backend", "outcome", "best_classical", "random_bits", "heuristic", "ideal", "qpu",
        "best_known", "over_best_classical", "over_random_bits", "earned_by", "qpu_usd_of_all_attempts", "counted",
    )  # fmt: skip
    for row in rows:
        arms = (row.baseline, row.random, row.heuristic, row.ideal, row.quantum, row.known)
        gaps = (seen.over(row, "quantum"), _over_random(row))
        yield (
            f"R-{row.run}", row.name, fmt.utc(row.ended_at), row.backend, row.outcome, *map(plain, arms),
            *map(plain, gaps), row.credit, fmt.csv_number(from_micro(row.micro)),
            "yes" if seen.comparable(row) else "no",
        )  # fmt: skip


def _over_random(row: PairRow) -> float | None:
    if row.random is None or not row.unit:
        return None
    return 0.0 if row.quantum is None else (row.quantum - row.random) / abs(row.unit)


def plain(value: float | None) -> str:
    """A float as it is, empty where there is none."""
    return "" if value is None else repr(value)


def left(rows: Iterable[LeftRow]) -> Rows:
    yield "run", "data", "ended_at", "outcome", "why_it_is_no_pair"
    for row in rows:
        yield f"R-{row.run}", row.name, fmt.utc(row.ended_at), row.outcome, row.why


def rates(rows: Iterable[Rate]) -> Rows:
    yield "what", "hits", "of", "share", "low", "high"
    for row in rows:
        yield row.name, str(row.hits), str(row.count), plain(row.value), *map(plain, row.ends)


def measured(what: str, unit: str, rows: Iterable[Measured]) -> Rows:
    yield what, "n", "hits", unit, "low", "high"
    for row in rows:
        yield row.name, str(row.count), str(row.hits), *_ends(row.found)


def _ends(found: Estimate) -> tuple[str, str, str]:
    low = "" if found.low == float("-inf") else plain(found.low)
    return plain(found.value), low, plain(found.high)


TABLES: Mapping[str, str] = {
    "pairs": "the pairs",
    "left-out": "the runs that are no pair",
    "controls": "the arms beside each other",
    "rates": "how often",
    "earned": "which part earned it",
    "calibrations": "by calibration",
    "times": "time to an accepted answer",
}
type Make = Callable[[], Rows]
