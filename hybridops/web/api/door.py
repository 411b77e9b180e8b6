"""The door for programs: a bearer token with a scope, and every no as problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hybridops.domain.errors import BadInput, Conflict, HybridopsError, NotYours, Refused
from hybridops.teams.models import User
from hybridops.teams.tokens import NoScope, NoToken, bearer

type Answer = Callable[..., dict[str, Any]]

_STATUS: tuple[tuple[type[HybridopsError], HTTPStatus], ...] = (
    (NoToken, HTTPStatus.UNAUTHORIZED),
    (NoScope, HTTPStatus.FORBIDDEN),
    (NotYours, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Refused, HTTPStatus.UNPROCESSABLE_ENTITY),
)


def reads(scope: str) -> Callable[[Answer], Callable[..., JsonResponse]]:
    """An address that answers a service's GET. The view gets the user whose token it is."""

    def wrap(view: Answer) -> Callable[..., JsonResponse]:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
            try:
                user: User = bearer(request, scope)
                return JsonResponse(view(user, *args, **kwargs))
            except HybridopsError as said:
                return problem(said)

        return never_cache(require_GET(answered))

    return wrap


def problem(said: HybridopsError) -> JsonResponse:
    """What is not yours looks like what is not there."""
    status = next(code for kind, code in _STATUS if isinstance(said, kind))
    detail = "There is nothing here for you." if status == HTTPStatus.NOT_FOUND else str(said)
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    answer = JsonResponse(body, status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
