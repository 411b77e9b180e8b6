"""From counts to what the strategies bench tells: dollars, ratios with their intervals, controls, verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hybridops.solvers.problem import Floats, Ints
from tests.bench import strategy_statistics as sums
from tests.bench.strategy_arms import LOOPS, ONE_JOB, PLANNED
from tests.bench.strategy_instances import SEED, VARIABLES

AIMS = {"textbook loop": 60.0, "scaled loop": 25.0}  # times cheaper, transferred angles at equal shots
RAW, AFTER = "hits", "hits_after"
_SAID = {RAW: "", AFTER: ", 1-opt"}
_KEPT = {RAW: "kept", AFTER: "kept_after"}

type Paid = tuple[Floats, Floats]  # dollars and chances of being accepted, by instance


class Measured:
    """The rows of one set as columns."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], shots: int, measured: int) -> None:
        self.rows, self.shots, self.measured = rows, shots, measured
        self.families = [str(row["family"]) for row in rows]

    def column(self, name: str, key: str) -> Floats:
        return np.array([row["strategies"][name][key] for row in self.rows], dtype=float)

    def chances(self, name: str, post: str) -> Floats:
        return sums.chance(self.column(name, post), self.measured)

    def random(self, post: str) -> Floats:
        return np.array([row["random"][post == AFTER] for row in self.rows]) / (1 << VARIABLES)

    def paid(self, name: str, post: str, shots: int | None = None) -> Paid:
        shots = shots or self.shots
        jobs = self.column(name, "jobs")
        return sums.dollars(jobs, shots), sums.accepted(self.chances(name, post), shots)

    def kept(self, name: str, post: str) -> Paid:
        """A loop of which every sample is looked at: accepted or not, once each."""
        return sums.dollars(self.column(name, "jobs"), self.shots), self.column(name, _KEPT[post])


def figures(
    rows: Sequence[Mapping[str, Any]], shots: int = PLANNED.shots, measured: int = PLANNED.measured
) -> Iterator[dict[str, Any]]:
    """Every line of the bench from the rows of both sets."""
    tuning, held_out = (
        Measured([row for row in rows if row["set"] == which], shots, measured)
        for which in ("tuning", "held out")
    )
    drawn = sums.draws(held_out.families, SEED)
    for post in (RAW, AFTER):
        best = {name: sums.best_shots(tuning.chances(name, post)) for name in ONE_JOB}
        yield from _costs(held_out, post, best, drawn)
        yield from _all_samples(held_out, post, drawn)
        yield from _control(held_out, post, best, drawn)
    transferred = held_out.paid("transferred", RAW)
    for loop, aim in AIMS.items():
        ratio = sums.cheaper(held_out.paid(loop, RAW), transferred, drawn)
        name = f"transferred angles against the {loop} at {shots} shots, aim {aim:.0f}"
        yield _line(
            name, ratio[0], f"times, {sums.verdict(ratio, aim)}", len(held_out.rows), interval=_short(*ratio)
        )


def _costs(rows: Measured, post: str, best: Mapping[str, int], drawn: Ints) -> Iterator[dict[str, Any]]:
    asked = [(name, rows.shots) for name in (*LOOPS, *ONE_JOB)]
    for name, shots in [*asked, *best.items()]:
        paid = rows.paid(name, post, shots)
        against = {loop: sums.cheaper(rows.paid(loop, post), paid, drawn) for loop in AIMS}
        yield _told(f"{name}, {shots} shots{_SAID[post]}", rows, paid) | {
            "against": "textbook loop",
            "ratio": _short(against["textbook loop"][0])[0],
            "interval": _short(*against["textbook loop"]),
            "scaled": _short(*against["scaled loop"]),
            "jobs": _short(rows.column(name, "jobs").mean())[0],
            "evaluations": _short(rows.column(name, "evaluations").mean())[0],
        }


def _all_samples(rows: Measured, post: str, drawn: Ints) -> Iterator[dict[str, Any]]:
    for name in LOOPS:
        paid = rows.kept(name, post)
        ratio = sums.cheaper(paid, rows.paid("transferred", post), drawn)
        yield _told(f"{name}, all samples kept{_SAID[post]}", rows, paid) | {
            "transferred": _short(*ratio),
        }


def _control(rows: Measured, post: str, best: Mapping[str, int], drawn: Ints) -> Iterator[dict[str, Any]]:
    for shots in sorted({rows.shots, *best.values()}):
        chances = sums.accepted(rows.random(post), shots)
        yield _line(
            f"random bits, {shots} shots{_SAID[post]}", float(chances.mean()), "accepted for $0",
            len(rows.rows), families=_families(rows, chances),
        )  # fmt: skip
    for name in ONE_JOB:
        ratio = sums.enriched(rows.chances(name, post), rows.random(post), drawn)
        unit = "times the chance of random bits"
        yield _line(f"a shot of {name}{_SAID[post]}", ratio[0], unit, len(rows.rows), interval=_short(*ratio))


def _told(name: str, rows: Measured, paid: Paid) -> dict[str, Any]:
    total = float(paid[0].sum() / paid[1].sum())
    return _line(
        name, total, "$ an accepted solution", len(rows.rows), dollars=_short(paid[0].mean())[0],
        accepted=_short(paid[1].mean())[0], families=_families(rows, paid[1]),
    )  # fmt: skip


def _families(rows: Measured, chances: Floats) -> dict[str, float]:
    names = np.array(rows.families)
    return {name: _short(chances[names == name].mean())[0] for name in dict.fromkeys(rows.families)}


def _line(name: str, value: float, unit: str, n: int, **more: Any) -> dict[str, Any]:
    line = {"name": name, "value": _short(value)[0], "unit": unit, "n": n, "against": None, "ratio": None}
    return line | more


def _short(*values: float) -> list[float]:
    return [float(f"{value:.3g}") for value in values]
