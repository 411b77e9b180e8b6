"""The trail on a page: filtered, proved, recomputed; reading it leaves an event."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.html import strip_tags

from hybridops.audit import keyring, queries
from hybridops.audit.models import AuditEvent
from hybridops.audit.queries import State
from hybridops.audit.report import Report
from hybridops.audit.services import seal, sequence
from hybridops.domain import clock
from hybridops.engine.inline import drive
from hybridops.teams.models import User
from hybridops.trust import checkpoint, offline, proof
from hybridops.trust.merkle import check_inclusion, leaf_hash
from hybridops.web.answers.audit import answer
from hybridops.web.pages import audit as pages
from tests.world import World, submit


def reads(user: User, address: str = "/audit/") -> Any:
    client = Client()
    client.force_login(user)
    return client.get(address)


def verified(user: User) -> Any:
    client = Client()
    client.force_login(user)
    return client.post("/audit/verify/")


def sealed() -> None:
    while sequence():
        pass
    seal()


def test_the_answer_counts_what_is_under_the_checkpoint(world: World) -> None:
    assert "none of them under a signed checkpoint yet" in reads(world.aud).content.decode()
    sealed()
    shown = reads(world.aud)
    state: State = shown.context["state"]
    assert state.signed
    assert state.tail == 1  # this very reading
    assert "both signatures valid" in shown.content.decode()
    assert ">verified<" not in shown.content.decode()


def test_reading_the_trail_is_in_the_trail(world: World) -> None:
    before = AuditEvent.objects.filter(action="audit.read").count()
    shown = reads(world.aud, "/audit/?person=Aud")
    assert AuditEvent.objects.filter(action="audit.read").count() == before + 1
    assert "Read the audit log" in shown.content.decode()


def test_filters_narrow_the_list(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    for what in ["object=R-{run}", "action=run", "person=Ines", "since=2020-01-01"]:
        shown = reads(world.aud, f"/audit/?{what.format(run=run.pk)}")
        assert shown.status_code == 200
        rows = [row["event"] for row in shown.context["rows"]]
        assert rows
        if "object" in what:
            assert {event.stream for event in rows} == {f"run:{run.pk}"}
        if "person" in what:
            assert {event.actor for event in rows} == {f"person:{world.ines.pk}"}
            assert "Ines" in shown.content.decode()


ODD = [
    ("object=something%20odd", "Write an object like R-12"),
    ("since=yesterday", "Enter a valid date."),
    ("since=2026-02-01&until=2026-01-01", "The end lies before the beginning."),
    ("action=dance", "Select a valid choice."),
    ("before=-4", "greater than or equal to 1"),
]


def test_a_filter_that_makes_no_sense_is_said(world: World) -> None:
    for query, said in ODD:
        shown = reads(world.aud, f"/audit/?{query}")
        assert shown.status_code == 422
        assert said in shown.content.decode()
        assert shown.context["rows"] == []


def test_an_empty_filter_offers_the_way_back(world: World) -> None:
    html = reads(world.aud, "/audit/?person=nobody-at-all").content.decode()
    assert "No event matches." in html
    assert "Clear filter" in html


def test_pages_follow_by_key_and_miss_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROWS", 10)
    seen: list[int] = []
    older: int | None = None
    while True:
        shown = reads(world.aud, "/audit/?action=team" + (f"&before={older}" if older else ""))
        seen += [row["event"].pk for row in shown.context["rows"]]
        older = shown.context["older"]
        if older is None:
            break
    expected = AuditEvent.objects.filter(action__startswith="team.").order_by("-id")
    assert seen == list(expected.values_list("pk", flat=True))


def test_every_event_is_proved_up_to_the_signed_root(world: World) -> None:
    drive(submit(world).pk)
    sealed()
    now = queries.state()
    for event in queries.events(queries.Filter()):
        proof = queries.prove(event, now)
        assert proof.problem == "", event
        assert proof.steps[-1].gives == now.root
    html = reads(world.aud, f"/audit/{AuditEvent.objects.first().pk}/").content.decode()
    assert "That is the root in the checkpoint" in html
    assert "Leaf index" in html


def test_an_event_after_the_checkpoint_joins_the_next(world: World) -> None:
    sealed()
    reads(world.aud)
    newest = AuditEvent.objects.order_by("-pk").first()
    assert newest is not None
    html = reads(world.aud, f"/audit/{newest.pk}/").content.decode()
    assert "It joins the next checkpoint" in html


def test_a_long_log_is_verified_on_the_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed()
    monkeypatch.setattr(pages, "VERIFY_MAX", 3)
    assert "too long to verify" in reads(world.aud).content.decode()
    assert verified(world.aud).status_code == 422


def test_verify_recomputes_and_finds_what_was_altered(world: World) -> None:
    sealed()
    assert "were recomputed just now" in verified(world.aud).content.decode()
    with connection.cursor() as cursor:  # as somebody who owns the database would
        cursor.execute("DROP TRIGGER audit_auditevent_keeps_UPDATE")
        cursor.execute(
            "UPDATE audit_auditevent SET body = replace(body, 'routing', 'Routing') WHERE body LIKE '%routing%'"
        )
    shown = verified(world.aud)
    html = shown.content.decode()
    assert not shown.context["report"].verified
    assert "The record breaks in" in html
    assert "was altered" in html


def test_answers_are_short_and_never_say_none() -> None:
    now = clock.now()
    states = [
        State(0, 0, None, b"", signed=False),
        State(1, 0, None, b"", signed=False),
        State(4812, 4805, now, b"r", signed=True),
        State(4812, 4812, now, b"r", signed=True),
        State(9, 5, now, b"", signed=False),
    ]
    reports = [None, Report(9, 9, 5, 4), Report(9, 9, 5, 4, findings=["entry 3 was altered " * 20] * 3)]
    states.append(
        replace(states[2], alarm="The log has 12 events and a published checkpoint covers 14. Settle it.")
    )
    for state in states:
        for report in reports:
            told = strip_tags(answer(state, report))
            assert 0 < len(told.split()) <= 40
            assert "None " not in told.replace("None is newer", "")


def test_a_proof_and_the_checkpoint_are_taken_home(world: World) -> None:
    drive(submit(world).pk)
    sealed()
    event = AuditEvent.objects.order_by("pk")[3]
    given = reads(world.aud, f"/audit/{event.pk}/proof/")
    shown = proof.read(given.content.decode())
    note = reads(world.aud, "/audit/checkpoint/").content.decode()
    assert shown.note == note
    opened = checkpoint.open_note(note, origin=keyring.ring().origin, trusted=keyring.ring().of("log"))
    point = opened.checkpoint
    check_inclusion(leaf_hash(event.body.encode()), shown.index, point.size, shown.path, point.root)
    late = AuditEvent.objects.order_by("-pk")[0]
    assert reads(world.aud, f"/audit/{late.pk}/proof/").status_code == 422
    whats = [json.loads(one.body)["facts"].get("what", "") for one in AuditEvent.objects.order_by("-pk")[:2]]
    assert [what.split()[1] for what in whats] == ["checkpoint", "proof"]


def test_nothing_is_taken_before_it_is_signed(world: World) -> None:
    assert reads(world.aud, "/audit/checkpoint/").status_code == 422
    assert reads(world.aud, "/audit/999999/proof/").status_code == 404


def posts(user: User, address: str, **sent: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(address, sent)


def test_proofs_of_a_run_are_for_who_sees_the_run(world: World) -> None:
    run = drive(submit(world).pk)
    address = f"/runs/{run.pk}/proofs/"
    for person in (world.ines, world.mikkel, world.aud):
        given = posts(person, address)
        assert (given.status_code, given["Content-Type"]) == (200, "application/zip")
        told = list(offline.verify(given.content, keyring.ring()))
        assert told[0].startswith(f"The bundle of run R-{run.pk} is whole")
        event = AuditEvent.objects.filter(action="audit.exported").order_by("-pk")[0]
        assert event.actor == f"person:{person.pk}"
    before = AuditEvent.objects.count()
    assert posts(world.zoe, address).status_code == 404
    assert posts(world.aud, "/runs/999999/proofs/").status_code == 404
    assert Client().post(address).status_code == 302
    assert posts(world.aud, address, since="many").status_code == 422
    assert posts(world.aud, address, since="99999999").status_code == 422
    assert reads(world.aud, address).status_code == 405
    for name in ("proof", ""):
        assert reads(world.mikkel, f"/audit/1/{name and name + '/'}").status_code == 404
    assert reads(world.mikkel, "/audit/checkpoint/").status_code == 404
    assert AuditEvent.objects.count() == before


def test_the_export_is_offered_where_a_run_is_shown(world: World) -> None:
    run = drive(submit(world).pk)
    address = f'action="/runs/{run.pk}/proofs/"'
    sealed()
    event = AuditEvent.objects.filter(stream=f"run:{run.pk}")[0]
    for page in (f"/runs/{run.pk}/", f"/audit/?object=R-{run.pk}", f"/audit/{event.pk}/"):
        assert address in reads(world.aud, page).content.decode(), page
    assert address not in reads(world.aud).content.decode()
