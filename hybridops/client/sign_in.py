"""Where a token comes from: given, asked for with a service's secret, or a person's own, which renews itself."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hybridops.client.errors import BadAnswer, ClientError, NoAnswer, NotSignedIn
from hybridops.client.store import Pair, Store
from hybridops.client.wire import MIB, Answer, Call, Wire

CLIENT_ID = "hybridops-cli"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EARLY = 30.0  # seconds before its end at which a token is renewed
SLOWER = 5.0  # RFC 8628: so many seconds more after each slow_down
SIGN_IN_AGAIN = "You are not signed in there any more. Sign in again."
type Show = Callable[[str, str], None]  # an address to open, and the code to type there


class Tokens(Protocol):
    """Whose token it is, is the site's to say."""

    def bearer(self) -> str:
        """A token that should be good; raises NotSignedIn."""

    def renew(self, refused: str) -> bool:
        """Whether another token than the refused one is there now."""


class Given:
    """A token somebody gave, as it is."""

    def __init__(self, token: str) -> None:
        self._token = token

    def bearer(self) -> str:
        return self._token

    def renew(self, refused: str) -> bool:
        return False


class Service:
    """Client credentials: a token of five minutes, and the next one when it is due."""

    def __init__(self, wire: Wire, client_id: str, secret: str, scopes: str) -> None:
        self._wire, self._scopes = wire, scopes
        self._basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._pair: Pair | None = None

    def bearer(self) -> str:
        if self._pair is None or self._pair.ends_at - EARLY < time.time():
            fields = {"grant_type": "client_credentials", "scope": self._scopes}
            answer = _post(self._wire, "/api/token", fields, Authorization=f"Basic {self._basic}")
            if answer.status != 200:
                raise NotSignedIn("The site does not know this service, or its secret was replaced.")
            self._pair = _pair(answer.json())
        return self._pair.access

    def renew(self, refused: str) -> bool:
        self._pair = None
        return self.bearer() != refused


class Person:
    """A person's own tokens, kept in their store and renewed there."""

    def __init__(self, wire: Wire, store: Store) -> None:
        self._wire, self._store = wire, store

    def bearer(self) -> str:
        pair = self._store.pair(self._wire.url)
        if pair is None:
            raise NotSignedIn("You are not signed in there. Sign in first.")
        if pair.ends_at - EARLY < time.time():
            self.renew(pair.access)
            pair = self._store.pair(self._wire.url) or pair
        return pair.access

    def renew(self, refused: str) -> bool:
        site = self._wire.url
        with self._store.alone():
            pair = self._store.pair(site)
            if pair is None:
                raise NotSignedIn(SIGN_IN_AGAIN)
            if pair.access != refused:
                return True  # another program was first
            fields = {"grant_type": "refresh_token", "refresh_token": pair.refresh, "client_id": CLIENT_ID}
            answer = _post(self._wire, "/api/token", fields)
            if answer.status == 200:
                self._store.keep(site, _pair(answer.json()))
                return True
            if answer.status in (400, 401):
                self._store.keep(site, None)
                raise NotSignedIn(SIGN_IN_AGAIN)
            raise NoAnswer(f"{site} gives no token just now ({answer.status}).", maybe_done=False)


def by_device(wire: Wire, show: Show, scope: str = "") -> Pair:
    """The device flow (RFC 8628): shows a code that the person confirms in their browser, and waits for it."""
    answer = _post(wire, "/api/device", {"client_id": CLIENT_ID, **({"scope": scope} if scope else {})})
    if answer.status != 200:
        raise ClientError(f"{wire.url} takes no command lines ({answer.status}). Ask its administrator.")
    told = _object(answer)
    code, device = _text(told, "user_code"), _text(told, "device_code")
    # The address is made here: an answer cannot send the person to another site.
    show(f"{wire.url}/account/device/", code)
    pause, ends = (
        max(1.0, _number(told, "interval", 5.0)),
        time.monotonic() + _number(told, "expires_in", 300.0),
    )
    fields = {"grant_type": DEVICE_GRANT, "client_id": CLIENT_ID, "device_code": device}
    while time.monotonic() < ends:
        wire.sleep(pause)
        try:
            answer = _post(wire, "/api/token", fields)
        except NoAnswer:
            continue
        if answer.status == 200:
            return _pair(answer.json())
        said = str(_object(answer).get("error", ""))
        if said == "slow_down":
            pause += SLOWER
        elif said != "authorization_pending":
            raise NotSignedIn(
                "It was denied." if said == "access_denied" else "The code has ended. Try again."
            )
    raise NotSignedIn("Nobody confirmed the code in time. Try again.")


def end(wire: Wire, store: Store) -> bool:
    """Ends the tokens at the site and forgets them here; whether the site said that it did."""
    with store.alone():
        pair = store.pair(wire.url)
        store.keep(wire.url, None)
    if pair is None:
        return True
    try:
        return _post(wire, "/api/revoke", {"token": pair.refresh, "client_id": CLIENT_ID}).status == 200
    except (NoAnswer, BadAnswer):
        return False


def _post(wire: Wire, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
    return wire.call(Call("POST", path, False, headers, {"data": dict(fields)}, answer_max=MIB))


def _object(answer: Answer) -> dict[str, Any]:
    told = answer.json()
    if not isinstance(told, dict):
        raise BadAnswer("The site's answer about tokens is no object.")
    return told


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise BadAnswer(f"The site's answer about tokens has no {name}.")
    return value


def _number(told: Mapping[str, Any], name: str, otherwise: float) -> float:
    value = told.get(name)
    return float(value) if isinstance(value, int | float) and 0 <= value < 86400 else otherwise


def _pair(told: Any) -> Pair:
    if not isinstance(told, dict):
        raise BadAnswer("The site's answer about tokens is no object.")
    refresh = _text(told, "refresh_token") if "refresh_token" in told else ""
    return Pair(_text(told, "access_token"), refresh, time.time() + _number(told, "expires_in", 300.0))
