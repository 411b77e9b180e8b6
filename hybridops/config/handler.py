"""Django's pages in a few threads that stay, each with its own connection to the database.

Django's handler walks the middleware on the event loop and goes to a thread for both halves of each and for the view:
some twenty changes a request, and each waits while the loop tells hundreds of sockets something. Its threads end with
the request, and their connections with them. Nothing here is asynchronous but the live socket, so one change is enough.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from hybridops.web.api.door import problem

THREADS = 16  # at most as many connections to the database
# Three times the largest file that a form takes, so that a little too much still gets the form's own sentence. Django
# alone keeps what comes, of any length and from anybody, before it looks at the address.
BODY_BYTES_MAX = 16 * 1024 * 1024
type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]


class TooLarge(Exception):
    """More of a body has come than any page or call takes."""


class Pages(ASGIHandler):
    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, at_most(BODY_BYTES_MAX, receive), send)
        except TooLarge:
            await self.send_response(_too_large(scope["path"]), send)

    async def get_response_async(self, request: HttpRequest) -> Any:
        return await sync_to_async(self._answer, thread_sensitive=False, executor=self.threads)(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        close_old_connections()
        return self.get_response(request)


def at_most(count: int, receive: Receive) -> Receive:
    """What is received, until its bodies have more than so many bytes: then TooLarge."""
    left = count

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge
        return message

    return counted


def _too_large(path: str) -> HttpResponse:
    """The connection ends with it: what is still on its way is not read."""
    status, words = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {BODY_BYTES_MAX // 1024**2} MB are read."
    made = (
        problem(status, "too_large", words)
        if path.startswith("/api/")
        else HttpResponse(words, "text/plain; charset=utf-8", status)
    )
    made.headers["Connection"] = "close"
    return made
