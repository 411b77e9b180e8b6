"""What needs me now: decisions, what stands still, what moves, what ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.approvals import breakglass
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import passed_since, waiting_for
from hybridops.backends.breakers import for_a_person, reason
from hybridops.backends.history import numbers
from hybridops.backends.services import known
from hybridops.domain import clock
from hybridops.domain.errors import NotYours
from hybridops.domain.money import from_micro
from hybridops.domain.states import BreakerState
from hybridops.engine import leavers
from hybridops.experiments import desk
from hybridops.outbox.queries import undelivered_count
from hybridops.quotas import queries
from hybridops.quotas.models import Budget
from hybridops.quotas.periods import today as this_day
from hybridops.teams.access import may, teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.answers import today as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.asks import AskRow, ask_rows
from hybridops.web.pages.rows import run_rows

ROWS_MAX = 12


@page()
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """The page, or one part of it: `?run=12` is one moving row, `?part=needs` what needs the reader."""
    user = reader(request)
    if "run" in request.GET:
        return _row(request, user, request.GET["run"])
    shown = _needs(user)
    if request.GET.get("part") == "needs":
        return render(request, "today/_needs.html", shown)
    return render(request, "today.html", {**shown, **_rest(user, shown)})


def _row(request: HttpRequest, user: User, number: str) -> HttpResponse:
    run = desk.runs_named(user, [int(number)] if number.isdecimal() else []).values()
    if not run:
        raise NotYours("There is no such run.")
    return render(request, "today/_run.html", {"row": run_rows(run)[0]})


def _needs(user: User) -> dict[str, Any]:
    asked: list[ApprovalRequest] = list(waiting_for(user))
    operates = may(user, Permission.OPERATE)
    stop = queries.spending_stop() if operates else None
    return {
        "asks": ask_rows(user, asked[:ROWS_MAX]),
        "asked": len(asked),
        "mine": run_rows(desk.ended_for_nothing(user)[:ROWS_MAX], again=True),
        "budgets": _budgets(queries.budgets_near_limit(user, on=this_day())),
        "bills": queries.left_over(queries.open_lines(user)),
        "changes": [one for one in queries.open_changes(user) if one.by_id != user.pk],
        "unclear": list(desk.for_a_person(user)),
        "shut": _shut() if operates else [],
        "undelivered": undelivered_count(teams_with(user, Permission.OPERATE).values_list("pk", flat=True)),
        "late": list(breakglass.overdue(user)),
        "to_review": [made for made in breakglass.to_review(user) if breakglass.is_due_from(user, made)],
        "orphaned": leavers.orphaned(user),
        "operates": operates,
        "stop": stop,
        "version": int(time.time() * 1000),
        "now": clock.now(),
    }


def _shut() -> list[dict[str, Any]]:
    """Breakers that need a person, each with the page where it is closed."""
    known = numbers()
    return [
        {
            "breaker": row,
            "pk": known.get((row.provider, row.backend))
            or next((pk for key, pk in known.items() if key[0] == row.provider), None),
            "held": row.state == BreakerState.HELD,
            "why": reason(row),
            "since": datetime.fromtimestamp(row.since, UTC),
        }
        for row in for_a_person()
    ]


def _budgets(rows: Sequence[Budget]) -> list[dict[str, Any]]:
    return [
        {
            "budget": row,
            "line": answers.budget_line(
                row, from_micro(row.free_micro), from_micro(row.limit_micro), from_micro(row.overrun_micro)
            ),
        }
        for row in rows
    ]


def _rest(user: User, shown: dict[str, Any]) -> dict[str, Any]:
    asks: list[AskRow] = shown["asks"]
    here = {int(row.request.envelope["run"]) for row in asks}
    moving = desk.open_runs(user).exclude(pk__in=here)
    ended = desk.ended_lately(user).exclude(pk__in=[row.run.pk for row in shown["mine"]])
    count = moving.count()
    told = answers.Desk(
        decisions=shown["asked"],
        first_lapses=asks[0].request.lapses_at if asks else None,
        emergencies=len(shown["late"]) + len(shown["to_review"]),
        without_result=len(shown["mine"]),
        for_a_person=len(shown["unclear"]),
        breakers=len(shown["shut"]),
        budgets=len(shown["budgets"]),
        bills=shown["bills"].lines,
        changes=len(shown["changes"]),
        stopped=shown["stop"] is not None,
        moving=count,
    )
    return {
        "answer": answers.answer(told),
        "moving": run_rows(moving[:ROWS_MAX]),
        "moving_count": count,
        "ended": run_rows(ended[:ROWS_MAX]),
        "backends": known(),
        "passed": passed_since(user, clock.now() - timedelta(days=7)),
        "submits": may(user, Permission.SUBMIT_RUNS),
    }
