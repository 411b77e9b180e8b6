"""The inbox: what waits for the reader, what waits for others, what was decided today."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from hybridops.approvals import breakglass, queries
from hybridops.approvals.models import ApprovalRequest
from hybridops.domain import clock
from hybridops.domain.states import RequestState
from hybridops.teams.models import User
from hybridops.web.answers import approvals as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.asks import ask_rows

ROWS_MAX = 50
VOTED: dict[str, str] = {
    RequestState.CONSUMED: "Approved, used"
}  # as a decision reads it; other states say it themselves


@page(refusal="Approvals need a role in a team.")
@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    sought = Sought(request.GET.get("q", "").strip()[:60], request.GET.get("tier", ""))
    shown = _lists(user, sought)
    if request.GET.get("part") == "lists":
        return render(request, "approvals/_lists.html", shown)
    passed = queries.passed_since(user, clock.now() - timedelta(days=7))
    waiting = list(queries.waiting_for(user)) if sought else shown["waiting"]
    told = answers.answer(waiting, len(shown["others"]), passed)
    return render(request, "approvals/inbox.html", {**shown, "passed": passed, "answer": told})


@dataclass(frozen=True, slots=True)
class Sought:
    """What the lists are narrowed to: words in a title, a name or a number, and a tier."""

    words: str
    tier: str

    def __bool__(self) -> bool:
        return bool(self.words or self.tier)

    def among(self, rows: QuerySet[ApprovalRequest]) -> QuerySet[ApprovalRequest]:
        if self.tier:
            rows = rows.filter(assessment__tier=self.tier)
        number = self.words.lower().removeprefix("a-")
        by_number = Q(pk=int(number)) if number.isdecimal() and len(number) < 10 else Q()
        named = Q(title__icontains=self.words) | Q(requester__name__icontains=self.words) | by_number
        return rows.filter(named) if self.words else rows


def _lists(user: User, sought: Sought) -> dict[str, Any]:
    """The three lists. The first is never cut: without a filter its length is the count in the rail."""
    waiting = list(sought.among(queries.waiting_for(user)))
    others = list(sought.among(queries.waiting_for_others(user))[:ROWS_MAX])
    today = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    decided = list(sought.among(queries.decided_since(user, today))[:ROWS_MAX])
    rows = {row.request.pk: row for row in ask_rows(user, [*waiting, *others, *decided])}
    return {
        "waiting": waiting,
        "others": others,
        "waiting_rows": [rows[one.pk] for one in waiting],
        "other_rows": [(rows[one.pk], _why_not(user, one)) for one in others],
        "decided_rows": [(rows[one.pk], _last_vote(one), VOTED.get(one.state, "")) for one in decided],
        "sought": sought,
        "tiers": queries.tiers_waiting(user),
        "to_review": [made for made in breakglass.to_review(user) if breakglass.is_due_from(user, made)],
        "version": int(time.time() * 1000),
    }


def _why_not(user: User, request: ApprovalRequest) -> str:
    if user.pk == request.requester_id:
        return "You asked for this run, so somebody else decides."
    if user.pk in request.involved:
        return "You made part of it, so somebody else decides."
    return ""


def _last_vote(request: ApprovalRequest) -> Any:
    votes: Sequence[Any] = [vote for vote in request.decisions.all() if vote.person_id is not None]
    return max(votes, key=lambda vote: vote.pk)
