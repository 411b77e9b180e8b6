"""Is work moving, and if not, where is it stuck? For operators; and what works, for everybody."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.backends.breakers import breakers, reason
from hybridops.domain import clock
from hybridops.domain.levels import Standing
from hybridops.domain.states import BreakerState
from hybridops.engine import readings as seen
from hybridops.engine.levels import standings
from hybridops.quotas.queries import spending_stop
from hybridops.teams.access import check_may
from hybridops.teams.permissions import Permission
from hybridops.web.answers import operations as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.viewmodels.status import parts

REFUSAL = "Operations are for operators and administrators."
SHOWN = ("1 h", "6 h", "3 d", "28 d")


@page(refusal=REFUSAL)
@require_GET
def operations(request: HttpRequest) -> HttpResponse:
    """The page, or with `?part=all` what moves by itself."""
    check_may(reader(request), Permission.OPERATE)
    heard = seen.processes()
    shut = [row for row in breakers().values() if row.state != BreakerState.CLOSED]
    told = answers.Seen(
        seen.lanes(heard), heard, standings(), list(seen.leaving()), seen.room(), spending_stop(), len(shut)
    )
    shown = {
        "answer": answers.answer(told),
        "seen": told,
        "levels": [_level(one) for one in told.levels],
        "shut": [reason(row) for row in shut],
        "held": seen.held(),
        "windows": SHOWN,
        "version": int(clock.now().timestamp() * 1000),
        "now": clock.now(),
    }
    part = request.GET.get("part", "")
    return render(request, "operations/_all.html" if part == "all" else "operations/page.html", shown)


def _level(one: Standing) -> dict[str, Any]:
    return {
        "level": one.level,
        "share": one.share,
        "all": one.counts["28 d"].all,
        "bad": one.counts["28 d"].bad,
        "left": answers.left(one),
        "burns": [answers.burn(one.burn(window)) for window in SHOWN],
        "alarm": answers.burning(one) if one.alarm else "",
    }


@page()
@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """The page, or with `?part=all` what moves by itself."""
    reader(request)
    found = parts()
    shown = {
        "answer": answers.status(found),
        "parts": found,
        "version": int(clock.now().timestamp() * 1000),
        "now": clock.now(),
    }
    part = request.GET.get("part", "")
    return render(request, "status/_all.html" if part == "all" else "status/page.html", shown)
