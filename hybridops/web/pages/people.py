"""What a person does to the installation from any page: the colour scheme, the spending stop."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from hybridops.experiments import services
from hybridops.teams.models import User
from hybridops.teams.services import set_theme
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.templatetags.ui import THEMES

YEAR = 365 * 24 * 3600


def back(request: HttpRequest) -> HttpResponse:
    """To where the form stood, if that is one of our own addresses."""
    asked = request.POST.get("next", "/")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return cast(HttpResponse, redirect(asked if ours else "/"))


@require_POST
def theme(request: HttpRequest) -> HttpResponseBase:
    """Open to everybody, the sign-in page has the switch as well; it changes how things look, no more."""
    chosen = request.POST.get("theme", "")
    answer = back(request)
    if chosen in THEMES:
        answer.set_cookie(
            "theme", chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
        if isinstance(request.user, User):
            set_theme(user=request.user, theme=chosen)
    return answer


@page()
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    with whole():
        services.stop_spending(user=reader(request), why=request.POST.get("why", "")[:300])
    messages.warning(request, "QPU spending is stopped. Runs wait where they are; classical work goes on.")
    return back(request)


@page(second_factor=True)
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    with whole():
        services.resume_spending(user=reader(request))
    messages.success(request, "QPU spending goes on. Every run that waited for it looks again.")
    return back(request)
