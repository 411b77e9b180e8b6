"""One run: what it does or did, beside what it is compared with; its live part; its files."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from hybridops.approvals.queries import may_decide
from hybridops.artifacts.services import fetch
from hybridops.domain import clock
from hybridops.domain.states import StageState
from hybridops.experiments.queries import run_for
from hybridops.teams.access import may
from hybridops.teams.permissions import Permission
from hybridops.web import figures
from hybridops.web.answers.run import answer
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.run_story import Story
from hybridops.web.pages.runs import shown
from hybridops.web.viewmodels.drawings import circuit_figure, picture
from hybridops.web.viewmodels.money import quote_lines
from hybridops.web.viewmodels.needed import needed_of
from hybridops.web.viewmodels.results import arms_figure, candidates, credit
from hybridops.web.viewmodels.samples import samples_figure, valid_shots
from hybridops.web.viewmodels.timeline import AXES, computing_seconds, labels, marks_of, score_of, so_far

SAMPLES = {"measured": "As measured", "repaired": "After repair"}


@page()
@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "run/page.html", _context(request, pk))


@page()
@require_GET
def part(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    """A fragment: `main` is the page's content, `row` is the run in a list."""
    if part == "main":
        return render(request, "run/_main.html", _context(request, pk))
    if part == "row":
        found = shown(reader(request), [run_for(reader(request), pk)], clock.now())
        return render(request, "runs/_row.html", {"row": found[0]})
    raise Http404


@page()
@require_GET
def artifact(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A file of the run, by the name it has there; its digest is checked when it is read."""
    found = Story(run_for(reader(request), pk)).downloads.get(name)
    if found is None:
        raise Http404
    digest, filename, media = found
    answered = HttpResponse(fetch(digest), content_type=media)
    answered["Content-Disposition"] = f'attachment; filename="R-{pk}-{filename}"'
    answered["X-Content-Type-Options"] = "nosniff"
    return answered


def _context(request: HttpRequest, pk: int) -> dict[str, Any]:
    user = reader(request)
    story = Story(run_for(user, pk))
    axis = request.GET.get("axis", "")
    axis = axis if axis in AXES else "folded"
    drawn = request.GET.get("samples", "")
    drawn = drawn if drawn in SAMPLES else "measured"
    now = clock.now()
    return {
        "story": story,
        "run": story.run,
        "answer": answer(story.told()),
        "now": now,
        "yours": story.request is not None and may_decide(user, story.request),
        "may_act": may(user, Permission.SUBMIT_RUNS, story.run.experiment.project.team_id),
        "sees_audit": may(user, Permission.SEE_AUDIT),
        "replay_key": uuid4().hex,
        "query": urlencode({"axis": axis, "samples": drawn}),
        "axes": _choices(AXES, axis, "axis", {"samples": drawn}),
        "sample_views": _choices(SAMPLES, drawn, "samples", {"axis": axis}),
        "axis": axis,
        "running": [row for row in story.stages if row.state == StageState.RUNNING],
        "labels": labels(story.stages),
        **_times(story, axis, now),
        **_findings(story, drawn),
        **_machine(story),
    }


def _choices(words: dict[str, str], chosen: str, name: str, others: dict[str, str]) -> list[dict[str, Any]]:
    """Links that change one choice in the URL and keep the others."""
    return [
        {"words": text, "url": f"?{urlencode({**others, name: key})}", "current": key == chosen}
        for key, text in words.items()
    ]


def _times(story: Story, axis: str, now: datetime) -> dict[str, Any]:
    ended = story.run.ended_at
    lanes = {one.key: _lane(story, one.key) for one in story.stages}
    marks = marks_of(story.placements, lanes)
    score = score_of(story.intervals, marks, now=None if ended else now, folded=axis == "folded")
    return {
        "stave": figures.stave(score),
        "so_far": "" if ended else so_far(story.intervals),
        "took": ((ended or now) - story.run.made_at).total_seconds(),
        "computing": computing_seconds(story.intervals),
    }


def _lane(story: Story, key: str) -> str:
    label = labels(story.stages)[key]
    return next((i.lane for i in story.intervals if i.name == label), "cpu")


def _findings(story: Story, drawn: str) -> dict[str, Any]:
    """The figures of the score; each says when it fills where there is none yet."""
    scored, unit = story.scored, story.unit
    plan, circuit = story.artifact("arms", "picture"), story.artifact("circuit", "circuit")
    arms, valid = scored.get("arms") or {}, valid_shots(scored)
    name = f"{story.run.experiment.workflow}, as written"
    return {
        "found": story.found,
        "unit": unit,
        "arms": arms_figure(arms, unit) if arms else None,
        "credit": credit(scored),
        "needed": needed_of(story.control, story.run.experiment.anyway),
        "valid": valid,
        "valid_share": valid[0] / valid[1] if valid else None,
        "samples": samples_figure(scored, unit, repaired=drawn == "repaired"),
        "candidates": candidates(scored),
        "picture": picture(plan, scored, unit) if plan else None,
        "circuit": circuit_figure(circuit.decode(), name) if circuit else None,
        "written": story.summary_with("circuit").get("circuit"),
    }


def _machine(story: Story) -> dict[str, Any]:
    program = story.program
    return {
        "program": program,
        "quote": program["quote"] if program else None,
        "quote_lines": quote_lines(program["quote"]["lines"]) if program else [],
        "calibration": story.calibration,
    }
