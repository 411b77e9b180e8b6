"""Django's pages in a few threads that stay, each with its own connection to the database.

Django's handler walks the middleware on the event loop and goes to a thread for both halves of each and for the view:
some twenty changes a request, and each waits while the loop tells hundreds of sockets something. Its threads end with
the request, and their connections with them. Nothing here is asynchronous but the live socket, so one change is enough.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

THREADS = 16  # at most as many connections to the database


class Pages(ASGIHandler):
    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> Any:
        return await sync_to_async(self._answer, thread_sensitive=False, executor=self.threads)(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        close_old_connections()
        return self.get_response(request)
