"""Data goes where its owner and the policy let it go: at submit, at the gate, at the last step before it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from hybridops.artifacts.services import store
from hybridops.audit.models import AuditEvent, Payload
from hybridops.backends.services import observe
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, NotYours
from hybridops.domain.states import SubmissionState
from hybridops.engine import advance, context, intake, wiring
from hybridops.engine.inline import drive
from hybridops.engine.sending import resend, send
from hybridops.experiments import snapshots
from hybridops.experiments.books import read_book
from hybridops.experiments.models import DataSnapshot, Placement, Run, Stage, Submission
from hybridops.experiments.transitions import claim
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.teams.services import join
from tests.approvals.asking import ask, decide, rules, state
from tests.engine import fake
from tests.experiments.test_submit import wanted
from tests.world import World, submit


def abroad(*names: str) -> None:
    """These backends stand in another region from now on."""
    fake.CLOUD.regions = dict.fromkeys(names, "far")
    observe(wiring.provider("scripted").backends())


def change(world: World, user: User | None = None, **changed: Any) -> DataSnapshot:
    told: dict[str, Any] = {"data_class": "internal", "regions": ["*"], "why": "because", **changed}
    with transaction.atomic():
        return snapshots.change_class(user=user or world.ines, snapshot_id=world.snapshot.pk, **told)


def sent() -> list[str]:
    return [call for call in fake.CLOUD.calls if call.startswith("submit")]


def test_new_data_goes_where_its_class_usually_goes(world: World) -> None:
    assert (world.snapshot.data_class, world.snapshot.regions) == ("internal", ["home"])
    assert world.snapshot.owner == world.ines
    event = AuditEvent.objects.get(action="snapshot.added")
    assert "Wave 14" not in event.body and Payload.objects.filter(text="Wave 14", field="called").exists()


@pytest.mark.parametrize("outside", ["aster", "kelvin"])
def test_a_backend_outside_is_a_rejected_alternative_with_the_reason(world: World, outside: str) -> None:
    abroad(outside)
    request = ask(world)
    document = Placement.objects.get(stage="compile").document
    assert document["chosen"] != outside
    assert (
        dict(document["rejected"])[outside] == "the data may reach its home region here, and this is in far"
    )
    assert {body["backend"] for body in request.envelope["programs"]} == {document["chosen"]}


def test_where_every_backend_is_outside_the_form_says_so_and_nothing_is_made(world: World) -> None:
    abroad("aster", "kelvin")
    with pytest.raises(BadInput, match="the data may reach its home region here"):
        intake.submit(user=world.ines, workflow_name="fake", wanted=wanted(world), submit_key="k")
    assert not Run.objects.exists()


def test_the_owner_alone_does_not_open_what_the_policy_keeps(world: World) -> None:
    abroad("aster", "kelvin")
    change(world, data_class="sensitive", regions=["far"])
    with pytest.raises(BadInput, match="the policy lets sensitive data reach its home region here"):
        intake.submit(user=world.ines, workflow_name="fake", wanted=wanted(world), submit_key="k")
    rules(data_regions={"sensitive": ["far"]})
    assert intake.submit(user=world.ines, workflow_name="fake", wanted=wanted(world), submit_key="k")


def test_a_policy_that_does_not_know_a_class_lets_it_go_nowhere(world: World) -> None:
    rules(data_regions={"public": ["*"]})
    with pytest.raises(BadInput, match="the policy lets internal data reach no region"):
        intake.submit(user=world.ines, workflow_name="fake", wanted=wanted(world), submit_key="k")


def test_sensitive_data_is_a_factor_of_risk(world: World) -> None:
    change(world, data_class="restricted", regions=[])
    factors = {one["name"]: one for one in ask(world).assessment["factors"]}
    assert factors["data"]["fired"] and factors["data"]["why"] == "the snapshot is marked restricted"


TIGHTER: list[dict[str, Any]] = [
    {"data_class": "sensitive", "regions": ["home"]},
    {"data_class": "internal", "regions": ["elsewhere"]},
]


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("tighter", TIGHTER)
def test_a_tighter_mark_makes_an_open_approval_stale(
    world: World, tighter: dict[str, Any], approved: bool
) -> None:
    request = ask(world)
    if approved:
        decide(world.mikkel, request)
    change(world, **tighter)
    assert state(request) == "stale"
    run = drive(request.envelope["run"])
    assert not sent() and not Submission.objects.exists()
    if tighter["data_class"] == "sensitive":
        again = type(request).objects.latest("id")
        assert (again.state, again.assessment["facts"]["data_class"]) == ("pending", "sensitive")
    else:
        assert (run.outcome, "No backend can take this" in run.why) == ("failed", True)


def test_a_looser_mark_leaves_an_approval_as_it_is(world: World) -> None:
    request = ask(world)
    change(world, regions=["*"])
    assert state(request) == "pending"


def test_what_changed_while_the_gate_was_asking_is_met_before_it_is_used(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    DataSnapshot.objects.update(data_class="sensitive")
    drive(request.envelope["run"])
    assert state(request) == "stale" and not sent()


def test_what_changed_after_the_reservation_is_not_sent(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    run_id = request.envelope["run"]
    drive_to_attempt(run_id)
    assert Submission.objects.get().sent_at is not None
    DataSnapshot.objects.update(regions=["elsewhere"])
    row = Submission.objects.get()
    move = send(row, wiring.provider("scripted"))
    assert (move.target, not sent()) == ("refused", True)
    assert "the data may reach elsewhere" in move.why


def drive_to_attempt(run_id: int) -> None:
    """The QPU stage up to the attempt being on disk: what a worker does before it calls."""
    while True:
        stage = Stage.objects.filter(run_id=run_id, state="ready").order_by("id")[0]
        if stage.spec["kind"] == "quantum":
            break
        advance.take(stage.pk, "w")
    by = advance.worker_actor("w")
    book = claim(stage_id=stage.pk, worker="w", actor=by)
    assert book is not None
    while not Submission.objects.filter(sent_at__isnull=False).exists():
        ctx = context.of(read_book(run_id, stage.key), by, book.token)
        advance.dispose(ctx, advance.propose(ctx))


def test_a_lost_answer_is_not_sent_again_to_where_the_data_may_not_go(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    fake.CLOUD.script = ["silent"]
    drive(request.envelope["run"])
    row = Submission.objects.get(state=SubmissionState.UNKNOWN)
    DataSnapshot.objects.update(regions=["elsewhere"])
    before = len(sent())
    resend(row, wiring.provider("scripted"), SYSTEM)
    row.refresh_from_db()
    assert len(sent()) == before and row.error.startswith("a person has to look")


def test_who_may_change_a_class(world: World) -> None:
    join(user=world.noor, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    for name in ("tomas", "mikkel", "omar", "aud", "farah", "zoe"):
        with pytest.raises(NotYours):
            change(world, world.people[name])
    for user in (world.ines, world.noor):
        change(world, user)
    assert AuditEvent.objects.filter(action="snapshot.changed").count() == 2


@pytest.mark.parametrize(
    "wrong", [{"why": " "}, {"data_class": "secret"}, {"data_class": "restricted"}, {"regions": ["A"]}]
)
def test_a_wrong_change_changes_nothing(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        change(world, **wrong)
    world.snapshot.refresh_from_db()
    assert world.snapshot.regions == ["home"]
    assert not AuditEvent.objects.filter(action="snapshot.changed").exists()


def test_an_upload_looser_than_its_class_needs_a_reason(world: World) -> None:
    sent: dict[str, Any] = {
        "user": world.ines, "project_id": world.project.pk, "workflow_name": "fake", "name": "x", "filename": "x",
        "data": b"some other bytes", "data_class": "sensitive", "regions": ["far"],
    }  # fmt: skip
    with pytest.raises(BadInput, match="Say why this one goes further"):
        intake.add_snapshot(**sent)
    assert not DataSnapshot.objects.filter(name="x").exists()
    made = intake.add_snapshot(**sent, why="the client's own cloud")
    assert (made.regions, made.class_why) == (["far"], "the client's own cloud")


def test_the_same_bytes_are_the_same_snapshot_and_keep_their_class(world: World) -> None:
    again = snapshots.add_snapshot(
        user=world.tomas, project_id=world.project.pk, name="x", filename="x", workflow="fake",
        digest=store(b"data"), summary={}, data_class="public",
    )  # fmt: skip
    assert (again.pk, again.data_class, again.owner) == (world.snapshot.pk, "internal", world.ines)
    assert submit(world)
