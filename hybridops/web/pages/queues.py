"""Who waits for which backend, why and until when; how teams share; and the caps, for who operates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.backends.breakers import breakers, reason
from hybridops.backends.caps import AT_ONCE_MAX, PER_MINUTE_MAX, caps, change
from hybridops.backends.models import Cap
from hybridops.backends.services import known
from hybridops.domain import clock
from hybridops.domain.dispatch import Denial, Key
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.states import BreakerState
from hybridops.experiments import sites, turns, use
from hybridops.experiments.announce import queues_changed
from hybridops.experiments.models import Turn
from hybridops.experiments.queries import runs_for
from hybridops.teams.access import actor, check_may, teams_with
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission
from hybridops.web.answers import queues as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole

REFUSAL = "Queues are looked after by operators."
ROWS_MAX = 100
PARTS = ("answer", "line", "there")  # what moves by itself


class CapForm(forms.Form):
    """A cap for a backend or, with an empty one, for all of a provider; with the version that was looked at."""

    use_required_attribute = False

    at_once = forms.IntegerField(min_value=0, max_value=AT_ONCE_MAX, required=False, label="At once")
    per_minute = forms.IntegerField(min_value=1, max_value=PER_MINUTE_MAX, required=False, label="A minute")
    why = forms.CharField(max_length=300, label="Why", help_text="Stays in the trail.")
    provider = forms.CharField(max_length=40, widget=forms.HiddenInput)
    backend = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@page(refusal=REFUSAL)
@require_GET
def queues(request: HttpRequest) -> HttpResponse:
    part = request.GET.get("part", "")
    return _shown(request, template=f"queues/_{part}.html" if part in PARTS else "queues/page.html")


@page(second_factor=True)
@require_POST
def cap(request: HttpRequest) -> HttpResponse:
    """Sets one cap; what was changed meanwhile is shown instead of overwritten."""
    user = reader(request)
    check_may(user, Permission.OPERATE)
    key = (request.POST.get("provider", "")[:40], request.POST.get("backend", "")[:60])
    form = CapForm(request.POST, auto_id=_auto_id(key))
    problem, status = "", 422
    if form.is_valid():
        try:
            with whole():
                change(**form.cleaned_data, actor=actor(user))
                queues_changed()
            turns.step()
        except Conflict as changed:
            now = caps().get(key)
            problem, status = f"{changed} It is: {answers.limits(now)}.", 409
            form.data = {**request.POST.dict(), "seen": str(now.version if now else 0)}
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        else:
            name = key[1] or f"All of {key[0]}"
            messages.success(request, f"{name}: {answers.limits(caps().get(key))}.")
            return cast(HttpResponse, redirect("queues"))
    return _shown(request, refused={key: form}, problem=problem, status=status)


def _auto_id(key: Key) -> str:
    return f"cap-{'-'.join(filter(None, key))}-%s"


def _shown(
    request: HttpRequest,
    *,
    refused: Mapping[Key, CapForm] | None = None,
    problem: str = "",
    status: int = 200,
    template: str = "queues/page.html",
) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.OPERATE)
    line, limits, now = turns.line(), caps(), clock.now()
    waiting = [(turn, denial) for turn, denial in line if denial is not None]
    shut = [reason(row) for row in breakers().values() if row.state != BreakerState.CLOSED]
    longest = max(((now - turn.asked_at).total_seconds() for turn, _ in waiting), default=0.0)
    seen = {
        "answer": answers.answer(len(waiting), longest, len(line) - len(waiting), len(limits), shut),
        "rows": _rows(user, line[:ROWS_MAX]),
        "more": max(0, len(line) - ROWS_MAX),
        "places": _places(limits, [turn for turn, _ in waiting], refused or {}),
        "shares": _shares(user),
        "rule": sites.rules(),
        "problem": problem,
        "version": int(now.timestamp() * 1000),
    }
    return render(request, template, seen, status=status)


def _rows(user: User, line: Iterable[tuple[Turn, Denial | None]]) -> list[dict[str, Any]]:
    """Everybody in line. A run of a team whose runs this person does not see has no name here."""
    rows = list(line)
    ids = [turn.stage.run_id for turn, _ in rows]
    runs = {run.pk: run for run in runs_for(user).filter(pk__in=ids)}
    return [
        {
            "run": runs.get(turn.stage.run_id),
            "turn": turn,
            "backends": ", ".join(backend for _, backend in turn.open_to),
            "why": denial.why if denial else f"its turn at {turn.backend or 'a backend'} is given",
            "until": answers.until(_moment(denial.until), turn.not_after) if denial else "",
            "ahead": denial.ahead if denial else 0,
            "waits": denial is not None,
        }
        for turn, denial in rows
    ]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _places(
    limits: Mapping[Key, Cap], waiting: Iterable[Turn], refused: Mapping[Key, CapForm]
) -> list[dict[str, Any]]:
    """Every provider and each of its backends: what is there now, who waits for it, its cap."""
    keys = sorted(
        {key for backend in known() for key in ((backend.provider, ""), (backend.provider, backend.name))}
    )
    there = sites.running(sites.in_line().filter(until__isnull=False))
    open_to = [[(provider, backend) for provider, backend in turn.open_to] for turn in waiting]
    places = []
    for key in keys:
        row = limits.get(key)
        first = {"provider": key[0], "backend": key[1], "seen": row.version if row else 0}
        first |= {"at_once": row.at_once if row else None, "per_minute": row.per_minute if row else None}
        wanted = sum(any(at == key or (not key[1] and at[0] == key[0]) for at in turn) for turn in open_to)
        places.append(
            {
                "name": key[1] or f"All of {key[0]}",
                "whole": not key[1],
                "running": there.get(key, 0),
                "waiting": wanted,
                "limits": answers.limits(row),
                "form": refused.get(key) or CapForm(initial=first, auto_id=_auto_id(key)),
                "open": key in refused,
            }
        )
    return places


def _shares(user: User) -> list[dict[str, Any]]:
    """Each team's part of what was used lately; in money only for whoever sees its costs."""
    rule = sites.rules()
    used = use.used(rule)
    parts = answers.shares(used)
    seen = set(teams_with(user, Permission.SEE_RUNS).values_list("slug", flat=True))
    paid = set(teams_with(user, Permission.SEE_COSTS).values_list("slug", flat=True))
    return [
        {
            "name": team.name if team.slug in seen else "Another team",
            "weight": rule.weight_of(team.slug),
            "part": parts[team.slug],
            "usd": Decimal(round(used[team.slug])) / 1_000_000 if team.slug in paid else None,
        }
        for team in Team.objects.filter(slug__in=parts).order_by("slug")
    ]
