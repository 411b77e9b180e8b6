"""Calls over HTTP: bounded in time and size, never led elsewhere, and repeated only where that is safe."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import httpx

from hybridops.client.errors import BadAnswer, ClientError, NoAnswer

MIB = 1024 * 1024
ANSWER_MAX = 32 * MIB
AGAIN = (429, 502, 503, 504)
NOT_DONE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)  # nothing had been sent by then
HERE = ("localhost", "127.0.0.1", "::1")
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to `connect`, for one piece of an answer (`read`), and for a call with all its repeats (`whole`)."""

    connect: float = 5.0
    read: float = 30.0
    whole: float = 90.0
    attempts: int = 6
    pause: float = 0.25
    pause_max: float = 8.0

    def after(self, attempt: int) -> float:
        """The pause after an attempt, counted from 1: it doubles, and half of it is chance."""
        full = min(self.pause_max, self.pause * 2.0 ** (attempt - 1))
        return full * _random.uniform(0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Call:
    """`safe`: asking twice does no more than asking once."""

    method: str
    path: str
    safe: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)  # httpx's params, json, data, files
    answer_max: int = ANSWER_MAX


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body; raises BadAnswer where it is no JSON."""
        if self.media not in ("application/json", "application/problem+json"):
            raise BadAnswer(f"The site answered {self.status} with {self.media or 'nothing'}, not with JSON.")
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise BadAnswer(f"The site answered {self.status} with JSON that cannot be read.") from None

    def retry_after(self) -> float | None:
        """Seconds that the site asks for, from either form of Retry-After; None where it asks for none."""
        told = self.headers.get("retry-after", "").strip()
        if told.isascii() and told.isdecimal() and len(told) < 10:
            return float(told)
        try:
            until = parsedate_to_datetime(told)
        except ValueError:
            return None
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def site(url: str, *, insecure: bool = False) -> str:
    """The address of a site without its end; raises ClientError where a token would go over an open network."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ClientError(f"{url} is no address of a site. Give one like https://lab.example.") from None
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.query or parts.fragment:
        raise ClientError(f"{url} is no address of a site. Give one like https://lab.example.")
    if parts.scheme == "http" and host not in HERE and not insecure:
        raise ClientError(
            f"{url} would send your token in the clear. Use https, or say that it may be insecure."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


class Wire:
    """One site. `transport` and `sleep` are httpx's and the clock's own where they are not given."""

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        insecure: bool = False,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url, self.patience, self.sleep = site(url, insecure=insecure), patience or Patience(), sleep
        waits = httpx.Timeout(self.patience.read, connect=self.patience.connect)
        self._http = httpx.Client(timeout=waits, transport=transport, follow_redirects=False)
        # What is compressed could be a thousand times larger than what came.
        self._http.headers.update({"Accept-Encoding": "identity", "User-Agent": "hybridops-client/1"})

    def close(self) -> None:
        self._http.close()

    def call(self, asked: Call) -> Answer:
        """The answer, whatever its status. Raises NoAnswer after the last attempt, BadAnswer for what is none."""
        ends = time.monotonic() + self.patience.whole
        for attempt in count(1):
            pause = self.patience.after(attempt)
            try:
                answer = self._once(asked, ends)
            except httpx.TransportError as lost:
                done = not isinstance(lost, NOT_DONE)
                if (done and not asked.safe) or not self._may_wait(attempt, pause, ends):
                    raise self._lost(lost, maybe_done=done) from lost
            else:
                if answer.status not in AGAIN or not (asked.safe or answer.status == 429):
                    return answer
                pause = max(pause, answer.retry_after() or 0.0)
                if not self._may_wait(attempt, pause, ends):
                    return answer
            self.sleep(pause)
        raise AssertionError("the attempts are counted above")

    def _may_wait(self, attempt: int, pause: float, ends: float) -> bool:
        return attempt < self.patience.attempts and time.monotonic() + pause < ends

    def _lost(self, why: Exception, *, maybe_done: bool) -> NoAnswer:
        what = "did not answer" if maybe_done else "cannot be reached"
        return NoAnswer(f"{self.url} {what} ({type(why).__name__}).", maybe_done=maybe_done)

    def _once(self, asked: Call, ends: float) -> Answer:
        address = self.url + asked.path
        with self._http.stream(asked.method, address, headers=dict(asked.headers), **asked.sent) as came:
            if 300 <= came.status_code < 400 and came.status_code != 304:
                raise BadAnswer(f"{self.url} leads elsewhere ({came.status_code}). Nothing was sent there.")
            if came.headers.get("content-encoding", "identity") != "identity":
                raise BadAnswer(f"{self.url} answered compressed, which was not asked for.")
            return Answer(came.status_code, dict(came.headers), self._body(came, asked.answer_max, ends))

    def _body(self, came: httpx.Response, most: int, ends: float) -> bytes:
        """Read piece by piece: neither an endless nor an endlessly slow answer holds the caller."""
        body = bytearray()
        for piece in came.iter_bytes():
            body += piece
            if len(body) > most:
                raise BadAnswer(f"{self.url} answered more than {most // MIB} MiB.")
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("the answer comes too slowly")
        return bytes(body)


def with_headers(asked: Call, **more: str) -> Call:
    """The same call with headers added; underscores are dashes."""
    named = {name.replace("_", "-"): value for name, value in more.items() if value}
    return replace(asked, headers={**asked.headers, **named})
