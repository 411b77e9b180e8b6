"""The live door's address, open to pages of our own origin only."""

from __future__ import annotations

from typing import Any

from channels.exceptions import DenyConnection
from channels.routing import URLRouter
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import path

from hybridops.web.live.consumer import LiveConsumer

FOREIGN = 4403


class OwnOrigin:
    """Lets a socket through whose Origin is exactly the address it connects to, or a trusted one."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not _is_own(scope):
            await receive()
            await send({"type": "websocket.close", "code": FOREIGN})
            return
        try:
            await self.inner(scope, receive, send)
        except (ValueError, DenyConnection):  # no such socket
            await send({"type": "websocket.close", "code": FOREIGN})


def _is_own(scope: dict[str, Any]) -> bool:
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    host, origin = headers.get("host", ""), headers.get("origin", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    scheme = "https" if settings.HTTPS or scope.get("scheme") in ("wss", "https") else "http"
    return origin == f"{scheme}://{host}" or origin in settings.CSRF_TRUSTED_ORIGINS


application = OwnOrigin(URLRouter([path("live/", LiveConsumer.as_asgi())]))
