"""What somebody who left had begun goes on with a successor, or is seen by an administrator; no gate gets weaker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from hybridops.approvals import delegations
from hybridops.approvals.models import ApprovalRequest, Delegation
from hybridops.audit.models import AuditEvent
from hybridops.definitions.models import Draft
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused
from hybridops.engine import leavers
from hybridops.engine.inline import drive
from hybridops.experiments.models import Experiment
from hybridops.teams import machines
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.teams.services import join
from tests.approvals.asking import ask, decide, state
from tests.engine.fake import CLOUD
from tests.world import World


@pytest.fixture
def boss(world: World) -> User:
    made = User.objects.create(username="boss", name="Boss", email="boss@example.org")
    join(user=made, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    return made


def out(user: User, successor: User | None = None) -> None:
    leavers.put_out(user=user, successor=successor, why="left", actor=SYSTEM)
    user.refresh_from_db()


def draft(world: World) -> Draft:
    now = clock.now()
    return Draft.objects.create(
        team=world.team, kind="workflow", name="x", version=1, body={}, digest="d", author=world.ines,
        editors=[world.ines.pk], made_at=now, changed_at=now,
    )  # fmt: skip


def test_a_successor_takes_runs_data_and_drafts_over(world: World, boss: User) -> None:
    request, begun = ask(world), draft(world)
    out(world.ines, world.tomas)
    assert Experiment.objects.get().owner == world.tomas
    world.snapshot.refresh_from_db()
    assert (world.snapshot.owner, world.snapshot.added_by) == (world.tomas, world.ines)
    begun.refresh_from_db()
    assert (begun.author, begun.editors) == (world.tomas, sorted([world.ines.pk, world.tomas.pk]))
    assert ApprovalRequest.objects.get(pk=request.pk).state == "pending"
    assert leavers.orphaned(boss) == []
    (event,) = AuditEvent.objects.filter(action="work.handed_over")
    assert f'"to":{world.tomas.pk}' in event.body


def test_a_successor_does_not_decide_on_what_they_took_over(world: World) -> None:
    join(user=world.mikkel, team=world.team, role=Role.ANALYST, actor=SYSTEM)
    request = ask(world)
    out(world.ines, world.mikkel)
    assert world.mikkel.pk in ApprovalRequest.objects.get(pk=request.pk).involved
    with pytest.raises(Refused):
        decide(world.mikkel, request)


def test_a_vote_of_before_does_not_count_once_its_voter_took_the_run_over(world: World) -> None:
    join(user=world.mikkel, team=world.team, role=Role.ANALYST, actor=SYSTEM)
    request = ask(world)
    decide(world.mikkel, request)
    out(world.ines, world.mikkel)
    drive(request.envelope["run"])
    assert not [call for call in CLOUD.calls if call.startswith("submit")]
    assert state(request) != "consumed"


def test_services_go_on_under_the_successor_and_end_without_one(world: World) -> None:
    kept, _ = machines.add_service(username="a", name="A", kind="service", sponsor=world.ines, team=world.team, actor=SYSTEM)  # fmt: skip
    ended, _ = machines.add_service(username="b", name="B", kind="service", sponsor=world.tomas, team=world.team, actor=SYSTEM)  # fmt: skip
    out(world.ines, world.ada)
    out(world.tomas)
    kept.refresh_from_db()
    ended.refresh_from_db()
    assert (kept.sponsor, kept.is_active, ended.is_active) == (world.ada, True, False)


def test_a_service_does_not_go_to_somebody_of_another_team(world: World) -> None:
    service, _ = machines.add_service(username="a", name="A", kind="service", sponsor=world.ines, team=world.team, actor=SYSTEM)  # fmt: skip
    out(world.ines, world.zoe)
    service.refresh_from_db()
    assert (service.sponsor, service.is_active) == (world.ines, False)
    assert world.snapshot.owner == world.ines


def test_who_answers_for_a_service_from_now_on_does_not_decide_on_what_it_asked(world: World) -> None:
    robot, _ = machines.add_service(username="a", name="A", kind="service", sponsor=world.ines, team=world.team, actor=SYSTEM)  # fmt: skip
    request = ask(world, user=robot)
    assert state(request) == "pending"
    out(world.ines, world.mikkel)
    with pytest.raises(Refused):
        decide(world.mikkel, request)


def test_without_a_successor_an_administrator_sees_what_nobody_has(world: World, boss: User) -> None:
    ask(world)
    draft(world)
    out(world.ines)
    (left,) = leavers.orphaned(boss)
    assert (left.person, left.runs, left.data, left.drafts) == (world.ines, 1, 1, 1)
    assert leavers.orphaned(world.mikkel) == []
    browser = Client()
    browser.force_login(boss)
    assert "What Ines left" in browser.get("/").content.decode()
    assert (
        browser.post(f"/people/{world.ines.pk}/hand-over/", {"successor": world.tomas.pk}).status_code == 302
    )
    assert leavers.orphaned(boss) == []
    assert "What Ines left" not in browser.get("/").content.decode()


def test_delegations_of_who_left_end(world: World) -> None:
    now = clock.now()
    for giver, taker in ((world.mikkel, world.ada), (world.noor, world.mikkel)):
        with transaction.atomic():
            delegations.delegate(user=giver, team_id=world.team.pk, taker_id=taker.pk, starts_at=now, ends_at=now + timedelta(hours=1), why="away")  # fmt: skip
    out(world.mikkel)
    assert not Delegation.objects.filter(revoked_at=None).exists()
    assert AuditEvent.objects.filter(action="delegation.ended").count() == 2


@pytest.mark.parametrize("who", ["ines", "robot", "out"])
def test_a_successor_is_another_active_person(world: World, who: str) -> None:
    robot, _ = machines.add_service(username="robot", name="R", kind="service", sponsor=world.ada, team=world.team, actor=SYSTEM)  # fmt: skip
    if who == "out":
        out(world.tomas)
    successor = {"ines": world.ines, "robot": robot, "out": world.tomas}[who]
    with pytest.raises(Refused, match="another active person"):
        out(world.ines, successor)
    assert User.objects.get(pk=world.ines.pk).is_active


def test_nothing_is_taken_from_who_is_active(world: World) -> None:
    with pytest.raises(Refused, match="keeps their own work"):
        leavers.hand_over(user=world.ines, successor=world.tomas, actor=SYSTEM)
