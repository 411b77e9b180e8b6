"""The description is the contract: schemathesis sends what it allows and what it does not, and looks at what comes.

For twenty minutes, each operation its share: `HYBRIDOPS_API_MINUTES=20 python3 manage.py test tests/api/test_description.py`.
"""

from __future__ import annotations

import os
from time import monotonic
from typing import Any

import fakeredis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from hybridops.engine.inline import drive
from hybridops.web.api import pace, v1
from tests.api.calling import person
from tests.realdb import RealDatabase
from tests.world import submit

MINUTES = float(os.environ.get("HYBRIDOPS_API_MINUTES", "0"))
EXAMPLES = 100 if MINUTES else 5  # CI gives it minutes
WHO = {"Audit": "aud", "Money": "farah", "Approvals": "mikkel"}  # whoever gets furthest there


@pytest.fixture
def described(real: RealDatabase, monkeypatch: pytest.MonkeyPatch) -> Any:
    world, shared = real.world, fakeredis.FakeStrictRedis()
    monkeypatch.setattr(pace, "broker", lambda: shared)
    monkeypatch.setattr("django.conf.settings.API_CALLS_A_MINUTE", 10**9)
    drive(submit(world).pk)
    tokens = {name: person(world.people[name]).token for name in (*WHO.values(), "ines")}
    found = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    found.tokens = tokens
    return found


CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, found in v1.api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items()
    for method in found
]


@pytest.mark.slow
@pytest.mark.parametrize("named", OPERATIONS)
def test_every_answer_is_as_described(named: str, described: Any) -> None:
    found = described.find_operation_by_label(named)
    who = WHO.get(found.definition.raw["tags"][0], "ines")
    headers = {"Authorization": f"Bearer {described.tokens[who]}"}

    @given(
        case=found.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | found.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    end = monotonic() + 60 * MINUTES / len(OPERATIONS)
    holds()
    while monotonic() < end:
        holds()
