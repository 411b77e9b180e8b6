"""Promises that an ended run left behind, and what classical work costs however a run ends."""

from __future__ import annotations

import pytest
from django.db import transaction

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Conflict
from hybridops.engine.inline import drive
from hybridops.engine.sweep import Sweeper, expire_left
from hybridops.experiments import leftovers, services
from hybridops.experiments.conduct import classical_key, slot_key
from hybridops.experiments.models import Run, Stage
from hybridops.quotas import services as quotas
from hybridops.quotas.books import differences
from hybridops.quotas.models import Budget, LedgerEntry, Reservation
from tests.engine.test_run import decide, finish
from tests.world import World, submit


def test_what_an_ended_run_left_is_taken_back_once(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    services.cancel(user=world.ines, run_id=run.pk)
    drive(run.pk)
    assert Run.objects.get().outcome
    quotas.reserve(
        key=slot_key(run.pk, 9), run_id=run.pk, what="lost", amount_micro=7, shots=3, team_id=world.team.pk,
        project_id=world.project.pk, backend="aster", price_book="b", actor=SYSTEM,
    )  # fmt: skip
    expire_left(Sweeper())()
    held = Reservation.objects.get(key=slot_key(run.pk, 9))
    assert (held.state, held.settled_micro, Budget.objects.get().pending_micro) == ("expired", 0, 0)
    assert LedgerEntry.objects.filter(kind="EXPIRE").count() == 2
    assert leftovers.left_promised() == []
    with pytest.raises(Conflict), transaction.atomic():
        quotas.release(key=held.key, why="late", actor=SYSTEM)
    assert differences() == []


def test_a_run_that_goes_on_keeps_its_promises(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    leftovers.expire_left(run.pk)
    assert Reservation.objects.get().state == "held"
    decide(world, run)
    drive(run.pk)
    assert leftovers.left_promised() == []
    assert Reservation.objects.filter(state="held").count() > 1


def test_cpu_time_is_charged_when_a_run_is_cancelled(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    Stage.objects.filter(run=run, state="done").update(seconds=2.0)
    done = Stage.objects.filter(run=run, state="done").count()
    services.cancel(user=world.ines, run_id=run.pk)
    drive(run.pk)
    held = Reservation.objects.get(key=classical_key(run.pk))
    assert (held.state, held.settled_micro) == ("settled", done * 100)  # $0.00005 a second
    assert differences() == []


def test_shots_and_time_of_the_jobs_are_counted(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    decide(world, run)
    finish(run)
    budget = Budget.objects.get()
    used = sum(run.submissions.values_list("shots_done", flat=True))
    assert (budget.posted_shots, budget.pending_shots, budget.pending_qpu_ms) == (used, 0, 0)
    assert used > 0
