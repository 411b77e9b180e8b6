"""Where a team's webhook leads: remembers which events came, in which order, and how often."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sink:
    """`seen` counts each event's id; `order` has the first arrivals."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.order: list[str] = []
        self._lock = threading.Lock()
        sink = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sink.take(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *told: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/events"
        threading.Thread(target=self._server.serve_forever, name="sink", daemon=True).start()

    def take(self, event: dict[str, Any]) -> None:
        told = str(event["id"])
        with self._lock:
            if not self.seen[told]:
                self.order.append(told)
            self.seen[told] += 1

    def end(self) -> None:
        self._server.shutdown()
