"""From an HTTP request to a handler of a dialect and back, with whatever the script has for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hybridops.providers.fakecloud import faults
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.faults import Fault


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a handler sees it. `path` are the parts of the address that its route names."""

    cloud: Cloud
    path: Mapping[str, str]
    query: Mapping[str, str]
    queries: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    fault: Fault | None

    def json(self) -> Any:
        return json.loads(self.body or b"{}")


type Handler = Callable[[Asked], Response]


class Dialect(Protocol):
    """What differs between vendors for every operation: who may ask, and how a trouble is told."""

    name: str

    def refused(self, asked: Asked) -> Response | None:
        """The answer to somebody without the right credential, None for everybody else."""

    def trouble(self, kind: str, fault: Fault) -> Response:
        """The vendor's answer for THROTTLED, BROKEN or MAINTENANCE, without Retry-After."""


class Broken(Response):
    """An answer that ends before it is complete: the connection is closed after the first bytes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError("The script breaks this answer off.")


def route(cloud: Cloud, dialect: Dialect, method: str, path: str, name: str, handle: Handler) -> Route:
    """A route whose operation is `dialect.name` in the script of faults."""
    operation = f"{dialect.name}.{name}"

    async def answer(request: Request) -> Response:
        body = await request.body()
        cloud.requests[operation] += 1
        fault = cloud.script.next(operation, f"{request.url} {body.decode(errors='replace')}")
        asked = Asked(
            cloud=cloud,
            path=request.path_params,
            query=request.query_params,
            queries={key: request.query_params.getlist(key) for key in request.query_params},
            headers=request.headers,
            body=body,
            fault=fault,
        )
        return dialect.refused(asked) or await _through(dialect, asked, handle)

    made: Callable[[Request], Awaitable[Response]] = answer
    return Route(path, made, methods=[method], name=operation)


async def _through(dialect: Dialect, asked: Asked, handle: Handler) -> Response:
    """The handler's answer, unless the script has another."""
    fault = asked.fault
    if fault is not None and fault.kind == faults.HANG:
        await asyncio.sleep(fault.seconds)
        return dialect.trouble(faults.BROKEN, fault)
    if fault is not None and fault.kind in (faults.THROTTLED, faults.BROKEN, faults.MAINTENANCE):
        answer = dialect.trouble(fault.kind, fault)
        if fault.kind == faults.THROTTLED:
            answer.headers["Retry-After"] = f"{fault.seconds:g}"
        return answer
    answer = await run_in_threadpool(handle, asked)
    if fault is not None and fault.kind == faults.LOST:
        return Broken()
    return answer


def told(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as it leaves."""
    return JSONResponse(body, status, dict(headers or {}))
