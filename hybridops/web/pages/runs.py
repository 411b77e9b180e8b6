"""Runs as a list: filters in the URL, fifty a page, each row live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from hybridops.approvals.queries import waiting_for
from hybridops.domain import clock
from hybridops.domain.money import from_micro
from hybridops.experiments import listing
from hybridops.experiments.conduct import subject
from hybridops.experiments.listing import Filters, Row
from hybridops.experiments.models import Run
from hybridops.teams.access import may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web import figures
from hybridops.web.answers.runs import answer, limited
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.figures import Figure
from hybridops.web.viewmodels.results import Answer, answer_of
from hybridops.web.viewmodels.timeline import score_of

PAGE = 50
GROUP_WORDS = {
    "": "All",
    "moving": "Moving",
    "waiting": "Waiting for approval",
    "accepted": "Accepted",
    "not_accepted": "Not accepted",
    "degraded": "Degraded",
    "without_result": "Without a result",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One row as the template takes it."""

    run: Run
    glyph: Figure
    found: Answer
    unit: str
    spent: Decimal | None
    cap: Decimal
    where: str
    yours: bool


@dataclass(frozen=True, slots=True)
class Tab:
    words: str
    count: str
    url: str
    current: bool


@page()
@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    asked = filters_of(request.GET)
    counts = listing.counts(user, asked)
    before = _before(request.GET)
    rows = listing.runs_listed(user, asked)
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    every = listing.counts(user, Filters())["all"] if asked else counts["all"]
    told = answer(counts, found=listing.counted(user, asked, counts) if asked else None, every=every)
    query = _query(asked)
    return render(
        request,
        "runs/page.html",
        {
            "answer": told,
            "asked": asked,
            "tabs": [_tab(asked, group, words, counts) for group, words in GROUP_WORDS.items()],
            "names": listing.names(),
            "older": found[PAGE - 1].pk if len(found) > PAGE else None,
            "newest": before is not None,
            "query": query,
            "rows": shown(user, found[:PAGE], clock.now()),
            "submits": may(user, Permission.SUBMIT_RUNS),
        },
    )


def _before(query: QueryDict) -> int | None:
    """The run below which the page begins; what is no number begins at the newest."""
    given = query.get("before", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


def filters_of(query: QueryDict) -> Filters:
    return Filters(
        state=query.get("state", ""),
        text=query.get("q", "")[:100],
        workflow=query.get("workflow", ""),
        mine=query.get("mine") == "1",
    )


def shown(user: User, found: list[Run], now: datetime) -> list[Shown]:
    """Rows as the template takes them."""
    yours = set(waiting_for(user).values_list("subject", flat=True))
    return [_shown(row, now, yours=subject(row.run.pk) in yours) for row in listing.rows(found, now)]


def _shown(row: Row, now: datetime, *, yours: bool) -> Shown:
    run = row.run
    score = score_of(row.timeline, (), now=None if run.outcome else now)
    return Shown(
        run=run,
        glyph=figures.stave_glyph(score),
        found=answer_of(row.arms),
        unit=row.unit,
        spent=None if row.spent is None else from_micro(row.spent),
        cap=from_micro(run.experiment.cost_max_micro),
        where=", ".join(row.backends) or run.plan["backend"],
        yours=yours,
    )


def _query(asked: Filters, **changed: Any) -> str:
    values = {
        "state": asked.state,
        "q": asked.text,
        "workflow": asked.workflow,
        "mine": "1" if asked.mine else "",
    }
    return urlencode({key: value for key, value in {**values, **changed}.items() if value})


def _tab(asked: Filters, group: str, words: str, counts: dict[str, int]) -> Tab:
    return Tab(words, limited(counts[group or "all"]), f"?{_query(asked, state=group)}", asked.state == group)
