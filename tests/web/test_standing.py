"""Promote, keep, retire: who may, what follows, and what stays on record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils.html import strip_tags

from hybridops.audit.models import AuditEvent
from hybridops.definitions import lifecycle, reading
from hybridops.definitions.models import SignedDocument, WeeklyNote
from hybridops.definitions.queries import in_force
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Conflict, Unsigned
from hybridops.domain.helping import HELPING
from hybridops.teams.access import actor
from hybridops.teams.models import User
from tests.api.calling import service
from tests.web.test_evidence import get, grown, ruled, run_on
from tests.world import World, submit

__all__ = ["ruled"]
ADDRESS = "/evidence/fake/decide/"


def post(user: User, address: str = ADDRESS, **sent: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(address, {"seen": HELPING, "verdict": "promote", "why": "it pays", **sent})


@pytest.fixture
def helping(ruled: World) -> World:
    grown(run_on(ruled, 1, 90.0), 60, quantum=80.0, baseline=101.0, random=102.0)
    return ruled


def test_a_promoted_workflow_is_recommended_with_the_figures_of_that_moment(helping: World) -> None:
    week = strip_tags(get(helping.farah, "/cost/week/").content.decode())
    assert "The verdict is helping" in week and "recommended" not in strip_tags(
        get(helping.ines, "/workflows/").content.decode()
    )
    assert post(helping.mikkel).headers["Location"] == "/evidence/fake/?version=2"
    note = WeeklyNote.objects.get()
    assert (note.verdict, note.numbers["verdict"], note.numbers["pairs"]) == ("promote", "helping", 61)
    assert float(note.numbers["against"]["baseline"]["estimate"]) > 0
    event = AuditEvent.objects.filter(action="document.reviewed").get()
    assert event.actor == actor(helping.mikkel).key
    assert json.loads(event.body)["facts"]["numbers"] == note.numbers
    for address in ("/workflows/", "/workflows/fake/submit/", "/evidence/fake/"):
        assert "recommended" in strip_tags(get(helping.ines, address).content.decode()), address
    shown = strip_tags(get(helping.ines, "/evidence/fake/").content.decode())
    assert "“it pays”" in shown and "Then: helping, 61 pairs" in shown
    assert "The verdict is helping" not in strip_tags(get(helping.farah, "/cost/week/").content.decode())
    assert post(helping.mikkel, verdict="keep", why="wait").status_code == 302
    assert reading.recommended() == set()


def test_programs_read_the_decisions(helping: World) -> None:
    caller = service(helping.team, helping.ines, scope="runs:read")
    assert post(helping.mikkel).status_code == 302
    assert caller.get("/workflows/fake").json()["recommended"] is True
    (told,) = caller.get("/workflows/fake/decisions").json()
    assert (told["version"], told["verdict"], told["person"]) == (2, "promote", "Mikkel")
    assert told["figures"]["verdict"] == "helping"
    assert caller.get("/workflows/nothing/decisions").status_code == 404


def test_who_may_not_and_what_is_not_a_decision(helping: World) -> None:
    for name in ("ines", "farah", "omar", "aud", "zoe"):
        assert post(getattr(helping, name)).status_code == 404, name
    assert post(helping.mikkel, seen="unclear").status_code == 409
    assert post(helping.mikkel, why=" ").status_code == 422
    assert post(helping.mikkel, verdict="burn").status_code == 422
    assert post(helping.mikkel, address="/evidence/nothing/decide/").status_code == 404
    client = Client(enforce_csrf_checks=True)
    client.force_login(helping.mikkel)
    assert client.post(ADDRESS, {"seen": HELPING, "verdict": "promote", "why": "x"}).status_code == 403
    assert not WeeklyNote.objects.exists()


def test_nobody_promotes_what_they_wrote(helping: World) -> None:
    SignedDocument.objects.filter(kind="workflow", version=2).update(author=helping.mikkel)
    assert post(helping.mikkel).status_code == 422
    assert post(helping.mikkel, verdict="keep").status_code == 302
    assert post(helping.ada).status_code == 302


def test_a_retired_workflow_takes_no_run_and_nothing_more_is_decided(world: World) -> None:
    row = in_force("workflow", "fake")
    decided = {"document_id": row.pk, "numbers": {}, "person_id": world.mikkel.pk, "actor": SYSTEM}
    lifecycle.decide(verdict="retire", why="nobody wants it", **decided)
    assert reading.document_at(row.pk).state == "retired"
    assert [event.action for event in AuditEvent.objects.order_by("-pk")[:2]] == [
        "document.retired",
        "document.reviewed",
    ]
    with pytest.raises(Unsigned, match="no signed workflow"), transaction.atomic():
        submit(world)
    with pytest.raises(Conflict), transaction.atomic():
        lifecycle.decide(verdict="promote", why="after all", **decided)
    assert "What becomes of" not in get(world.mikkel, "/evidence/fake/").content.decode()
    policy = SignedDocument.objects.get(kind="policy")
    with pytest.raises(SignedDocument.DoesNotExist), transaction.atomic():
        lifecycle.decide(verdict="keep", why="x", **{**decided, "document_id": policy.pk})
