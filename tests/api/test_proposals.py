"""A notebook becomes a draft over the API, for whom the page would make one."""

from __future__ import annotations

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from hybridops.definitions.models import Draft
from hybridops.domain.actors import SYSTEM
from hybridops.engine.builtin import sign_shipped
from tests.api.calling import is_problem, person, service
from tests.world import World

HEADER = 'HYBRIDOPS = {"based_on": "routing", "title": "Wider", "parameters": {"shots": {"high": 8192}}}'


def notebook(*cells: str) -> Any:
    body = {"cells": [{"cell_type": "code", "source": one} for one in cells], "nbformat": 4}
    return SimpleUploadedFile("wider.ipynb", json.dumps(body).encode())


def test_a_notebook_becomes_a_draft_once(world: World) -> None:
    sign_shipped(actor=SYSTEM)
    ines = person(world.ines)
    made = ines.send("/proposals", {"source": notebook(HEADER, "import os")}, Idempotency_Key="k")
    assert made.status_code == 201, made.content
    told, draft = made.json(), Draft.objects.get()
    assert (told["id"], told["name"], told["path"]) == (draft.pk, "routing", f"/definitions/{draft.pk}/")
    assert draft.author == world.ines and draft.source_name == "wider.ipynb"
    assert "a dry run of this revision that passed" in told["missing"]
    again = ines.send("/proposals", {"source": notebook(HEADER, "import os")}, Idempotency_Key="k")
    assert again.json() == told and Draft.objects.count() == 1
    other = ines.send("/proposals", {"source": notebook(HEADER)}, Idempotency_Key="k")
    assert is_problem(other, 409, "conflict")


def test_what_is_no_proposal_is_said(world: World) -> None:
    sign_shipped(actor=SYSTEM)
    ines = person(world.ines)
    bad = ines.send("/proposals", {"source": SimpleUploadedFile("x.ipynb", b"{")})
    assert is_problem(bad, 422, "bad_input")
    none = ines.send("/proposals", {"source": notebook("import os")})
    assert is_problem(none, 422, "bad_input") and none.json()["field"] == "source"
    large = SimpleUploadedFile("large.py", b"#" * 1_000_001)
    assert is_problem(ines.send("/proposals", {"source": large}), 422, "bad_input")
    assert is_problem(ines.send("/proposals", {}), 422, "invalid")
    assert not Draft.objects.exists()


def test_who_may_not_propose_here(world: World) -> None:
    """A reviewer, another team's analyst for this team, a service, and a token without the scope."""
    sign_shipped(actor=SYSTEM)
    assert is_problem(person(world.mikkel).send("/proposals", {"source": notebook(HEADER)}), 404, "not_found")
    theirs = person(world.zoe).send("/proposals", {"source": notebook(HEADER), "team": world.team.slug})
    assert is_problem(theirs, 404, "not_found")
    assert (
        person(world.ines).send("/proposals", {"source": notebook(HEADER), "team": "other"}).status_code
        == 404
    )
    robot = service(world.team, world.mikkel)
    assert is_problem(robot.send("/proposals", {"source": notebook(HEADER)}), 403, "no_scope")
    reader = person(world.ines, "runs:read")
    assert is_problem(reader.send("/proposals", {"source": notebook(HEADER)}), 403, "no_scope")
    assert not Draft.objects.exists()
