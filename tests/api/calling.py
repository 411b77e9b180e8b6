"""Programs at the door: services and people's command lines with real tokens, and calls with them."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from hybridops.domain.actors import SYSTEM
from hybridops.teams import machines
from hybridops.teams.models import Team, User
from hybridops.teams.tokens import PEOPLES_CLIENT

PROBLEM = "application/problem+json"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Caller:
    """Calls /api/v1 with one token; answers are as Django's test client gives them."""

    def __init__(self, token: str) -> None:
        self.token, self.client = token, Client()

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        told, kind = json.dumps(body if body is not None else {}), "application/json"
        return self.client.post(f"/api/v1{path}", told, content_type=kind, headers=self._headers(headers))

    def send(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        return self.client.post(f"/api/v1{path}", fields, headers=self._headers(headers))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.token}", **named}


def service(team: Team, sponsor: User, *, name: str = "robot", scope: str = "") -> Caller:
    _, made = machines.add_service(
        username=name, name=name.title(), kind="service", sponsor=sponsor, team=team, actor=SYSTEM
    )
    basic = base64.b64encode(f"{made.client_id}:{made.secret}".encode()).decode()
    told = {"grant_type": "client_credentials", "scope": scope or " ".join(machines.SCOPES)}
    answer = Client().post("/api/token", told, headers={"Authorization": f"Basic {basic}"})
    return Caller(str(answer.json()["access_token"]))


def asked_by_device(**fields: str) -> dict[str, Any]:
    found: dict[str, Any] = _form("/api/device", {"client_id": PEOPLES_CLIENT, **fields}).json()
    return found


def _form(path: str, fields: dict[str, str]) -> Any:
    return Client().post(path, urlencode(fields), content_type="application/x-www-form-urlencoded")


def confirm(user: User, code: str, action: str = "confirm") -> Any:
    browser = Client()
    browser.force_login(user)
    return browser.post(f"/account/device/?code={code}", {"action": action})


def token_for(device_code: str) -> Any:
    told = {"grant_type": DEVICE, "client_id": PEOPLES_CLIENT, "device_code": device_code}
    return _form("/api/token", told)


def person(user: User, scope: str = "") -> Caller:
    """A person's own command line, after they confirmed it in their browser."""
    device = asked_by_device(**({"scope": scope} if scope else {}))
    confirm(user, device["user_code"])
    return Caller(str(token_for(device["device_code"]).json()["access_token"]))


def is_problem(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    found = (answer.status_code, answer["Content-Type"], body["status"], body["code"])
    return found == (status, PROBLEM, status, code) and bool(body["detail"])
