"""What an operator does to a breaker: hold it open, or close it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hybridops.backends.breakers import breakers, set_by_hand
from hybridops.backends.history import numbers
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.states import BreakerState
from hybridops.experiments import turns
from hybridops.experiments.announce import queues_changed
from hybridops.teams.access import actor, check_may
from hybridops.teams.permissions import Permission
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.backends import shown
from hybridops.web.pages.breaker_forms import BreakerForm, auto_id


@page(second_factor=True)
@require_POST
def breaker(request: HttpRequest) -> HttpResponse:
    """Moves one breaker; what moved meanwhile is shown instead of overwritten."""
    user = reader(request)
    check_may(user, Permission.OPERATE)
    provider, backend = request.POST.get("provider", "")[:40], request.POST.get("backend", "")[:60]
    pk = _page_of(provider, backend, request.POST.get("page", ""))
    form = BreakerForm(request.POST, auto_id=auto_id(provider, backend))
    target = BreakerState.HELD if request.POST.get("verb") == "hold" else BreakerState.CLOSED
    problem, status = "", 422
    if form.is_valid():
        try:
            with whole():
                set_by_hand(**form.cleaned_data, target=target, actor=actor(user))
                queues_changed()
            turns.step()
        except Conflict as moved:
            row = breakers().get((provider, backend))
            problem, status = str(moved), 409
            form.data = {**request.POST.dict(), "seen": str(row.version if row else 0)}
        except BadInput as wrong:
            if wrong.field in form.fields:
                form.add_error(wrong.field, str(wrong))
            else:
                problem = str(wrong)
        else:
            name, held = backend or f"All of {provider}", target == BreakerState.HELD
            messages.success(
                request,
                f"{name}: {'nothing is sent there until you close it' if held else 'everything passes again'}.",
            )
            return cast(HttpResponse, redirect("backend", pk))
    return shown(request, user, pk, refused=(backend, form), problem=problem, status=status)


def _page_of(provider: str, backend: str, asked: str) -> int:
    """The page where the form stood: the backend's own, or that of one of the provider's."""
    known = numbers()
    there = {pk for key, pk in known.items() if key[0] == provider}
    if asked.isdecimal() and int(asked) in there:
        return int(asked)
    return known.get((provider, backend)) or min(there, default=0)
