"""Turns in the engine: who may go goes at once, who has to wait says why, and what frees a place gives the next turn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from hybridops.audit.models import AuditEvent
from hybridops.backends import caps
from hybridops.backends.models import Cap
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.states import StageState
from hybridops.engine import sweep
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services, stops, turns
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Placement, Run, Stage, Submission, Turn
from hybridops.experiments.transitions import claim, return_stages
from tests.engine import fake
from tests.engine.turning import approved, cap, stage_of
from tests.world import World


def finish(run: Run) -> None:
    """The provider runs the job and the poller hears of it."""
    ask_providers(run.pk)
    ask_providers(run.pk)


def test_without_caps_nobody_waits_and_it_costs_one_question(world: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        first, second = approved(world), approved(world)
    assert Submission.objects.count() == 2
    assert {first.state, second.state} == {"submitted"}
    assert not Turn.objects.exists()
    assert sum("backends_cap" in one["sql"] for one in asked) == 2
    assert not any("experiments_turn" in one["sql"] for one in asked)


def test_who_finds_a_free_place_goes_at_once_and_leaves_no_row(world: World) -> None:
    cap(1)
    run = approved(world)
    assert run.state == "submitted"
    assert not Turn.objects.exists()
    moves = AuditEvent.objects.filter(stream=f"run:{run.pk}", body__contains='"to":"held"')
    assert not moves.filter(body__contains="turn").exists()


def test_who_has_to_wait_says_why_and_goes_when_the_place_is_free(world: World) -> None:
    cap(1)
    first, second = approved(world), approved(world)
    stage = stage_of(second)
    assert (stage.state, stage.why) == (
        StageState.HELD,
        "waiting for its turn: aster is full, at most 1 at once",
    )
    assert not second.submissions.exists()
    delay = Placement.objects.filter(run=second, stage="quantum").get().document
    assert "it waits for its turn: aster is full, at most 1 at once; it may cost $1.30" in delay["why"]
    assert turns.step() == 0
    finish(first)
    stage = stage_of(second)
    assert (stage.state, stage.why[:20]) == (StageState.READY, "its turn at aster af")
    event = AuditEvent.objects.get(stream=f"run:{second.pk}", body__contains='"turn":')
    assert '"backend":"aster"' in event.body
    drive(second.pk)
    assert Submission.objects.filter(run=second).get().state == "submitted"
    assert not Turn.objects.exists()


def test_no_cap_is_passed_by_many_and_each_gets_its_turn(world: World) -> None:
    cap(2)
    runs = [approved(world) for _ in range(5)]
    for _ in range(8):
        live = Submission.objects.filter(state__in=("submitted", "running")).count()
        assert live <= 2
        for run in runs:
            ask_providers(run.pk)
            drive(run.pk)
    assert {Run.objects.get(pk=run.pk).outcome for run in runs} == {"accepted"}


def test_a_cap_for_all_of_a_provider_counts_its_backends_together(world: World) -> None:
    cap(1, backend="")
    approved(world)
    second = approved(world, backend="kelvin")
    assert stage_of(second).why == "waiting for its turn: scripted is full, at most 1 at once"


def test_a_rate_lets_the_next_go_when_its_minute_is_over(world: World) -> None:
    cap(None, per_minute=1)
    approved(world)
    second = approved(world)
    assert stage_of(second).why == "waiting for its turn: aster takes at most 1 a minute"
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert turns.step() == 1
        drive(second.pk)
    assert Submission.objects.count() == 2


def test_a_turn_that_is_not_used_lapses_and_is_given_again(world: World) -> None:
    cap(1)
    first, second, third = (approved(world) for _ in range(3))
    finish(first)
    assert Turn.objects.get(pk=stage_of(second).pk).backend == "aster"
    assert turns.step() == 0  # a turn on its way holds its place
    Turn.objects.update(until=db_now() - 1)
    assert turns.step() == 1
    given = Turn.objects.exclude(until=None).get()
    assert given.pk == stage_of(second).pk  # who came first, although nobody works on it
    drive(second.pk)
    drive(third.pk)
    assert [row.run_id for row in Submission.objects.order_by("id")] == [first.pk, second.pk]


def test_a_lapsed_turn_that_somebody_else_has_meanwhile_means_waiting_again(world: World) -> None:
    cap(1)
    first, second, third = (approved(world) for _ in range(3))
    finish(first)
    Turn.objects.filter(pk=stage_of(second).pk).update(
        until=db_now() - 1, asked_at=clock.now() + timedelta(seconds=9)
    )
    turns.step()
    drive(third.pk)
    drive(second.pk)
    assert Submission.objects.filter(run=third).exists()
    assert stage_of(second).why == "waiting for its turn: aster is full, at most 1 at once"


def test_a_worker_that_dies_with_a_turn_hands_it_on(world: World) -> None:
    cap(1)
    first, second = approved(world), approved(world)
    finish(first)
    stage = stage_of(second)
    claim(stage_id=stage.pk, worker="gone", actor=SYSTEM)
    return_stages(Stage.objects.filter(worker="gone"), why="its worker was lost", actor=SYSTEM)
    drive(second.pk)
    assert Submission.objects.filter(run=second).exists()


def test_who_ends_or_is_stopped_leaves_the_line(world: World) -> None:
    cap(1)
    first, second, third = (approved(world) for _ in range(3))
    services.cancel(user=world.ines, run_id=second.pk)
    stops.stop_spending(user=world.omar, why="a strange bill")
    finish(first)
    drive(third.pk)
    assert stage_of(third).why == "QPU spending is stopped"
    assert list(Turn.objects.values_list("stage__run", flat=True)) == [third.pk]
    stops.resume_spending(user=world.omar)
    drive(third.pk)
    assert Submission.objects.filter(run=third).exists()


def test_an_approval_that_lapses_in_line_ends_as_any_other(world: World) -> None:
    cap(0)
    run = approved(world, fallback="stop")
    assert stage_of(run).why == "waiting for its turn: aster takes nothing now"
    with clock.at(clock.now() + timedelta(hours=7)):
        sweep.turns.step()
        drive(run.pk)
    fresh = Run.objects.get(pk=run.pk)
    assert (fresh.outcome, fresh.why) == ("expired", "The approval lapsed.")
    assert turns.step() == 0
    assert not Turn.objects.exists()


def test_another_team_s_single_run_goes_before_the_rest_of_a_flood(world: World) -> None:
    cap(1)
    flood = [approved(world) for _ in range(4)]
    single = approved(world)
    other = world.zoe.memberships.get().team
    Turn.objects.filter(pk=stage_of(single).pk).update(team=other)
    finish(flood[0])
    assert [turn.pk for turn in Turn.objects.exclude(until=None)] == [stage_of(single).pk]


def test_weights_come_from_the_settings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SCHEDULING", {"weights": {"routing": 1000.0}, "wait_max_seconds": 1e9})
    cap(1)
    flood = [approved(world) for _ in range(3)]
    other = world.zoe.memberships.get().team
    single = approved(world)
    Turn.objects.filter(pk=stage_of(single).pk).update(team=other)
    finish(flood[0])
    assert [turn.pk for turn in Turn.objects.exclude(until=None)] == [stage_of(single).pk]
    used = turns.sites.used(turns.sites.rules())
    assert used == {"routing": pytest.approx(1_300_000, rel=1e-3)}


def test_raising_a_cap_lets_go_at_once_whoever_waits(world: World) -> None:
    cap(1)
    runs = [approved(world) for _ in range(3)]
    cap(3, seen=1)
    for run in runs:
        drive(run.pk)
    assert Submission.objects.count() == 3
    changed = AuditEvent.objects.filter(stream="queues").order_by("seq")
    assert [event.action for event in changed] == ["cap.changed", "cap.changed"]
    assert '"from":{"at_once":1,"per_minute":null}' in changed[1].body


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"backend": "nowhere"}, "at_once"),
        ({"at_once": 10_001}, "at_once"),
        ({"per_minute": 0}, "per_minute"),
        ({"why": " "}, "why"),
    ],
)
def test_caps_that_cannot_be_are_refused(world: World, told: dict[str, Any], field: str) -> None:
    good = {
        "provider": "scripted",
        "backend": "aster",
        "at_once": 1,
        "per_minute": None,
        "seen": 0,
        "why": "so",
    }
    with pytest.raises(BadInput) as refused, transaction.atomic():
        caps.change(**{**good, **told}, actor=SYSTEM)
    assert refused.value.field == field
    assert not Cap.objects.exists()


def test_a_cap_that_was_changed_meanwhile_is_not_overwritten(world: World) -> None:
    cap(1)
    for seen in (0, 2):
        with pytest.raises(Conflict), transaction.atomic():
            cap(5, seen=seen)
    assert Cap.objects.get().at_once == 1


def test_a_refusal_frees_its_place(world: World) -> None:
    cap(1)
    fake.CLOUD.script = ["refused"] * 3
    first = approved(world)
    assert not first.submissions.filter(state="submitted").exists()
    assert approved(world).state == "submitted"
