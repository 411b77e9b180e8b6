"""Cancel: what it keeps and what it saves, then the request. Replay: the same question again."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from hybridops.engine import intake
from hybridops.experiments import services
from hybridops.experiments.models import Run
from hybridops.experiments.queries import run_for, submissions_of
from hybridops.quotas.queries import reservations
from hybridops.teams.access import check_may
from hybridops.teams.permissions import Permission
from hybridops.web.answers.cancel import answer
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.viewmodels.money import cost_of


def _own(request: HttpRequest, pk: int) -> Run:
    """A run this person may act on; for everybody else it is not there."""
    run = run_for(reader(request), pk)
    check_may(reader(request), Permission.SUBMIT_RUNS, run.experiment.project.team_id)
    return run


@page()
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    run = _own(request, pk)
    if request.method == "POST":
        services.cancel(user=reader(request), run_id=run.pk)
        return redirect("run", run.pk)
    if run.outcome:
        return redirect("run", run.pk)
    submissions = submissions_of(run)
    cost = cost_of(list(reservations(run.pk)), submissions, run.experiment.cost_max_micro)
    out = [row for row in submissions if row.sent_at and not row.ended_at]
    told = answer(cost, tuple(f"submission {row.ordinal} on {row.backend}" for row in out))
    return render(request, "run/cancel.html", {"run": run, "cost": cost, "out": out, "answer": told})


@page()
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    run = _own(request, pk)
    key = request.POST.get("submit_key", "")[:64] or uuid4().hex
    return redirect("run", intake.replay(user=reader(request), run_id=run.pk, submit_key=key).pk)
