"""A form is one run, however often and by whatever way it comes; what is refused leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from os import urandom
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from hybridops.artifacts.models import Artifact
from hybridops.artifacts.services import store
from hybridops.audit.models import AuditEvent
from hybridops.definitions import lifecycle as definitions
from hybridops.definitions.models import SignedDocument
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, NoRoom, NotYours, Refused, Unsigned
from hybridops.engine import intake
from hybridops.engine.inline import drive
from hybridops.experiments import services, snapshots
from hybridops.experiments.models import DataSnapshot, Experiment, Run, Stage
from hybridops.experiments.replays import wanted_again
from hybridops.quotas.models import Budget, LedgerEntry, Reservation
from hybridops.teams import services as teams
from hybridops.teams.models import Project, Team
from tests.approvals.race import together
from tests.realdb import RealDatabase
from tests.world import World, submit


def counted() -> tuple[int, ...]:
    """How much there is of everything that a submit makes."""
    tables = (Experiment, Run, Stage, Reservation, LedgerEntry, AuditEvent, DataSnapshot, Artifact)
    files = sum(1 for path in Path(settings.HOME, "artifacts").rglob("*") if path.is_file())
    money = sum(Budget.objects.values_list("pending_micro", flat=True))
    return (*(table.objects.count() for table in tables), money, files)


def wanted(world: World, **changed: Any) -> services.Wanted:
    base: dict[str, Any] = {
        "project_id": world.project.pk, "snapshot_id": world.snapshot.pk, "title": "Wave", "business_outcome": "",
        "parameters": {}, "seed": 7, "backend": "", "priority_class": "validation", "fallback": "classical",
        "deadline": None, "cost_max_micro": 50_000_000,
    }  # fmt: skip
    return services.Wanted(**(base | changed))


def test_a_form_sent_twice_is_one_run(world: World) -> None:
    first = submit(world, submit_key="k")
    before = counted()
    assert submit(world, submit_key="k") == first
    assert submit(world, submit_key="k", title="changed since", seed=8) == first
    assert counted() == before
    assert submit(world, submit_key="l") != first


def test_a_key_is_no_way_into_another_team_s_run(world: World) -> None:
    submit(world, submit_key="k")
    before = counted()
    with pytest.raises(NotYours), transaction.atomic():
        submit(world, user=world.zoe, submit_key="k")
    assert counted() == before


def test_a_form_sent_twelve_times_at_once_is_one_run(real: RealDatabase) -> None:
    world = real.world

    def send() -> str:
        return str(intake.submit(user=world.ines, workflow_name="fake", wanted=wanted(world), submit_key="k"))

    answers = together([send] * 12)
    assert answers == [str(Run.objects.get())] * 12
    assert (Experiment.objects.count(), Reservation.objects.count()) == (1, 1)
    assert Budget.objects.get().pending_micro == Reservation.objects.get().amount_micro


def of_another_project(world: World) -> int:
    second = teams.add_project(team=world.team, slug="second", name="Second", actor=SYSTEM)
    return _snapshot(world, second)


def of_another_team(world: World) -> int:
    other = teams.add_project(team=Team.objects.get(slug="other"), slug="o", name="O", actor=SYSTEM)
    return _snapshot(world, other, user="zoe")


def of_another_workflow(world: World) -> int:
    return _snapshot(world, world.project, workflow="routing")


def _snapshot(world: World, project: Project, user: str = "ines", workflow: str = "fake") -> int:
    return snapshots.add_snapshot(
        user=world.people[user], project_id=project.pk, name="x", filename="x", workflow=workflow,
        digest=store(b"other data"), summary={},
    ).pk  # fmt: skip


WRONG: list[tuple[str, Any, str]] = [
    ("title", " ", "title"),
    ("priority_class", "urgent", "priority_class"),
    ("priority_class", "", "priority_class"),
    ("fallback", "quantum", "fallback"),
    ("seed", -1, "seed"),
    ("seed", 2**31, "seed"),
    ("cost_max_micro", -1, "cost_max"),
    ("deadline", timedelta(0), "deadline"),
    ("parameters", {"shots": 9}, "shots"),
    ("parameters", {"shots": 1001}, "shots"),
    ("parameters", {"shots": "many"}, "shots"),
    ("parameters", {"shots": True}, "shots"),
    ("parameters", {"shot": 10}, "shot"),
    ("snapshot_id", 987654, "snapshot"),
    ("snapshot_id", of_another_project, "snapshot"),
    ("snapshot_id", of_another_team, "snapshot"),
    ("snapshot_id", of_another_workflow, "snapshot"),
    ("project_id", 987654, "project"),
]


@pytest.mark.parametrize(
    ("name", "value", "field"), WRONG, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(WRONG)]
)
def test_a_refusal_names_the_field_and_leaves_nothing(
    world: World, name: str, value: Any, field: str
) -> None:
    if callable(value):
        value = value(world)
    if name == "deadline":
        value = clock.now() - value
    before = counted()
    with pytest.raises(BadInput) as problem, transaction.atomic():
        submit(world, **{name: value})
    assert problem.value.field == field
    assert counted() == before


@pytest.mark.parametrize("who", ["mikkel", "farah", "omar", "aud", "zoe"])
def test_only_who_may_submit_does(world: World, who: str) -> None:
    before = counted()
    with pytest.raises(BadInput) as problem, transaction.atomic():
        submit(world, user=world.people[who])
    assert problem.value.field == "project"
    assert counted() == before


def without_room(world: World) -> None:
    Budget.objects.update(limit_micro=99_999)


def without_a_budget(world: World) -> None:
    Budget.objects.update(starts_on="2020-01-01", ends_on="2020-01-02")


def frozen(world: World) -> None:
    Budget.objects.update(frozen=True)


def retired(world: World) -> None:
    for row in SignedDocument.objects.filter(kind="workflow"):
        definitions.retire(document_id=row.pk, why="old", actor=SYSTEM)


@pytest.mark.parametrize(
    ("spoil", "error"), [(without_room, NoRoom), (without_a_budget, Refused), (frozen, NoRoom), (retired, Unsigned)]
)  # fmt: skip
def test_a_refusal_after_the_run_was_begun_takes_it_back(
    world: World, spoil: Any, error: type[Exception]
) -> None:
    spoil(world)
    before = counted()
    with pytest.raises(error) as problem, transaction.atomic():
        submit(world)
    assert problem.type is error
    assert counted() == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"project_id": 987654}, "project"),
        ({"workflow_name": "nobody"}, None),
        ({"data": b"x" * (intake.UPLOAD_BYTES_MAX + 1)}, "upload"),
        ({"data_class": "secret"}, "data_class"),
    ],
)
def test_an_upload_that_is_refused_is_not_kept(
    world: World, changed: dict[str, Any], field: str | None
) -> None:
    fresh: dict[str, Any] = {
        "project_id": world.project.pk, "workflow_name": "fake", "name": "n", "filename": "f",
        "data": urandom(8), "data_class": "internal",
    }  # fmt: skip
    before = counted()
    with pytest.raises((BadInput, Unsigned)) as problem, transaction.atomic():
        intake.add_snapshot(user=world.ines, **(fresh | changed))
    assert getattr(problem.value, "field", None) == field
    assert counted() == before
    assert intake.add_snapshot(user=world.ines, **fresh).added_by == world.ines
    assert counted() != before


def ended(world: World, **changed: Any) -> Run:
    run = submit(world, **changed)
    return services.cancel(user=world.ines, run_id=run.pk)


def test_a_replay_asks_the_same_again_with_its_own_approval(world: World) -> None:
    old = submit(world, parameters={"shots": 50})
    drive(old.pk)
    services.cancel(user=world.ines, run_id=old.pk)
    new = intake.replay(user=world.tomas, run_id=old.pk, submit_key="again")
    assert (new.replay_of, new.requested_by) == (old, world.tomas)
    assert {**new.plan, "deadline": None} == {**Run.objects.get(pk=old.pk).plan, "deadline": None}
    assert intake.replay(user=world.tomas, run_id=old.pk, submit_key="again") == new
    assert drive(new.pk).state == "awaiting_approval"
    assert Run.objects.count() == 2


def still_going(world: World) -> Run:
    return submit(world)


def on_a_backend_nobody_knows(world: World) -> Run:
    return ended(world, backend="gone")


def of_a_retired_workflow(world: World) -> Run:
    run = ended(world)
    retired(world)
    return run


@pytest.mark.parametrize("case", [still_going, on_a_backend_nobody_knows, of_a_retired_workflow])
def test_what_is_not_replayed(world: World, case: Any) -> None:
    run = case(world)
    before = counted()
    with pytest.raises(Refused), transaction.atomic():
        intake.replay(user=world.ines, run_id=run.pk, submit_key="again")
    assert counted() == before


@pytest.mark.parametrize(("who", "error"), [("zoe", NotYours), ("mikkel", BadInput), ("aud", BadInput)])
def test_who_does_not_replay(world: World, who: str, error: type[Exception]) -> None:
    run = ended(world)
    before = counted()
    with pytest.raises(error), transaction.atomic():
        intake.replay(user=world.people[who], run_id=run.pk, submit_key="again")
    assert counted() == before


def test_a_deadline_that_has_passed_is_not_replayed_with(world: World) -> None:
    run = submit(world, deadline=clock.now() + timedelta(hours=1))
    services.cancel(user=world.ines, run_id=run.pk)
    with clock.at(clock.now() + timedelta(hours=2)):
        assert wanted_again(Run.objects.get(pk=run.pk)).deadline is None
