"""A person is taken out of every room, and every proof still holds."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from hybridops.approvals import comments, delegations
from hybridops.approvals.models import Decision
from hybridops.audit.models import Payload
from hybridops.audit.services import seal, sequence
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Refused
from hybridops.engine import erasing, intake
from hybridops.engine.signatures import verify_all
from hybridops.experiments import holds, services
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.outbox.models import Message
from hybridops.teams import leaving
from hybridops.teams.models import User
from tests.approvals.asking import ask, decide
from tests.experiments.test_retention import ended, on_disk
from tests.realdb import RealDatabase
from tests.world import World

SECRET = "my sister's wedding"


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
    """Every table and column in which one of these words stands."""
    places = set()
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not getattr(field, "column", None) or field.get_internal_type() not in ("CharField", "TextField", "JSONField", "EmailField", "SlugField", "URLField"):  # fmt: skip
                continue
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT CAST("{field.column}" AS TEXT) FROM "{model._meta.db_table}"')
                texts = [row[0] for row in cursor.fetchall() if row[0]]
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
    from datetime import timedelta

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


def test_a_signed_statement_keeps_what_was_signed(world: World) -> None:
    """It is the proof of the vote; docs/data.md says so to who asks for an erasure."""
    request = ask(world)
    decide(world.mikkel, request, "reject", reason=SECRET)
    leave(world.mikkel)
    erase(world.mikkel)
    vote = Decision.objects.get()
    assert (vote.by, vote.reason) == (f"erased person {world.mikkel.pk}", "(erased)")
    assert SECRET in base64.b64decode(vote.envelope["payload"]).decode()
    while sequence():
        pass
    seal()
    assert verify_all().verified
