"""The tables of the evidence page as plain rows, for CSV: the same numbers as drawn, unrounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from hybridops.definitions.models import SignedDocument, WeeklyNote
from hybridops.domain.helping import Rule
from hybridops.domain.money import from_micro
from hybridops.evidence.resampling import Estimate
from hybridops.evidence.verdict import Finding
from hybridops.experiments.findings import LeftRow, PairRow
from hybridops.web import fmt
from hybridops.web.viewmodels import evidence as seen
from hybridops.web.viewmodels.evidence import Measured, Rate

type Rows = Iterable[Sequence[str]]


class Judged(Protocol):
    """One version of a workflow with what its rule says."""

    @property
    def document(self) -> SignedDocument: ...
    @property
    def rows(self) -> Sequence[PairRow]: ...
    @property
    def found(self) -> Finding | None: ...
    @property
    def rule(self) -> Rule | None: ...
    @property
    def word(self) -> str: ...


def verdicts(views: Iterable[Judged], notes: Mapping[int, WeeklyNote]) -> Rows:
    """A line a workflow; a version without a rule has counted pairs and no verdict, and no money is added up for it."""
    yield (
        "workflow", "version", "verdict", "pairs", "pairs_wanted", "failed", "qpu_usd_of_all_attempts",
        "decided", "decided_at",
    )  # fmt: skip
    for one in views:
        note, found = notes.get(one.document.pk), one.found
        judged = (str(found.failed), fmt.csv_number(found.spent)) if found else ("", "")
        yield (
            one.document.name, str(one.document.version), one.word, str(found.count if found else len(one.rows)),
            str(one.rule.pairs) if one.rule else "", *judged,
            *((note.verdict, fmt.utc(note.made_at)) if note else ("", "")),
        )  # fmt: skip


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
