"""Every operation of the description × who may call it: no token, another scope, another team, a session."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.models import AuditEvent
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run
from hybridops.teams.machines import SCOPES
from hybridops.web.api import v1
from tests.api.calling import Caller, is_problem, person, service
from tests.world import World, submit

PATHS = v1.api.get_openapi_schema(path_prefix="")["paths"]
OPERATIONS = [(path, method) for path, found in PATHS.items() for method in found]
# The scope of each part, and what a good token of another team gets where it names nothing of that team.
SCOPE_OF = {
    "Me": "runs:read",
    "Data and backends": "runs:read",
    "Runs": "runs:read",
    "Approvals": "runs:read",
    "Definitions": "definitions:propose",
}
SCOPE_OF |= {"Money": "money:read", "Audit": "audit:read"}
WRITES = {
    "/quotes": "runs:submit", "/runs": "runs:submit", "/runs/{run_id}/cancel": "runs:submit",
    "/runs/{run_id}/replay": "runs:submit", "/snapshots": "data:write",
    "/proposals": "definitions:propose",
    "/approvals/{request_id}/challenge": "approvals:decide", "/approvals/{request_id}/decision": "approvals:decide",
}  # fmt: skip
PEOPLES = {"approvals:decide", "definitions:propose"}  # no service ever has these
EMPTY_ELSEWHERE = {"/runs", "/snapshots", "/approvals", "/budgets"}


def scope_of(path: str, method: str) -> str:
    return WRITES[path] if method == "post" else SCOPE_OF[PATHS[path][method]["tags"][0]]


@pytest.fixture
def numbers(world: World) -> dict[str, int]:
    run = submit(world)
    drive(run.pk)
    return {
        "run_id": run.pk, "request_id": ApprovalRequest.objects.get().pk, "snapshot_id": world.snapshot.pk,
        "event_id": AuditEvent.objects.order_by("pk")[0].pk,
    }  # fmt: skip


def address(path: str, numbers: dict[str, int]) -> str:
    return path.format(name="fake", **numbers)


def call(caller: Caller, path: str, method: str, numbers: dict[str, int]) -> Any:
    where = address(path, numbers)
    if method == "get":
        return caller.get(where)
    vote = {"verdict": "approve", "digest": "0" * 64}
    run = {"workflow": "fake", "project": 1, "snapshot": numbers["snapshot_id"], "title": "x"}
    fields = {"project": 1, "workflow": "fake", "builtin": "x"}
    return caller.send(where, fields) if path == "/snapshots" else caller.post(where, {**vote, **run})


def call_and_way(caller: Caller, path: str, method: str, numbers: dict[str, int]) -> tuple[Any, list[str]]:
    """The answer, and what was asked of the database on the way, without the numbers in it."""
    with CaptureQueriesContext(connection) as asked:
        answer = call(caller, path, method, numbers)
    return answer, [re.sub(r"[0-9]+", "?", one["sql"]) for one in asked]


def test_there_is_an_operation_for_everything_that_is_promised() -> None:
    assert len(OPERATIONS) >= 23
    assert {path for path, method in OPERATIONS if method == "post"} == set(WRITES)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nobody_comes_in_without_a_token(
    world: World, numbers: dict[str, int], path: str, method: str
) -> None:
    assert is_problem(call(Caller("x" * 40), path, method, numbers), 401, "no_token")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.people["ines"])  # a session is no token
    told = {"content_type": "application/json", "data": json.dumps({})} if method == "post" else {}
    answer = getattr(browser, method)(f"/api/v1{address(path, numbers)}", **told)
    assert is_problem(answer, 401, "no_token") and answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_a_token_opens_what_its_scopes_say(
    world: World, numbers: dict[str, int], path: str, method: str
) -> None:
    needed = scope_of(path, method)
    others = person(world.mikkel, " ".join({*SCOPES, *PEOPLES} - {needed}))
    assert is_problem(call(others, path, method, numbers), 403, "no_scope")
    exactly = person(world.mikkel, needed)
    assert call(exactly, path, method, numbers).json().get("code") != "no_scope" if method == "post" else True


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_another_team_s_is_not_there(
    world: World, numbers: dict[str, int], path: str, method: str
) -> None:
    alien = person(world.zoe)
    before = Run.objects.count(), ApprovalRequest.objects.get().state
    answer, way = call_and_way(alien, path, method, numbers)
    if "{" in path and not path.startswith("/workflows/{name}"):
        none, same = call_and_way(alien, path, method, dict.fromkeys(numbers, 999_999))
        assert is_problem(answer, 404, "not_found") and answer.content == none.content
        assert way == same, "a clock can tell what is another team's from what is not there"
    elif method == "get" and path in EMPTY_ELSEWHERE:
        told = answer.json()
        assert (told if isinstance(told, list) else told["items"]) == []
    elif method == "post":
        assert answer.status_code == 422
    assert b"Wave 14" not in answer.content
    assert before == (Run.objects.count(), ApprovalRequest.objects.get().state)


def test_a_service_of_another_team_sees_none_of_it_either(world: World, numbers: dict[str, int]) -> None:
    alien = service(world.zoe.memberships.get().team, world.zoe, name="alien")
    for path, method in OPERATIONS:
        assert b"Wave 14" not in call(alien, path, method, numbers).content
