"""A service that asks for runs over the API, on connections that stay open, as the client does."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import suppress
from http.client import HTTPConnection
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

TOKEN_SECONDS = 240.0  # of five minutes


class Service:
    def __init__(self, url: str, world: Any) -> None:
        from hybridops.domain.actors import SYSTEM
        from hybridops.teams import machines

        _, made = machines.add_service(
            username="load", name="Load", kind="service", sponsor=world.mikkel, team=world.team, actor=SYSTEM
        )
        self.basic = base64.b64encode(f"{made.client_id}:{made.secret}".encode()).decode()
        self.place, self.mine, self.lock = urlsplit(url).netloc, threading.local(), threading.Lock()
        self.token, self.until = "", 0.0
        self.wish = {
            "workflow": "noop", "project": world.project.pk, "snapshot": world.snapshot.pk, "title": "Load", "priority_class": "research",
            "anyway": "to measure", "fallback": "stop", "cost_max_usd": "50", "backend": "null", "parameters": {"shots": 10},
        }  # fmt: skip

    def submit(self) -> int:
        body = json.dumps(self.wish).encode()
        sent = {
            "Authorization": f"Bearer {self._token()}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid4().hex,
        }
        return int(self._call("/api/v1/runs", body, sent, 201)["id"])

    def _token(self) -> str:
        with self.lock:
            if monotonic() > self.until:
                asked = urlencode(
                    {"grant_type": "client_credentials", "scope": "runs:read runs:submit"}
                ).encode()
                kind = {
                    "Authorization": f"Basic {self.basic}",
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                self.token = self._call("/api/token", asked, kind, 200)["access_token"]
                self.until = monotonic() + TOKEN_SECONDS
            return self.token

    def _call(self, path: str, body: bytes, headers: dict[str, str], wanted: int) -> dict[str, Any]:
        status, read = self._asked(path, body, headers)
        told: dict[str, Any] = json.loads(read)
        if status != wanted:
            raise RuntimeError(f"{path}: {status} {told}")
        return told

    def _asked(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Once more with the same key where a connection that was kept has been closed, as any client does."""
        kept: HTTPConnection | None = self.mine.__dict__.pop("connection", None)
        if kept is not None:
            with suppress(ConnectionError):
                return self._over(kept, path, body, headers)
        return self._over(HTTPConnection(self.place, timeout=60), path, body, headers)

    def _over(
        self, connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        read = answer.read()
        self.mine.connection = connection
        return answer.status, read
