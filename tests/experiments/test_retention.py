"""Bytes go when their time is over; rows, digests and the log stay, and a hold or another use keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from hybridops.artifacts import removal
from hybridops.artifacts.models import Artifact
from hybridops.artifacts.services import fetch, store
from hybridops.audit.models import AuditEvent
from hybridops.audit.services import seal, sequence
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.engine import intake
from hybridops.engine.signatures import verify_all
from hybridops.experiments import holds, retention, snapshots
from hybridops.experiments.models import DataSnapshot, Run, Stage, Submission
from hybridops.experiments.replays import check_replayable
from hybridops.teams import services as teams
from hybridops.teams.models import User
from tests.approvals.asking import ask, decide
from tests.engine.test_run import finish
from tests.world import World

LATER = timedelta(days=731)


def ended(world: World, **changed: Any) -> Run:
    """A run that has gone the whole way."""
    request = ask(world, **changed)
    decide(world.mikkel, request)
    run = finish(Run.objects.get(pk=request.envelope["run"]))
    assert run.outcome
    return run


def made_by(run: Run) -> set[str]:
    found = set(Submission.objects.filter(run=run).exclude(result="").values_list("result", flat=True))
    for stage in Stage.objects.filter(run=run):
        found |= set((stage.summary.get("artifacts") or {}).values())
        found |= {body["digest"] for body in stage.summary.get("programs") or ()}
    return found


def older(by: timedelta = LATER) -> None:
    """All that is there happened so much earlier."""
    moment = clock.now() - by
    DataSnapshot.objects.update(added_at=moment)
    Run.objects.exclude(outcome="").update(ended_at=moment)


def on_disk(digest: str) -> bool:
    return (Path(settings.HOME) / "artifacts" / digest[:2] / digest[2:4] / digest).exists()


def hold(user: User, kind: str, name: str) -> int:
    with transaction.atomic():
        return int(holds.place_hold(user=user, kind=kind, name=name, why="a claim").pk)


def lift(user: User, pk: int) -> None:
    with transaction.atomic():
        holds.lift_hold(user=user, hold_id=pk, why="settled")


def test_what_is_past_its_period_goes_and_says_so(world: World) -> None:
    run = ended(world)
    digests = made_by(run) | {world.snapshot.digest}
    assert len(digests) > 2 and retention.remove_due() == 0
    older()
    assert retention.remove_due() == len(digests)
    assert not any(map(on_disk, digests))
    world.snapshot.refresh_from_db()
    assert world.snapshot.removed_under == "the retention of internal data, 730 days"
    with pytest.raises(BadInput, match=r"removed on .* under the retention of internal data"):
        fetch(world.snapshot.digest)
    told = AuditEvent.objects.filter(action__in=("snapshot.removed", "artifacts.removed"))
    assert told.count() == 2 and all(
        digest in "".join(told.values_list("body", flat=True)) for digest in digests
    )
    assert Artifact.objects.filter(pk__in=digests, cleared=True).count() == len(digests)
    assert retention.remove_due() == 0
    while sequence():
        pass
    seal()
    assert verify_all().verified


def test_a_replay_of_a_run_whose_data_is_gone_is_refused_with_the_reason(world: World) -> None:
    run = ended(world)
    check_replayable(run)
    older()
    retention.remove_due()
    with pytest.raises(Refused, match=r"was removed on .* under the retention"):
        check_replayable(Run.objects.get(pk=run.pk))


def test_an_open_run_keeps_its_data_and_what_it_made(world: World) -> None:
    request = ask(world)
    older()
    assert retention.remove_due() == 0
    assert on_disk(world.snapshot.digest) and all(
        map(on_disk, made_by(Run.objects.get(pk=request.envelope["run"])))
    )


def test_bytes_that_another_run_made_as_well_stay(world: World) -> None:
    old = ended(world)
    older()
    new = ended(world)
    shared = made_by(old) & made_by(new)
    assert shared
    retention.remove_due()
    assert all(map(on_disk, shared)) and on_disk(world.snapshot.digest)


def test_the_same_bytes_in_another_project_stay(world: World) -> None:
    other = teams.add_project(team=world.team, slug="second", name="Second", actor=SYSTEM)
    older()
    again = snapshots.add_snapshot(
        user=world.ines, project_id=other.pk, name="x", filename="x", workflow="fake", digest=world.snapshot.digest,
        summary={},
    )  # fmt: skip
    retention.remove_due()
    world.snapshot.refresh_from_db()
    assert world.snapshot.removed_at and again.removed_at is None
    assert on_disk(again.digest)


@pytest.mark.parametrize("kept_for", [None, 5000])
def test_a_class_without_an_end_or_with_a_longer_one_stays(
    world: World, monkeypatch: pytest.MonkeyPatch, kept_for: int | None
) -> None:
    monkeypatch.setitem(settings.RETENTION_DAYS, "internal", kept_for)
    older()
    assert retention.remove_due() == 0 and on_disk(world.snapshot.digest)


HOLDS: list[tuple[str, Callable[[World, Run], str]]] = [
    ("run", lambda world, run: str(run)),
    ("project", lambda world, run: world.project.slug),
    ("person", lambda world, run: "ines"),
]


@pytest.mark.parametrize(("kind", "name"), HOLDS)
def test_a_hold_wins_until_it_is_lifted(world: World, kind: str, name: Callable[[World, Run], str]) -> None:
    run = ended(world)
    older()
    pk = hold(world.aud, kind, name(world, run))
    assert retention.remove_due() == 0 and all(map(on_disk, made_by(run) | {world.snapshot.digest}))
    lift(world.aud, pk)
    assert retention.remove_due() == len(made_by(run)) + 1
    assert list(AuditEvent.objects.filter(stream=f"hold:{pk}").values_list("action", flat=True)) == ["hold.placed", "hold.lifted"]  # fmt: skip


def test_who_may_hold_and_what(world: World) -> None:
    for name in ("ines", "mikkel", "farah", "omar", "priya"):
        with pytest.raises(BadInput, match="no such run, project or person in your teams"):
            hold(world.people[name], "project", world.project.slug)
    for kind, name in (("person", "zoe"), ("run", "R-999"), ("run", "x"), ("project", "nothing")):
        with pytest.raises(BadInput, match="no such"):
            hold(world.aud, kind, name)
    pk = hold(world.aud, "project", world.project.slug)
    with pytest.raises(Conflict, match="already"):
        hold(world.aud, "project", world.project.slug)
    with pytest.raises(NotYours):
        lift(world.ines, pk)
    lift(world.aud, pk)
    with pytest.raises(Conflict, match="lifted already"):
        lift(world.aud, pk)
    with pytest.raises(BadInput, match="Say why"), transaction.atomic():
        holds.place_hold(user=world.aud, kind="project", name=world.project.slug, why=" ")


def test_a_crash_between_the_row_and_the_bytes_is_met_by_the_next_round(world: World) -> None:
    older()
    (due,) = (one for one in retention.due() if one.snapshots)
    retention.take_away(due, SYSTEM)
    assert on_disk(world.snapshot.digest)
    assert retention.remove_due() == 1 and not on_disk(world.snapshot.digest)


def test_removed_bytes_that_are_given_again_are_there_again(world: World) -> None:
    older()
    retention.remove_due()
    with pytest.raises(BadInput):
        fetch(world.snapshot.digest)
    again = intake.add_snapshot(
        user=world.tomas, project_id=world.project.pk, workflow_name="fake", name="x", filename="x", data=b"data",
        data_class="internal",
    )  # fmt: skip
    assert (again.pk, again.removed_at, again.owner) == (world.snapshot.pk, None, world.tomas)
    assert fetch(again.digest) == b"data" and removal.clear() == 0


def test_bytes_stored_again_before_they_are_deleted_stay(world: World) -> None:
    older()
    for due in retention.due():
        retention.take_away(due, SYSTEM)
    store(b"data")
    assert removal.clear() == 0 and fetch(world.snapshot.digest) == b"data"
