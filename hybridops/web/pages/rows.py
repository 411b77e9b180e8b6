"""Runs as rows: the stave glyph, one sentence, a time. Requests are rows of the runs they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import by_runs
from hybridops.domain import clock
from hybridops.domain.money import from_micro
from hybridops.domain.states import RequestState
from hybridops.experiments.desk import runs_named
from hybridops.experiments.history import timelines
from hybridops.experiments.models import Run
from hybridops.quotas.queries import spent_micro
from hybridops.teams.models import User
from hybridops.web import figures
from hybridops.web.answers.today import run_line
from hybridops.web.figures import Figure
from hybridops.web.viewmodels.timeline import score_of


@dataclass(frozen=True, slots=True)
class RunRow:
    run: Run
    state: str
    line: str
    glyph: Figure
    at: datetime
    style: str  # of the time: the clock today, the day before that; a row on a phone has room for no more
    again: bool = False  # the requester can run it again


def run_rows(runs: Iterable[Run], *, again: bool = False) -> list[RunRow]:
    """Rows for runs that come with their stages: as many queries for twelve as for one."""
    found = list(runs)
    ids = [run.pk for run in found]
    asked, spent, drawn = by_runs(ids), spent_micro(ids), glyphs(found)
    return [_row(run, asked.get(run.pk), spent.get(run.pk), drawn[run.pk], again) for run in found]


def _row(run: Run, request: ApprovalRequest | None, spent: int | None, glyph: Figure, again: bool) -> RunRow:
    changes = request is not None and request.state == RequestState.CHANGES_REQUESTED
    state = "changes_requested" if changes and run.outcome else run.state
    line = run_line(run, list(run.stages.all()), None if spent is None else from_micro(spent))
    moment = run.ended_at or run.made_at
    today = timezone.localdate(moment) == timezone.localdate(clock.now())
    return RunRow(run, state, line, glyph, moment, "clock" if today else "day", again)


def glyphs(runs: Iterable[Run]) -> dict[int, Figure]:
    """The small stave of each run, by its number."""
    found, now = list(runs), clock.now()
    times = timelines(found, now)
    scores = {run.pk: score_of(times[run.pk], (), now=None if run.outcome else now) for run in found}
    return {pk: figures.stave_glyph(score) for pk, score in scores.items()}


def glyphs_of(user: User, requests: Sequence[ApprovalRequest]) -> dict[int, Figure]:
    """The same for the runs behind requests, by the request's number."""
    drawn = glyphs(runs_named(user, [request.envelope["run"] for request in requests]).values())
    found = {request.pk: drawn.get(request.envelope["run"]) for request in requests}
    return {pk: glyph for pk, glyph in found.items() if glyph is not None}
