"""How the client asks: with a token, under a key where it writes, and every no as an exception."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Self
from uuid import uuid4

import httpx

from hybridops.client import sign_in
from hybridops.client.errors import BadAnswer, NotSignedIn, Problem
from hybridops.client.reading import read_list
from hybridops.client.run_shapes import RunShort
from hybridops.client.shapes import RequestShort
from hybridops.client.store import Store
from hybridops.client.wire import Answer, Call, Patience, Wire, with_headers

ROWS = 100
type Which = int | RunShort
type WhichRequest = int | RequestShort


class Asking:
    """A site and a token. Without one given, it is the person's who signed in on this machine."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        tokens: sign_in.Tokens | None = None,
        patience: Patience | None = None,
        insecure: bool = False,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        more: dict[str, Any] = {"patience": patience, "insecure": insecure, "transport": transport}
        self.wire = Wire(url, sleep=sleep, **more)
        self.tokens = tokens or (sign_in.Given(token) if token else sign_in.Person(self.wire, Store()))

    @property
    def url(self) -> str:
        return self.wire.url

    def close(self) -> None:
        self.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _get(self, path: str, **params: Any) -> Any:
        return self._send(get_call(path, **params)).json()

    def _file(self, path: str, media: str, most: int, sent: Mapping[str, Any]) -> bytes:
        answer = self._send(Call("GET", f"/api/v1{path}", True, sent=sent, answer_max=most))
        if answer.media != media:
            raise BadAnswer(f"The site answered with {answer.media or 'nothing'}, not with {media}.")
        return answer.content

    def _ask(self, path: str, body: Mapping[str, Any], *, safe: bool) -> Any:
        return self._send(Call("POST", f"/api/v1{path}", safe, sent={"json": body})).json()

    def _write(self, path: str, key: str, **sent: Any) -> Any:
        """One write under one key, which all its repeats carry: the site does it once."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        return self._send(Call("POST", f"/api/v1{path}", True, headers, sent or {"json": {}})).json()

    def _pages[T](self, shape: type[T], path: str, **params: Any) -> Iterator[T]:
        asked, seen = {name: value for name, value in params.items() if value}, set[str]()
        cursor = ""
        while True:
            told = self._get(path, **asked, limit=ROWS, **({"cursor": cursor} if cursor else {}))
            if not isinstance(told, dict):
                raise BadAnswer("The site's page is no object.")
            yield from read_list(shape, told.get("items"))
            cursor = str(told.get("next") or "")
            if not cursor:
                return
            if cursor in seen:
                raise BadAnswer("The site's pages go round in a circle.")
            seen.add(cursor)

    def _send(self, asked: Call) -> Answer:
        """With a token, renewed once where it was refused: what is refused was not done."""
        token = self.tokens.bearer()
        answer = self.wire.call(with_headers(asked, Authorization=f"Bearer {token}"))
        if answer.status == 401 and self.tokens.renew(token):
            answer = self.wire.call(with_headers(asked, Authorization=f"Bearer {self.tokens.bearer()}"))
        if answer.status >= 400:
            raise _problem(answer)
        return answer


def get_call(path: str, **params: Any) -> Call:
    return Call("GET", f"/api/v1{path}", True, sent={"params": params} if params else {})


def pk(which: Which | WhichRequest) -> int:
    return which.id if isinstance(which, RunShort | RequestShort) else int(which)


def wished(workflow: str, project: int, snapshot: int, wish: Mapping[str, Any]) -> dict[str, Any]:
    told = {"workflow": workflow, "project": project, "snapshot": snapshot}
    return told | {name: _plain(value) for name, value in wish.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _problem(answer: Answer) -> Problem:
    """The site's no; raises BadAnswer where something else than the site answered."""
    told = answer.json() if answer.media == "application/problem+json" else None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        raise BadAnswer(f"The site answered {answer.status} without saying why. A proxy may stand before it.")
    detail, errors = str(told.get("detail") or told["code"]), told.get("errors")
    if told["code"] == "no_token":
        return NotSignedIn(detail)
    faults = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    named = {"field": str(told.get("field") or ""), "errors": faults, "retry_after": answer.retry_after()}
    return Problem(answer.status, told["code"], detail, **named)  # type: ignore[arg-type]
