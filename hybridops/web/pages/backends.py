"""Can I send work there now? Every backend, and one with its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.backends import history
from hybridops.backends.models import Breaker, Listing
from hybridops.domain import clock
from hybridops.domain.errors import NotYours
from hybridops.domain.states import BreakerState
from hybridops.experiments import desk
from hybridops.teams.access import check_may, may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web import fmt
from hybridops.web.answers import backends as answers
from hybridops.web.answers import queues as queue_answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.figures.course import Point, course
from hybridops.web.figures.days import sparkline
from hybridops.web.pages.breaker_forms import BreakerForm, form_for
from hybridops.web.viewmodels.places import Place, places

REFUSAL = "Backends are shown to people of a team."
PARTS, ONE_PARTS = ("answer", "list"), ("now", "past")  # what moves by itself
STALE_SECONDS = 120.0  # after which a look at a backend is an old one


@page(refusal=REFUSAL)
@require_GET
def backends(request: HttpRequest) -> HttpResponse:
    """The page, or one part of it: `?part=list`."""
    check_may(reader(request), Permission.SEE_RUNS)
    part, found = request.GET.get("part", ""), places()
    shown = {
        "answer": answers.answer(found),
        "rows": [_row(one) for one in found],
        "version": int(clock.now().timestamp() * 1000),
        "now": clock.now(),
    }
    return render(request, f"backends/_{part}.html" if part in PARTS else "backends/page.html", shown)


def _row(place: Place) -> dict[str, Any]:
    looked = place.backend.observed_at
    return {
        "place": place,
        "spark": sparkline(place.waits.seen[-60:], f"Queue of {place.backend.name} in seconds, as seen"),
        "half": place.waits.quantile(0.5),
        "most": place.waits.quantile(0.95),
        "price": answers.price(place.rule),
        "breaker": answers.breaker(place.met),
        "cap": queue_answers.limits(place.cap),
        "old": (clock.now() - looked).total_seconds() > STALE_SECONDS,
    }


@page()
@require_GET
def backend(request: HttpRequest, pk: int) -> HttpResponse:
    """One backend; `?part=now` and `?part=past` are what moves by itself."""
    user, part = reader(request), request.GET.get("part", "")
    template = f"backends/_{part}.html" if part in ONE_PARTS else "backends/backend.html"
    return shown(request, user, pk, template=template)


def shown(
    request: HttpRequest,
    user: User,
    pk: int,
    *,
    template: str = "backends/backend.html",
    refused: tuple[str, BreakerForm] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page; `refused` is the form that was, by the backend it is about, with its values kept."""
    check_may(user, Permission.SEE_RUNS)
    row = history.listing(pk)
    place = next((one for one in places() if one.pk == pk), None)
    if place is None:
        raise NotYours("There is no such backend.")
    told = {
        "place": place,
        "row": _row(place),
        "answer": answers.one(place),
        "errors": _errors(row),
        "queue": course(
            [Point(one.seen_at, one.wait_seconds) for one in history.waits_seen(row)], "Wait", fmt.duration
        ),
        "outcomes": history.outcomes(row),
        "moves": history.moves(row),
        "asked_again": desk.asked_again(user, row.name),
        "forms": _forms(place, refused) if may(user, Permission.OPERATE) else [],
        "problem": problem,
        "version": int(clock.now().timestamp() * 1000),
    }
    return render(request, template, told, status=status)


def _errors(row: Listing) -> Any:
    """The two-qubit error at each calibration that was seen; nothing where it never tells one."""
    seen = history.calibrations(row)
    points = [Point(one.seen_at, _number(one.body.get("calibration") or {})) for one in seen]
    return course(points, "Two-qubit error", fmt.error_rate)


def _number(calibration: dict[str, Any]) -> float | None:
    told = calibration.get("two_qubit_error")
    return float(told) if isinstance(told, int | float) else None


def _forms(place: Place, refused: tuple[str, BreakerForm] | None) -> Sequence[dict[str, Any]]:
    """One form for the backend and one for its provider: hold, or close what is not closed."""
    provider, name = place.backend.provider, place.backend.name
    return [
        _form(provider, name, place.breaker, refused),
        _form(provider, "", place.of_provider, refused),
    ]


def _form(
    provider: str, backend: str, row: Breaker | None, refused: tuple[str, BreakerForm] | None
) -> dict[str, Any]:
    state = BreakerState(row.state) if row else BreakerState.CLOSED
    kept = refused[1] if refused and refused[0] == backend else None
    return {
        "name": backend or f"all of {provider}",
        "holds": state != BreakerState.HELD,
        "closes": state != BreakerState.CLOSED,
        "state": answers.breaker(row),
        "form": kept or form_for(provider, backend, row),
        "open": kept is not None,
    }
