"""The answer beside everything it is compared with: arms, candidates, and who earned it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.web import fmt
from hybridops.web.figures import Arm, Arms, Figure, bars

CLASSICAL = ("heuristic", "baseline")
_ROWS = (
    ("heuristic", "Heuristic", "cpu"),
    ("baseline", "Strong classical", "cpu"),
    ("random", "Random control", "cpu"),
    ("alike", "Classical, treated alike", "cpu"),
    ("ideal", "Noise-free device", "gpu"),
    ("quantum", "Quantum-assisted", "qpu"),
    ("exact_split", "Best in the register", "cpu"),
)
_NAMES = {name: words for name, words, _ in _ROWS}
_FOUND_BY = {
    "quantum": ("qpu", "QPU"),
    "random": ("cpu", "random control"),
    "ideal": ("gpu", "noise-free device"),
}
_CREDIT = {
    "quantum samples": "Random samples, treated alike, stayed behind: the quantum samples earned it.",
    "post-processing": "Random samples, treated alike, reached it too: repair and local search earned it.",
    "nobody": "Nothing here is better than what the run started from.",
}

type Found = Mapping[str, Any]


def objective(arms: Found, name: str) -> float | None:
    """What an arm reached; None where it has no usable answer."""
    value = arms.get(name, {}).get("objective")
    return None if value is None else float(value)


def best_classical(arms: Found) -> tuple[str, float] | None:
    """The better of the classical arms that ran, and which one it was."""
    known = [(name, value) for name in CLASSICAL if (value := objective(arms, name)) is not None]
    return min(known, key=lambda pair: pair[1], default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the run found. `change` is relative to the best classical result, negative is better.

    No change is told against what the family could not tell from the answer, nor where `start_told` is False.
    """

    value: float | None
    source: str
    classical: float | None
    classical_name: str
    change: float | None
    start: float | None
    start_told: bool = True

    @property
    def percent(self) -> float | None:
        """The change in percent, for words."""
        return None if self.change is None else 100 * self.change

    @property
    def over_start(self) -> float | None:
        """In percent against the heuristic that the run started from."""
        if self.start is None or self.value is None or not self.start_told:
            return None
        change = _change(self.value, self.start)
        return None if change is None else 100 * change


def answer_of(arms: Found) -> Answer:
    """The quantum-assisted answer, or the classical one where there is none."""
    best = best_classical(arms)
    quantum = objective(arms, "quantum")
    value = quantum if quantum is not None else best and best[1]
    alike = arms.get("quantum", {}).get("undecided", ())
    change = _change(value, best[1]) if best and value is not None and best[0] not in alike else None
    return Answer(
        value=value,
        source="quantum" if quantum is not None else best[0] if best else "",
        classical=best and best[1],
        classical_name=method(arms, best[0]) if best else "",
        change=change,
        start=objective(arms, "heuristic"),
        start_told="heuristic" not in alike,
    )


def method(arms: Found, name: str) -> str:
    return str(arms.get(name, {}).get("method") or _NAMES.get(name, name))


def label(arms: Found, name: str) -> str:
    """An arm's name: the family's own where its arms mean something else."""
    return str(arms.get(name, {}).get("label") or _NAMES.get(name, name))


def arms_figure(arms: Found, unit: str) -> Figure:
    """Every arm on one axis: the random control stands right above the quantum-assisted answer."""
    shown = tuple(
        Arm(
            label(arms, name),
            kind,
            objective(arms, name),
            low=arms[name].get("low"),
            high=arms[name].get("high"),
            note=_note(arms[name]),
            hot=name in ("random", "quantum"),
        )
        for name, _, kind in _ROWS
        if name in arms
    )
    best = best_classical(arms)
    return bars(Arms(shown, unit, reference=best[1] if best else None))


def _note(arm: Found) -> str:
    if arm.get("note"):
        return str(arm["note"])
    if arm.get("method"):
        return f"{arm['method']}"
    if "hit_rate" in arm:
        return f"{fmt.percent(arm['hit_rate'])} of {fmt.shots(arm['shots'])} as good as the heuristic"
    return "by trying them all" if "bits" in arm else ""


def credit(summary: Found) -> str:
    """Who earned the answer, in a sentence; empty before the score."""
    word = str(summary.get("verdict", {}).get("credit", ""))
    return str(summary.get("credit_why") or _CREDIT.get(word, ""))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the table: an answer that was sampled, or a classical result (hatched)."""

    name: str
    value: float
    change: float | None
    found_by: list[tuple[str, str]]
    seen: int | None
    baseline: bool = False
    best: bool = False
    bits: str = ""

    @property
    def percent(self) -> float | None:
        return None if self.change is None else 100 * self.change


def candidates(summary: Found) -> list[Candidate]:
    """Sampled candidates and classical results in one order, best first; none where a family has no candidates."""
    if summary.get("candidates", ()) is None:
        return []
    arms = summary.get("arms") or {}
    best = best_classical(arms)
    reference = best[1] if best else None
    rows = [_candidate(row, reference) for row in summary.get("candidates") or ()]
    rows += [_baseline(arms, name, reference) for name in CLASSICAL if objective(arms, name) is not None]
    return sorted(rows, key=lambda row: (row.value, row.baseline))


def _candidate(row: Found, reference: float | None) -> Candidate:
    value = float(row["objective"])
    by = [
        (kind, f"{words} {fmt.number(row['found_by'][name])}{fmt.TIMES}")
        for name, (kind, words) in _FOUND_BY.items()
        if row["found_by"].get(name)
    ]
    return Candidate(
        name=f"C-{row['rank']}",
        value=value,
        change=_change(value, reference),
        found_by=by,
        seen=row["seen"],
        best=row["rank"] == 1 and bool(row["seen"]),
        bits=row["bits"],
    )


def _baseline(arms: Found, name: str, reference: float | None) -> Candidate:
    value = float(arms[name]["objective"])
    seconds = arms[name].get("seconds")
    words = method(arms, name) + (f", {fmt.duration(seconds)}" if seconds is not None else "")
    return Candidate(
        label(arms, name), value, _change(value, reference), [("cpu", words)], None, baseline=True
    )


def _change(value: float, reference: float | None) -> float | None:
    """Relative to the size of the reference: above 0 is worse, also of negative energies; None against 0."""
    return (value - reference) / abs(reference) if reference else None
