"""The ledger's promises: never above a limit, every reservation ended once, every amount accounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hybridops.bootstrap import ROOT
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict, NoRoom, Refused
from hybridops.quotas import limits, services
from hybridops.quotas.models import Budget, LedgerEntry, Reservation
from tests.realdb import RealDatabase
from tests.stores import store
from tests.world import World


def reserve(world: World, key: str, amount: int, run_id: int = 1) -> Reservation:
    return services.reserve(
        key=key,
        run_id=run_id,
        what="test",
        amount_micro=amount,
        team_id=world.team.pk,
        project_id=world.project.pk,
        backend="aster",
        price_book="b",
        actor=SYSTEM,
    )


def run(program: str, kind: str, home: Path, *, filled: bool = True) -> dict[str, Any]:
    """What a program tells that has a database of its own."""
    with store(kind, filled=filled) as where:
        env = os.environ | where | {"HYBRIDOPS_HOME": str(home), "REDIS_URL": ""}
        done = subprocess.run(
            [sys.executable, "-m", program],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_ledger_of_before_gets_its_accounts(kind: str, tmp_path: Path) -> None:
    told = run("tests.quotas.upgrade", kind, tmp_path, filled=False)
    assert told == {"differences": [], "refused": ["update", "update", "budget", "budget"], "entries": 10}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sixteen_writers_who_are_killed_never_overspend(kind: str, tmp_path: Path) -> None:
    told = run("tests.quotas.race", kind, tmp_path)
    assert told["killed"] >= 12
    assert set(told["ended"]) == {0}
    assert (told["above"], told["differences"]) == ([], [])
    assert told["reserves"] == told["reservations"] * told["budgets"]
    assert told["refused"] > 0


def test_the_same_key_is_the_same_promise(real: RealDatabase) -> None:
    world = real.world
    first = reserve(world, "k", 5)
    assert reserve(world, "k", 5) == first
    with pytest.raises(Conflict):
        reserve(world, "k", 6)
    assert Budget.objects.get().pending_micro == 5


def test_a_reservation_ends_once(real: RealDatabase) -> None:
    world = real.world
    reserve(world, "k", 10)
    services.settle(key="k", billed_micro=4, actor=SYSTEM)
    services.settle(key="k", billed_micro=4, actor=SYSTEM)
    for again in (
        lambda: services.settle(key="k", billed_micro=5, actor=SYSTEM),
        lambda: services.release(key="k", why="x", actor=SYSTEM),
    ):
        with pytest.raises(Conflict):
            again()
    with pytest.raises(BadInput):
        services.settle(key="nobody", billed_micro=1, actor=SYSTEM)
    with pytest.raises(BadInput):
        services.settle(key="k", billed_micro=-1, actor=SYSTEM)
    budget = Budget.objects.get()
    assert (budget.pending_micro, budget.posted_micro) == (0, 4)


def test_a_vendor_s_overrun_is_visible_and_freezes(real: RealDatabase) -> None:
    world = real.world
    reserve(world, "k", 10)
    services.settle(key="k", billed_micro=25, actor=SYSTEM)
    budget = Budget.objects.get()
    assert (budget.posted_micro, budget.overrun_micro, budget.frozen) == (10, 15, True)
    with pytest.raises(NoRoom, match="frozen"):
        reserve(world, "next", 1)
    with pytest.raises(BadInput):
        limits.clear_overrun(budget_id=budget.pk, why="", actor=SYSTEM)
    limits.clear_overrun(budget_id=budget.pk, why="the vendor is right", actor=SYSTEM)
    reserve(world, "next", 1)


def test_every_level_or_none(real: RealDatabase) -> None:
    world = real.world
    team = Budget.objects.get()
    project = limits.open_budget(
        team_id=world.team.pk,
        project_id=world.project.pk,
        name="small",
        limit_micro=5,
        starts_on=team.starts_on,
        ends_on=team.ends_on,
        actor=SYSTEM,
    )
    with pytest.raises(NoRoom, match="small"):
        reserve(world, "k", 6)
    assert not Reservation.objects.exists()
    reserve(world, "k", 5)
    project.refresh_from_db()
    team.refresh_from_db()
    assert project.pending_micro == team.pending_micro == 5


def test_a_backend_s_budget_counts_only_for_it(real: RealDatabase) -> None:
    world = real.world
    team = Budget.objects.get()
    limits.open_budget(
        team_id=world.team.pk,
        backend="kelvin",
        name="kelvin only",
        limit_micro=0,
        starts_on=team.starts_on,
        ends_on=team.ends_on,
        actor=SYSTEM,
    )
    reserve(world, "k", 5)


def test_without_a_budget_nothing_that_costs_runs(real: RealDatabase) -> None:
    world = real.world
    LedgerEntry.objects.none()
    Budget.objects.update(ends_on="2020-01-02", starts_on="2020-01-01")
    with pytest.raises(Refused, match="No budget"):
        reserve(world, "k", 1)
    reserve(world, "free", 0)


def test_a_lower_limit_spares_what_runs_and_refuses_what_is_new(real: RealDatabase) -> None:
    world = real.world
    budget = Budget.objects.get()
    reserve(world, "k", 100)
    limits.change_limit(
        budget_id=budget.pk, limit_micro=50, seen_micro=budget.limit_micro, actor=SYSTEM, why="less"
    )
    with pytest.raises(NoRoom):
        reserve(world, "l", 1)
    services.settle(key="k", billed_micro=100, actor=SYSTEM)
    budget.refresh_from_db()
    assert (budget.posted_micro, budget.free_micro, budget.frozen) == (100, 0, False)
    with pytest.raises(Conflict):
        limits.change_limit(budget_id=budget.pk, limit_micro=9, seen_micro=1, actor=SYSTEM, why="stale")


def test_shots_and_time_cost_no_statement_more_than_money(real: RealDatabase) -> None:
    def statements(key: str, **more: int) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as making:
            services.reserve(
                key=key, run_id=1, what="test", amount_micro=5, team_id=real.world.team.pk,
                project_id=real.world.project.pk, backend="aster", price_book="b", actor=SYSTEM, **more,
            )  # fmt: skip
        with CaptureQueriesContext(connection) as ending:
            services.settle(key=key, billed_micro=4, actor=SYSTEM, **more)
        return len(making), len(ending)

    statements("first")  # names are asked for once
    assert statements("money") == statements("all", shots=7, qpu_ms=9)
