"""Beside a decision: claim it, give it back, say something. None of these decides."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hybridops.approvals import claims, comments
from hybridops.experiments import conduct
from hybridops.web.context import reader
from hybridops.web.errors import page, whole


@page()
@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    with whole():
        claims.claim(user=reader(request), request_id=pk)
        conduct.inbox_changed(pk)
    return cast(HttpResponse, redirect("decision", pk))


@page()
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    with whole():
        claims.release(user=reader(request), request_id=pk)
        conduct.inbox_changed(pk)
    return cast(HttpResponse, redirect("decision", pk))


@page()
@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    with whole():
        comments.comment(user=reader(request), request_id=pk, text=request.POST.get("text", ""))
    return cast(HttpResponse, redirect("decision", pk))
