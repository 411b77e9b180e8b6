"""A worker that lives on after its work broke off holds nothing: its lease would be renewed for ever."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from django.db import OperationalError

from hybridops.domain.states import StageState
from hybridops.engine import advance, deadline, jobs, sweep
from hybridops.engine.inline import drive
from hybridops.experiments.models import Stage
from hybridops.experiments.transitions import renew
from tests.world import World, submit


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are in a transaction of their own."""
    monkeypatch.setattr(jobs.connections, "close_all", lambda: None)
    monkeypatch.setattr(jobs, "close_old_connections", lambda: None)


def broken(*given: Any, **more: Any) -> Any:
    raise OperationalError("the connection is closed")


def test_a_stage_whose_work_broke_off_goes_back_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was restarted right before what was computed was written."""
    run = submit(world)
    stage = Stage.objects.get(run=run, state=StageState.READY)
    with monkeypatch.context() as then:
        then.setattr(advance, "dispose", broken)
        with pytest.raises(OperationalError):
            jobs.run_stage(stage.pk)
    stage.refresh_from_db()
    assert (stage.state, stage.losses, stage.worker) == ("ready", 1, "")
    assert renew(jobs.my_name()) == 0
    assert drive(run.pk).state == "awaiting_approval"


def test_a_worker_that_cannot_give_back_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its successor gives back; whoever is no worker of ours is not ended."""
    stage = Stage.objects.get(run=submit(world), state=StageState.READY)
    ends: list[int] = []
    monkeypatch.setattr(deadline.os, "_exit", ends.append)
    monkeypatch.setattr(advance, "take", broken)
    monkeypatch.setattr(jobs, "return_stages", broken)
    for deadly, ended in ((False, []), (True, [1])):
        monkeypatch.setattr(deadline, "_deadly", deadly)
        with pytest.raises(OperationalError):
            jobs.run_stage(stage.pk)
        assert ends == ended


def full(*given: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_ends_no_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage is held with the reason, tried again after a while and not at once, and goes on when there is room."""
    run, sweeper = submit(world), sweep.Sweeper()
    stage = Stage.objects.get(run=run, state=StageState.READY)
    sweep.try_for_room(sweeper)()
    with monkeypatch.context() as then:
        then.setattr(advance, "STAGES", dict.fromkeys(advance.STAGES, full))
        jobs.run_stage(stage.pk)
    sweep.try_for_room(sweeper)()  # too soon
    stage.refresh_from_db()
    assert (stage.state, stage.losses) == ("held", 0)
    assert "no room left" in stage.why
    sweep.try_for_room(sweep.Sweeper())()
    assert drive(run.pk).state == "awaiting_approval"
