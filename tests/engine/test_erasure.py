"""A person is taken out of every room, and every proof still holds."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from hybridops.approvals import comments, delegations, freezes
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.audit.models import AuditEvent, Payload
from hybridops.audit.services import seal, sequence
from hybridops.definitions import drafts, review
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Refused
from hybridops.engine import authoring, erasing, intake
from hybridops.engine.inline import drive
from hybridops.engine.signatures import verify_all
from hybridops.experiments import holds, services, stops
from hybridops.experiments.models import DataSnapshot, Experiment, Run, Stage
from hybridops.outbox.models import Delivery, Message, Webhook
from hybridops.teams import leaving
from hybridops.teams.models import User
from tests.approvals.asking import ask, decide, rules, unguarded
from tests.approvals.test_breakglass import DOOR, look, use
from tests.audit.bundles import driven, exported, finished
from tests.experiments.test_retention import ended, on_disk
from tests.presence import here
from tests.realdb import RealDatabase
from tests.world import World

pytestmark = pytest.mark.slow  # runs to their end, then everything is searched

SECRET = "my sister's wedding"
SIGNED = re.compile(r'"payload": ?"([A-Za-z0-9+/=]+)"')


def everything() -> None:
    while sequence():
        pass
    seal()


def called(user: User, name: str) -> None:
    User.objects.filter(pk=user.pk).update(name=name, email="m.h@example.org", username="mholm77")
    user.refresh_from_db()


def lives(world: World) -> User:
    """Mikkel decides, comments, delegates and refuses, and is quoted."""
    called(world.mikkel, "Mikkel Holm")
    ended(world)
    request = ask(world)
    with transaction.atomic():
        comments.comment(user=world.mikkel, request_id=request.pk, text=f"not before {SECRET}")
    decide(world.mikkel, request, "reject", reason=SECRET)
    services_cancel(world)
    return world.mikkel


def services_cancel(world: World) -> None:
    request = ask(world)
    with transaction.atomic():
        services.cancel(user=world.ines, run_id=request.envelope["run"])


def leave(user: User) -> None:
    leaving.deactivate(user=user, why="she left", actor=SYSTEM)


def erase(user: User) -> int:
    user.refresh_from_db()
    return erasing.erase_person(user=user, actor=SYSTEM, why="asked to be forgotten")


def found(*words: str) -> set[str]:
    """Every table and column in which one of these words stands, also inside of what is signed."""
    places = set()
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not getattr(field, "column", None) or field.get_internal_type() not in ("CharField", "TextField", "JSONField", "EmailField", "SlugField", "URLField"):  # fmt: skip
                continue
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT CAST("{field.column}" AS TEXT) FROM "{model._meta.db_table}"')
                texts = [row[0] for row in cursor.fetchall() if row[0]]
            texts += [
                base64.b64decode(one).decode(errors="replace")
                for text in texts
                for one in SIGNED.findall(text)
            ]
            if any(word in text for word in words for text in texts):
                places.add(f"{model._meta.db_table}.{field.column}")
    return places


def test_nothing_of_a_person_is_left_and_every_proof_holds(real: RealDatabase) -> None:
    mikkel = lives(real.world)
    words = ("Mikkel Holm", "mholm77", "m.h@example.org", SECRET)
    assert len(found(*words)) > 5
    everything()
    leave(mikkel)
    assert erase(mikkel) > 3
    assert found(*words) == set()
    everything()
    report = verify_all()
    assert report.verified, report.findings
    assert report.erased > 3
    assert set(Decision.objects.filter(person=mikkel).values_list("by", flat=True)) == {
        f"erased person {mikkel.pk}"
    }
    assert str(User.objects.get(pk=mikkel.pk)) == f"erased person {mikkel.pk}"
    assert erase(mikkel) == 0 and verify_all().verified


def test_who_only_submits_is_erased_with_their_sensitive_uploads(real: RealDatabase) -> None:
    world = real.world
    called(world.ines, "Ines Maier")
    sent: dict[str, Any] = {
        "user": world.ines,
        "project_id": world.project.pk,
        "workflow_name": "fake",
        "filename": "x",
    }
    private = intake.add_snapshot(**sent, name="patients", data=b"private", data_class="sensitive")
    plain = intake.add_snapshot(**sent, name="stops", data=b"plain", data_class="internal")
    services_cancel(world)
    leave(world.ines)
    erase(world.ines)
    assert found("Ines Maier") == set()
    assert not on_disk(private.digest) and on_disk(plain.digest)
    assert DataSnapshot.objects.get(pk=private.pk).removed_under == f"the erasure of person {world.ines.pk}"
    assert Run.objects.latest("id").why.startswith(f"Cancelled by erased person {world.ines.pk}")
    everything()
    assert verify_all().verified


def test_who_is_active_or_has_open_work_is_not_erased(world: World) -> None:
    with pytest.raises(Refused, match="still active"):
        erase(world.ines)
    ask(world)
    leave(world.ines)
    with pytest.raises(Refused, match="still goes on"):
        erase(world.ines)
    world.ines.refresh_from_db()
    assert world.ines.name == "Ines"
    with pytest.raises(BadInput, match="Say why"):
        erasing.erase_person(user=world.ines, actor=SYSTEM, why=" ")


@pytest.mark.parametrize("kind", ["run", "project", "person"])
def test_a_hold_wins(world: World, kind: str) -> None:
    run = ended(world)
    name = {"run": str(run), "project": world.project.slug, "person": "mikkel"}[kind]
    with transaction.atomic():
        pk = holds.place_hold(user=world.aud, kind=kind, name=name, why="a claim").pk
    leave(world.mikkel)
    with pytest.raises(Refused, match="legal hold"):
        erase(world.mikkel)
    assert Payload.objects.filter(text="Mikkel").exists()
    with transaction.atomic():
        holds.lift_hold(user=world.aud, hold_id=pk, why="settled")
    assert erase(world.mikkel)


def test_a_name_that_is_part_of_a_word_stays(world: World) -> None:
    Message.objects.create(
        key="k", kind="run.ended", to=world.ada, pace="now", subject="Mikkel and Mikkelsen", text="by Mikkel.",
        path="/", made_at=clock.now(), next_at=clock.now(),
    )  # fmt: skip
    leave(world.mikkel)
    erase(world.mikkel)
    row = Message.objects.get(key="k")
    mark = f"erased person {world.mikkel.pk}"
    assert (row.subject, row.text) == (f"{mark} and Mikkelsen", f"by {mark}.")


def test_what_stands_in_somebody_s_place_goes_as_well(world: World) -> None:
    called(world.mikkel, "Mikkel Holm")
    request = ask(world)
    now = clock.now()
    with transaction.atomic():
        delegations.delegate(user=world.mikkel, team_id=world.team.pk, taker_id=world.ada.pk, why="away", starts_at=now, ends_at=now + timedelta(hours=1))  # fmt: skip
    decide(world.ada, request, on_behalf_id=world.mikkel.pk)
    assert "Mikkel Holm" in Decision.objects.get().by
    services.cancel(
        user=world.ines, run_id=request.envelope["run"]
    ) if not Run.objects.get().outcome else None
    leave(world.mikkel)
    erase(world.mikkel)
    assert Decision.objects.get().by == f"Ada for erased person {world.mikkel.pk}"


@pytest.mark.parametrize("way", ["passkey", "code"])
def test_a_vote_is_proved_without_its_words(real: RealDatabase, way: str) -> None:
    """Its reviewer is erased; the log, the signature and a bundle hold, and say that the words were erased."""
    mikkel = real.world.mikkel
    called(mikkel, "Mikkel Holm")
    request = finished(real.world, SECRET) if way == "passkey" else approved(real.world)
    before = exported(request)
    assert f"Mikkel Holm said “approve”, reason {SECRET} (entry" in before.says()
    leave(mikkel)
    erase(mikkel)
    assert found("Mikkel Holm", "mholm77", SECRET) == set()
    vote = Decision.objects.get()
    assert (vote.by, vote.reason) == (f"erased person {mikkel.pk}", "(erased)")
    everything()
    assert verify_all().verified, verify_all().findings
    after = exported(request)
    assert f"person:{mikkel.pk} (erased) said “approve”, reason (erased) (entry" in after.says()
    assert ("the passkey's own signature" in after.says()) == (way == "passkey")
    assert SECRET.encode() not in after.data and b"Mikkel Holm" not in after.data


def approved(world: World) -> ApprovalRequest:
    request = ask(world)
    decide(world.mikkel, request, reason=SECRET)
    return driven(request)


def test_an_emergency_and_the_look_at_it_are_proved_without_their_words(real: RealDatabase) -> None:
    world = real.world
    rules(reviewers=2, break_glass=DOOR)
    called(world.omar, "Omar Said")
    request = ask(world)
    use(world.omar, request, reason=SECRET, ticket="INC-4711")
    look(world.ada, request, text=f"it was {SECRET}")
    before = exported(driven(request))
    assert f"reason {SECRET}, ticket INC-4711" in before.says()
    assert "opened in an emergency, ticket INC-4711;" in before.says()
    for user in (world.omar, world.ada):
        leave(user)
        erase(user)
    assert found("Omar Said", "INC-4711", SECRET) == set()
    everything()
    assert verify_all().verified, verify_all().findings
    assert "opened in an emergency, ticket (erased);" in exported(request).says()


def test_a_review_of_a_definition_is_proved_without_its_words(real: RealDatabase) -> None:
    world = real.world
    called(world.ines, "Ines Maier")
    source = b'HYBRIDOPS = {"name": "fake", "based_on": "fake", "title": "Wider"}'
    draft = authoring.propose(user=world.ines, team_id=world.team.pk, filename="ines.py", data=source)
    drafts.note_trial(draft_id=draft.pk, trial={"digest": draft.digest, "passed": True})
    with transaction.atomic():
        drafts.ask_review(user=world.ines, draft_id=draft.pk)
        review.decide(user=world.mikkel, draft_id=draft.pk, verdict="approve", digest_shown=draft.digest, reason=SECRET, presence=here())  # fmt: skip
    assert found(SECRET) and found("Ines Maier") and found("ines.py")
    for user in (world.mikkel, world.ines):
        leave(user)
        erase(user)
    assert found(SECRET, "Ines Maier", "ines.py") == set()
    everything()
    assert verify_all().verified, verify_all().findings


TITLE = "Wave 14, before the wedding"


def test_titles_go_wherever_they_are_quoted(real: RealDatabase) -> None:
    world = real.world
    Webhook.objects.create(
        team=world.team, url="https://example.org", kinds=["approval.asked"], made_at=clock.now()
    )
    run = Run.objects.get(pk=finished(world, title=TITLE, business_outcome="a day off").envelope["run"])
    again = intake.replay(user=world.tomas, run_id=run.pk, submit_key="again")
    with transaction.atomic():
        services.cancel(user=world.tomas, run_id=again.pk)
    assert found(TITLE) >= {
        "experiments_experiment.title", "approvals_approvalrequest.title", "audit_payload.text", "outbox_message.subject",
        "outbox_delivery.body",
    }  # fmt: skip
    before = AuditEvent.objects.filter(stream=f"run:{run.pk}").values_list("body", flat=True)
    assert not any(TITLE in body for body in before)
    leave(world.ines)
    erase(world.ines)
    assert found(TITLE, "a day off") == set()
    assert {str(row) for row in Experiment.objects.all()} == {"(erased)"}
    for row in Delivery.objects.all():
        assert json.loads(row.body)["data"]["about"] == f"run:{run.pk}"
    everything()
    assert verify_all().verified, verify_all().findings


def test_titles_of_others_stay(world: World) -> None:
    ended(world, user=world.tomas, title=TITLE)
    leave(world.ines)
    erase(world.ines)
    assert "experiments_experiment.title" in found(TITLE)


def test_a_stop_and_a_freeze_leave_no_words_in_what_they_held(real: RealDatabase) -> None:
    world = real.world
    called(world.omar, "Omar Said")
    request = ask(world)
    decide(world.mikkel, request)
    run_id = request.envelope["run"]
    with transaction.atomic():
        stops.stop_spending(user=world.omar, why=SECRET)
    drive(run_id)
    assert Stage.objects.filter(run=run_id, why="QPU spending is stopped").exists()
    now = clock.now()
    with transaction.atomic():
        stops.resume_spending(user=world.omar)
        freezes.freeze(user=world.omar, team_id=world.team.pk, starts_at=now, ends_at=now + timedelta(hours=1), why=SECRET, approvers=[])  # fmt: skip
    drive(run_id)
    assert Stage.objects.filter(run=run_id, why="approvals are frozen").exists()
    assert found(SECRET) >= {"quotas_spendingstop.why", "approvals_freeze.why", "outbox_message.text"}
    leave(world.omar)
    erase(world.omar)
    assert found(SECRET, "Omar Said") == set()


def test_who_was_looked_for_in_the_log_goes_as_well(world: World) -> None:
    client = Client()
    client.force_login(world.aud)
    called(world.mikkel, "Mikkel Holm")
    assert client.get("/audit/", {"person": "mikkel holm", "action": "run"}).status_code == 200
    assert client.get("/audit/", {"person": "Ada"}).status_code == 200
    assert not any("holm" in body for body in AuditEvent.objects.values_list("body", flat=True))
    leave(world.mikkel)
    erase(world.mikkel)
    assert found("mikkel holm") == set() and "audit_payload.text" in found("person Ada")


def test_words_that_are_not_those_that_were_signed_are_found(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request, "reject", reason=SECRET)
    everything()
    assert verify_all().verified
    unguarded()
    for reason in ("Never.", "(erased)", ""):
        Decision.objects.update(reason=reason)
        assert any("the reason is not the one that was signed" in one for one in verify_all().findings)
