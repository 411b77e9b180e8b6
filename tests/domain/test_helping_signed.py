"""The rule of a verdict stands in the signed definition, or nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from hybridops.domain.errors import BadInput
from hybridops.domain.helping import Rule
from hybridops.domain.proposal import body_of
from hybridops.domain.workflow import SCHEMAS, parse
from hybridops.engine import wiring
from hybridops.engine.builtin import document
from tests.world import FAKE

RULE = {"delta": 0.01, "bound": 0.1, "pairs": 30, "method": "betting"}


def signed(**changed: Any) -> dict[str, Any]:
    return {**FAKE, "implementation": "0" * 64, **changed}


def test_a_definition_without_a_rule_is_read_as_before() -> None:
    assert FAKE["schema"] == SCHEMAS[0]
    assert parse(signed()).helping is None


def test_a_definition_says_its_rule() -> None:
    assert parse(signed(schema=SCHEMAS[1], helping=RULE)).helping == Rule(0.01, 0.1, 30)


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": SCHEMAS[0], "helping": RULE},
        {"schema": SCHEMAS[1]},
        {"schema": SCHEMAS[1], "helping": None},
        {"schema": SCHEMAS[1], "helping": {**RULE, "pairs": 1}},
        {"schema": SCHEMAS[1], "helping": {**RULE, "delta": 0.09}},
        {"schema": SCHEMAS[1], "helping": {**RULE, "method": "student"}},
        {"schema": SCHEMAS[1], "helping": {**RULE, "looks": 3}},
        {"schema": "hybridops.workflow/3", "helping": RULE},
    ],
)
def test_anything_else_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse(signed(**changed))


def test_a_notebook_may_bring_a_rule() -> None:
    body = body_of({"name": "new", "helping": RULE}, signed(), author="user:1")
    assert (body["schema"], parse(body).helping) == (SCHEMAS[1], Rule(0.01, 0.1, 30))


@pytest.mark.parametrize("name", wiring.WORKFLOWS)
def test_every_shipped_definition_says_its_rule(name: str) -> None:
    assert parse({**document(name), "implementation": "0" * 64}).helping is not None
