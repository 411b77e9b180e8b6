"""The messages page: everybody's own, the operator's failures and webhooks, and links that only open pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.test import Client
from django.utils import timezone

from hybridops.engine.inline import drive
from hybridops.experiments import services as runs
from hybridops.outbox import services, signing
from hybridops.outbox.events import emit
from hybridops.outbox.models import Choice, Delivery, Message, Publication, Webhook
from hybridops.teams.access import actor
from hybridops.teams.models import User
from tests.web.words import plain, within_forty
from tests.world import World, submit


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User) -> str:
    return plain(browser(user).get("/messages/").content.decode())


def told(world: World, **more: Any) -> None:
    given = {"kind": "run.ended", "occasion": "r", "to": [world.ines.pk], "team_id": world.team.pk}
    words = {"subject": "R-1 ended: accepted", "text": "<b>Wave</b> 14", "path": "/runs/1/"}
    services.tell(**{**given, **words, **more})


def test_everybody_reads_their_own_and_nobody_else_s(world: World) -> None:
    told(world)
    answer = browser(world.ines).get("/messages/")
    text = plain(answer.content.decode())
    assert "R-1 ended: accepted" in text
    assert "<b>Wave</b>" in text  # as text, not as markup
    assert "One message went to ines@example.org." in text
    within_forty(str(answer.context["answer"]))
    for other in (world.tomas, world.omar, world.zoe):
        assert "R-1 ended" not in page(other)


def test_links_only_open_pages(world: World) -> None:
    """Every address a mail leads to is read, by whoever it was sent to, and no row anywhere changes."""
    told(world, path=f"/runs/{submit(world).pk}/")
    services.tell(
        kind="spending.stopped",
        occasion="s",
        to=[world.omar.pk],
        team_id=None,
        subject="s",
        text="t",
        path="/",
    )
    before = rows()
    for message in Message.objects.select_related("to"):
        answer = browser(message.to).get(message.path)
        assert answer.status_code == 200
    assert rows() == before


def rows() -> dict[str, list[Any]]:
    """Everything in the rooms of record, but for sessions and the note that somebody signed in."""
    kept = [m for m in apps.get_models() if m.__module__.startswith("hybridops") and m is not User]
    return {m.__name__: list(m._default_manager.order_by("pk").values()) for m in kept}


def test_a_pace_is_saved_and_a_wrong_one_is_not(world: World) -> None:
    client = browser(world.ines)
    names = list(client.get("/messages/").context["paces"].fields)
    assert client.post("/messages/paces/", dict.fromkeys(names, "daily")).status_code == 302
    assert Choice.objects.filter(person=world.ines, pace="daily").count() == len(names)
    assert client.post("/messages/paces/", dict.fromkeys(names, "soon")).status_code == 422
    assert client.post("/messages/paces/", {}).status_code == 422


def test_an_operator_tries_again_what_was_given_up(world: World) -> None:
    told(world)
    Message.objects.update(state="given_up", error="451 try later", ended_at=timezone.now())
    assert "One notice could not be delivered." in page(world.omar)
    assert "451 try later" in page(world.omar)
    assert "people may not know what waits for them" in plain(browser(world.omar).get("/").content.decode())
    assert "people may not know" not in plain(browser(world.ines).get("/").content.decode())
    row = Message.objects.get()
    for other in (world.ines, world.mikkel, world.farah, world.aud, world.zoe):
        assert browser(other).post(f"/messages/again/mail/{row.pk}/").status_code == 404
    assert browser(world.omar).post(f"/messages/again/mail/{row.pk}/").status_code == 302
    assert Message.objects.get().state == "queued"
    assert browser(world.omar).post("/messages/again/mail/99/").status_code == 404
    assert browser(world.omar).post(f"/messages/again/letter/{row.pk}/").status_code == 404


def test_webhooks_are_the_operators_of_the_team(world: World) -> None:
    given = {"team": str(world.team.pk), "url": "https://hooks.example.org/in", "kinds": ["run.ended"]}
    for other in (world.ines, world.mikkel, world.farah, world.aud, world.zoe):
        assert browser(other).post("/messages/webhooks/", given).status_code == 404
    assert (
        browser(world.omar).post("/messages/webhooks/", {**given, "url": "http://10.0.0.1/"}).status_code
        == 422
    )
    assert browser(world.omar).post("/messages/webhooks/", {**given, "kinds": []}).status_code == 422
    other_team = str(world.zoe.memberships.get().team_id)
    assert browser(world.omar).post("/messages/webhooks/", {**given, "team": other_team}).status_code == 422
    assert not Webhook.objects.exists()
    assert browser(world.omar).post("/messages/webhooks/", given).status_code == 302
    assert "whsec_" in page(world.omar)
    assert "whsec_" not in page(world.ines)
    hook = Webhook.objects.get()
    assert browser(world.zoe).post(f"/messages/webhooks/{hook.pk}/stop/").status_code == 404
    assert browser(world.omar).post(f"/messages/webhooks/{hook.pk}/stop/").status_code == 302
    assert not Webhook.objects.get().active


def test_a_run_that_ends_tells_its_requester_and_the_team_s_webhook(world: World) -> None:
    services.add_webhook(
        team_id=world.team.pk, url="https://hooks.example.org/", kinds=["run.ended"], actor=actor(world.omar)
    )
    run = submit(world)
    drive(run.pk)
    runs.cancel(user=world.ines, run_id=run.pk)
    message = Message.objects.get(kind="run.ended")
    assert (message.to, message.subject) == (world.ines, f"{run} ended: cancelled")
    assert message.next_at - message.made_at <= timedelta(hours=1)
    assert f'"run":{run.pk}' in Delivery.objects.get().body


def dead_letter(world: World, run: int, settings: Any) -> Publication:
    """An event about a run of the team that its broker did not take, given up."""
    table = {"url": "amqp://nowhere", "exchange": "e", "queue": "q", "kinds": ("*",), "options": {}}
    settings.BROKERS = {"warehouse": table}
    for version in (1, 2):
        emit(
            kind="run.changed", occasion=f"{run}:{version}", team_id=world.team.pk, path=f"/runs/{run}/",
            data={"run": run, "version": version},
        )  # fmt: skip
    row = Publication.objects.get(key=f"{run}:1")
    Publication.objects.filter(pk=row.pk).update(
        state="given_up", error="it is too large", ended_at=timezone.now()
    )
    return row


def test_a_dead_letter_is_seen_sent_again_or_left_out_by_who_operates(world: World, settings: Any) -> None:
    row = dead_letter(world, 7, settings)
    text = page(world.omar)
    assert "it is too large" in text
    assert "What follows of this run waits behind it." in text
    assert "warehouse" in text
    for other in (world.ines, world.zoe):
        assert "too large" not in page(other)
        for verb in ("again", "leave-out"):
            assert browser(other).post(f"/messages/{verb}/event/{row.pk}/").status_code == 404
    assert browser(world.omar).post(f"/messages/again/event/{row.pk}/").status_code == 302
    row.refresh_from_db()
    assert row.state == "queued"
    Publication.objects.filter(pk=row.pk).update(state="given_up", ended_at=timezone.now())
    assert browser(world.omar).post(f"/messages/leave-out/event/{row.pk}/").status_code == 302
    assert browser(world.omar).post(f"/messages/leave-out/event/{row.pk}/").status_code == 404
    row.refresh_from_db()
    assert row.state == "dropped"


def test_a_range_is_sent_again_by_who_operates_there(world: World, settings: Any) -> None:
    dead_letter(world, 7, settings)
    Publication.objects.update(state="sent", ended_at=timezone.now())
    omar, now = browser(world.omar), timezone.now()

    def asked(**more: Any) -> Any:
        given = {"to": "event:warehouse", "since": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}"}
        return omar.post(
            "/messages/replay/", {**given, "until": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}", **more}
        )

    assert asked(to="event:elsewhere").status_code == 422
    assert "Nothing was sent there" in plain(
        asked(until=f"{now - timedelta(minutes=59):%Y-%m-%dT%H:%M}").content.decode()
    )
    assert browser(world.ines).post("/messages/replay/", {}).status_code == 404
    assert asked().status_code == 302
    assert set(Publication.objects.values_list("state", flat=True)) == {"queued"}
    assert "2 waiting" in page(world.omar)


def test_a_secret_is_changed_by_who_operates_there(world: World) -> None:
    hook = services.add_webhook(
        team_id=world.team.pk, url="https://hooks.example.org/", kinds=["run.ended"], actor=actor(world.omar)
    )
    before = page(world.omar)
    assert browser(world.zoe).post(f"/messages/webhooks/{hook.pk}/secret/").status_code == 404
    assert browser(world.omar).post(f"/messages/webhooks/{hook.pk}/secret/").status_code == 302
    hook.refresh_from_db()
    assert hook.turn == 2
    assert signing.shown_secret(hook.pk, 2) in page(world.omar)
    assert signing.shown_secret(hook.pk, 2) not in before
