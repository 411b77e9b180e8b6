"""Runs beside each other: inputs that differ, results against a reference, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.domain import clock
from hybridops.domain.errors import BadInput
from hybridops.domain.money import from_micro
from hybridops.experiments.beside import Beside, beside, differing, recent
from hybridops.experiments.history import timelines
from hybridops.web import figures, fmt
from hybridops.web.answers import compare as answers
from hybridops.web.errors import page
from hybridops.web.figures import Arm, Arms, Figure, bars
from hybridops.web.figures.scatter import Spot, scatter
from hybridops.web.pages.evidence import reads
from hybridops.web.spreadsheets import csv_of
from hybridops.web.viewmodels.evidence_tables import plain
from hybridops.web.viewmodels.timeline import score_of

NEEDS = "Runs are for people with a role in a team."
DRAWN_MAX = 12  # rows of a figure; the tables have all
ARMS = ("quantum", "baseline", "random", "heuristic", "ideal")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs, which of them is the reference, and which inputs nobody wants to see."""

    ids: tuple[int, ...]
    reference: int
    muted: tuple[str, ...]

    def link(self, **changes: Any) -> str:
        told = {"r": self.ids, "ref": self.reference, "mute": self.muted, **changes}
        return "?" + urlencode({key: value for key, value in told.items() if value}, doseq=True)


def _asked(query: QueryDict) -> Asked:
    """Raises BadInput for what is not a run's number."""
    told = [one.strip().upper().removeprefix("R-") for one in query.getlist("r") if one.strip()]
    if not all(one.isdecimal() and len(one) < 16 for one in told):
        raise BadInput("A run is named by its number, such as R-12.", field="r")
    ids = tuple(dict.fromkeys(map(int, told)))
    chosen = query.get("ref", "")
    reference = int(chosen) if chosen.isdecimal() and int(chosen) in ids else ids[0] if ids else 0
    return Asked(ids, reference, tuple(query.getlist("mute"))[:20])


@dataclass(frozen=True, slots=True)
class Row:
    """One run as the tables take it. Differences are to the reference, None where they would mislead."""

    one: Beside
    inputs: tuple[tuple[str, str], ...]  # name and value
    gap: float | None
    change: float | None
    cost: Any
    here: bool
    without: str
    as_reference: str


@page(refusal=NEEDS)
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    user, asked = reads(request), _asked(request.GET)
    rows = beside(user, asked.ids)
    told: dict[str, Any]
    if len(rows) < 2:
        told = {"answer": answers.answer(rows, None, ()), "recent": recent(user), "picked": asked.ids}
    else:
        told = _told(rows, asked)
    return render(request, "compare/page.html", told)


def _told(rows: Sequence[Beside], asked: Asked) -> dict[str, Any]:
    reference = next(row for row in rows if row.run.pk == asked.reference)
    differ, same = differing(rows)
    shown = [name for name in differ if name not in asked.muted]
    alike = all(row.measure == reference.measure for row in rows)
    return {
        "answer": answers.answer(rows, reference, differ),
        "rows": [_row(row, reference, shown, asked, alike=alike) for row in rows],
        "shown": [(name, asked.link(mute=(*asked.muted, name))) for name in shown],
        "muted": [
            (name, asked.link(mute=tuple(n for n in asked.muted if n != name))) for name in asked.muted
        ],
        "same": [(name, _words(name, rows[0].asked.get(name))) for name in same],
        "alike": alike,
        "reference": reference,
        "csv": asked.link(),
        "dots": _dots(rows) if alike else None,
        "scatter": _scatter(rows) if alike else None,
        "staves": _staves(rows) if len(rows) <= DRAWN_MAX else [],
    }


def _row(one: Beside, reference: Beside, shown: Sequence[str], asked: Asked, *, alike: bool) -> Row:
    return Row(
        one=one,
        inputs=tuple((name, _words(name, one.asked.get(name))) for name in shown),
        gap=_gap(one) if alike else None,
        change=_change(one, reference) if alike and one is not reference else None,
        cost=from_micro(one.micro),
        here=one is reference,
        without=asked.link(r=tuple(pk for pk in asked.ids if pk != one.run.pk)),
        as_reference=asked.link(ref=one.run.pk),
    )


def _words(name: str, value: Any) -> str:
    """Missing is "not set", false is "no", and nought is nought."""
    if value is None or value == "":
        return str(fmt.NOT_SET)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "Cap":
        return fmt.money(from_micro(int(value)))
    return fmt.number(value) if isinstance(value, int | float) else str(value)


def _gap(row: Beside) -> float | None:
    if row.told is None or row.told.quantum is None or not row.told.baseline:
        return None
    return (row.told.quantum - row.told.baseline) / abs(row.told.baseline)


def _change(row: Beside, reference: Beside) -> float | None:
    ours, mark = (one.told.quantum if one.told else None for one in (row, reference))
    return None if ours is None or not mark else (ours - mark) / abs(mark)


def _dots(rows: Sequence[Beside]) -> Figure:
    arms = [
        Arm(str(row.run), "qpu", row.told.quantum if row.told else None, note=_note(row))
        for row in rows[:DRAWN_MAX]
    ]
    known = [row.told.baseline for row in rows if row.told and row.told.baseline is not None]
    return bars(Arms(tuple(arms), "", reference=min(known, default=None)))


def _note(row: Beside) -> str:
    return (row.told.backend or "no QPU") if row.told else "not ended"


def _scatter(rows: Sequence[Beside]) -> Figure:
    return scatter([Spot(str(row.run), row.micro / 1_000_000, _gap(row), _note(row)) for row in rows])


def _staves(rows: Sequence[Beside]) -> list[tuple[Beside, Figure]]:
    now = clock.now()
    lanes = timelines([row.run for row in rows], now)
    return [
        (
            row,
            figures.stave_glyph(score_of(lanes[row.run.pk], (), now=None if row.run.outcome else now)),
        )
        for row in rows
    ]


@page(refusal=NEEDS)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """Every input and every result of these runs."""
    return csv_of("compare", _csv(beside(reads(request), _asked(request.GET).ids)))


def _csv(rows: Sequence[Beside]) -> Iterable[Sequence[str]]:
    names = list(dict.fromkeys(name for row in rows for name in row.asked))
    yield ["run", "name", *names, "state", *ARMS, "cost_usd", "wait_seconds", "busy_seconds"]
    for row in rows:
        arms = [plain(getattr(row.told, name)) if row.told else "" for name in ARMS]
        times = [plain(row.told.wait_seconds), plain(row.told.busy_seconds)] if row.told else ["", ""]
        inputs = ["" if row.asked.get(name) is None else str(row.asked[name]) for name in names]
        cost = fmt.csv_number(from_micro(row.micro))
        yield [str(row.run), row.run.experiment.title, *inputs, row.run.state, *arms, cost, *times]
