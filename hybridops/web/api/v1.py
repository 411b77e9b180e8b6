"""API v1: the routers under one description (OpenAPI 3.1), its errors, and an ETag on every answer."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from hybridops.domain.errors import HybridopsError
from hybridops.web.api import approvals, audit, data, door, me, money, proposals, runs

ABOUT = """The same services as the pages, by the same rules. Bring a token: `Authorization: Bearer …`.
Every no is `application/problem+json` with a stable `code`. Send an `Idempotency-Key` with what writes: asking again
answers the same for 24 hours. Lists come in pages with a cursor. Money is dollars as text."""


class V1(NinjaAPI):
    def create_response(
        self,
        request: HttpRequest,
        data: Any,
        *,
        status: int | None = None,
        temporal_response: HttpResponse | None = None,
    ) -> HttpResponse:
        """With an ETag of what is read; 304 where the caller has that already."""
        answer = super().create_response(request, data, status=status, temporal_response=temporal_response)
        if request.method != "GET" or answer.status_code != 200:
            return answer
        tag = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
        if request.headers.get("If-None-Match") == tag:
            answer = HttpResponse(status=304)
        answer["ETag"], answer["Cache-Control"] = tag, "private, no-cache"
        return answer

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        return self._described(self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)

    @cache  # noqa: B019  (there is one API, and to describe it takes seconds of processor)
    def _described(self, prefix: str) -> OpenAPISchema:
        """What is refused has its own media type; what is a file is no JSON."""
        told = super().get_openapi_schema(path_prefix=prefix)
        for path, operations in told["paths"].items():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    _retyped(path, str(status), answer)
        return told


_FILES = {"bundle": "application/zip", "proof": "text/plain"}


def _retyped(path: str, status: str, answer: dict[str, Any]) -> None:
    content = answer.get("content", {})
    if not status.startswith("2"):
        answer["content"] = {door.PROBLEM: content.pop("application/json")}
    elif kind := _FILES.get(path.rsplit("/", 1)[-1]):
        answer["content"] = {kind: {"schema": {"type": "string", "format": "binary"}}}


api = V1(
    title="hybridops",
    version="1",
    description=ABOUT,
    urls_namespace="api",
    docs_url=None,
    openapi_url="/openapi.json",
)
api.exception_handler(HybridopsError)(door.refused)
api.exception_handler(ValidationError)(door.invalid)
api.exception_handler(HttpError)(door.unreadable)
api.exception_handler(Http404)(door.absent)
for part in (me, data, runs, approvals, proposals, money, audit):
    api.add_router("", part.router)
