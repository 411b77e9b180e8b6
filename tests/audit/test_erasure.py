"""Names and words can be taken away; every proof stands, and says that they were."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hybridops.audit import queries
from hybridops.audit.models import AuditEvent, Payload
from hybridops.audit.services import erase, record, seal, sequence
from hybridops.audit.verify import verify
from hybridops.domain.actors import SYSTEM, Actor
from tests.realdb import RealDatabase
from tests.world import World

MIKKEL = Actor("person", "77", "Mikkel Holm")
WORKER = Actor("worker", "w1", "w1", "Mikkel Holm")


def tell(actor: Actor = MIKKEL, **personal: str) -> AuditEvent:
    with transaction.atomic():
        record(stream="run:1", action="approval.voted", actor=actor, facts={"n": 1}, personal=personal)
    return AuditEvent.objects.order_by("-id")[0]


def everything() -> None:
    while sequence():
        pass
    seal()


def test_no_event_holds_a_name_or_a_reason(real: RealDatabase) -> None:
    event = tell(reason="the budget of Mikkel's sister")
    tell(WORKER)
    for row in AuditEvent.objects.order_by("-id")[:2]:
        assert "Mikkel" not in row.body + row.actor
    assert event.actor == "person:77"
    (seen,) = queries.seen([event])
    assert (seen.who, seen.facts["reason"]) == ("Mikkel Holm", "the budget of Mikkel's sister")


def test_a_name_is_written_once_and_costs_nothing_afterwards(real: RealDatabase) -> None:
    tell()
    before = Payload.objects.count()
    with CaptureQueriesContext(
        connection,
    ) as plain:
        tell()
    with CaptureQueriesContext(connection) as worded:
        tell(reason="because", note="and so on")
    assert Payload.objects.count() == before + 2
    count = [sum("audit_" in q["sql"] and not q["sql"].startswith("SELECT") for q in one.captured_queries) for one in (plain, worded)]  # fmt: skip
    assert count == [2, 3], "the number and the event; and all texts together"


def test_a_name_that_was_rolled_back_is_written_again(real: RealDatabase) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(stream="run:1", action="a.b", actor=MIKKEL, facts={})
        _ = 1 // 0
    (seen,) = queries.seen([tell()])
    assert seen.who == "Mikkel Holm"
    assert verify().verified, verify().findings


def test_what_is_erased_is_gone_and_every_proof_holds(real: RealDatabase) -> None:
    event = tell(reason="private words")
    owned = tell(WORKER)
    everything()
    assert erase(actor=SYSTEM, why="she asked", about="person:77") == 3
    assert erase(actor=SYSTEM, why="again", about="person:77") == 0
    everything()
    report = verify()
    assert report.verified, report.findings
    assert report.erased == 3
    assert not Payload.objects.filter(text__contains="Mikkel").exists()
    assert not Payload.objects.filter(text__contains="private").exists()
    (seen,) = queries.seen([AuditEvent.objects.get(pk=event.pk)])
    assert (seen.who, list(seen.erased), "reason" in seen.facts) == ("person 77", ["reason"], False)
    assert queries.prove(queries.event_at(event.pk), queries.state()).problem == ""
    assert queries.prove(queries.event_at(owned.pk), queries.state()).problem == ""
    assert queries.texts_of([event.body.encode()]) == []
    (again,) = queries.seen([tell()])
    assert again.who == "Mikkel Holm", "who goes on acting has a name again"


def test_one_text_is_erased_by_its_digest(real: RealDatabase) -> None:
    event = tell(reason="private words", note="kept")
    digest = json.loads(event.body)["personal"]["reason"]
    assert erase(actor=SYSTEM, why="asked", digest=digest) == 1
    (seen,) = queries.seen([event])
    assert (list(seen.erased), seen.facts["note"]) == (["reason"], "kept")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit_payload SET text = 'kind words' WHERE text = 'private words'", "the reason of person:77 was altered"),
        ("UPDATE audit_payload SET about = 'person:78' WHERE text = 'private words'", "the reason of person:78 was altered"),
        ("DELETE FROM audit_payload WHERE text = 'private words'", "has lost a personal text"),
        ("UPDATE audit_payload SET text = '', salt = '', about = '', field = '', erased_at = '2026-01-01' WHERE text = 'private words'", "no event tells of this erasure"),
    ],
)  # fmt: skip
def test_what_is_taken_away_in_secret_is_found(real: RealDatabase, statement: str, words: str) -> None:
    from tests.audit.test_log import unguarded

    tell(reason="private words")
    everything()
    unguarded(real, statement)
    assert any(words in finding for finding in verify().findings), verify().findings


def test_an_erased_text_that_comes_back_is_found(real: RealDatabase) -> None:
    from tests.audit.test_log import unguarded

    tell(reason="private words")
    erase(actor=SYSTEM, why="asked", about="person:77")
    everything()
    unguarded(real, "UPDATE audit_payload SET text = 'x' WHERE erased_at IS NOT NULL")
    assert not verify().verified


def test_a_database_from_before_is_refused_in_one_sentence(world: World) -> None:
    """Its signed statements have names and reasons in clear."""
    refuse = import_module("hybridops.audit.migrations.0004_words_by_digest").refuse_old_logs
    with pytest.raises(CommandError, match=r"earlier version.*Make a new data folder"):
        refuse(apps, None)


def test_pages_show_the_words_while_they_are_there(world: World) -> None:
    event = tell(reason="private words")
    client = Client()
    client.force_login(world.aud)
    address = f"/audit/{event.pk}/"
    assert "private words" in client.get(address).content.decode()
    assert "private words" in client.get("/audit/").content.decode()
    erase(actor=SYSTEM, why="asked", about="person:77")
    html = client.get(address).content.decode()
    assert "private words" not in html
    assert "erased on" in html
