"""The door for programs: who asks by which token, and every no as problem+json (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBearer

from hybridops.domain.errors import (
    BadInput,
    Conflict,
    HybridopsError,
    NoRoom,
    NotYours,
    Refused,
    StorageAway,
    Unsigned,
)
from hybridops.teams.models import User
from hybridops.teams.tokens import NoScope, NoToken, bearer
from hybridops.web.api.pace import TooMany, count

# The first that fits. A code is a promise: it keeps its name and its meaning.
_CODES: tuple[tuple[type[HybridopsError], HTTPStatus, str], ...] = (
    (NoToken, HTTPStatus.UNAUTHORIZED, "no_token"),
    (NoScope, HTTPStatus.FORBIDDEN, "no_scope"),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS, "too_many"),
    (NotYours, HTTPStatus.NOT_FOUND, "not_found"),
    (Conflict, HTTPStatus.CONFLICT, "conflict"),
    (StorageAway, HTTPStatus.SERVICE_UNAVAILABLE, "storage_away"),
    (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input"),
    (NoRoom, HTTPStatus.UNPROCESSABLE_ENTITY, "no_room"),
    (Unsigned, HTTPStatus.UNPROCESSABLE_ENTITY, "unsigned"),
    (Refused, HTTPStatus.UNPROCESSABLE_ENTITY, "refused"),
)
ABSENT = "There is nothing here for you."
PROBLEM = "application/problem+json"


class Asking(HttpRequest):
    """A request after its token was looked at."""

    auth: User


class Token(HttpBearer):
    """A bearer token that carries `scope`; its team's pace is counted. Raises NoToken, NoScope or TooMany."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> User:
        user = bearer(request, self.scope)
        count(user)
        return user

    def authenticate(self, request: HttpRequest, token: str) -> User:
        return self(request)


def problem(
    status: HTTPStatus, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JsonResponse:
    """`code` is stable and for programs, `detail` is the sentence for people."""
    told = {"type": f"urn:hybridops:{code}", "title": status.phrase, "status": status.value}
    body = {**told, "code": code, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type=PROBLEM, headers=headers)


def refused(request: HttpRequest, said: HybridopsError) -> JsonResponse:
    """What is not yours looks like what is not there."""
    known = next(((status, code) for kind, status, code in _CODES if isinstance(said, kind)), None)
    if known is None:  # a defect of ours, to be seen as one
        raise said
    status, code = known
    headers = {}
    if isinstance(said, NoToken):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(said, TooMany):
        headers["Retry-After"] = str(said.seconds)
    field = {"field": said.field} if isinstance(said, BadInput) and said.field else {}
    detail = ABSENT if status == HTTPStatus.NOT_FOUND else str(said)
    return problem(status, code, detail, headers=headers, **field)


def invalid(request: HttpRequest, said: ValidationError) -> JsonResponse:
    """What is not even of the described form, each fault with its place."""
    faults = [{"at": ".".join(map(str, one["loc"][1:])), "detail": str(one["msg"])} for one in said.errors]
    first = faults[0]
    detail = f"{first['at']}: {first['detail']}."
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=faults)


def unreadable(request: HttpRequest, said: HttpError) -> JsonResponse:
    """A body that is no JSON."""
    return problem(HTTPStatus(said.status_code), "unreadable", f"{said.message}.")


def absent(request: HttpRequest, said: Http404) -> JsonResponse:
    return problem(HTTPStatus.NOT_FOUND, "not_found", ABSENT)
