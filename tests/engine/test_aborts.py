"""The database takes a transaction back at its commit, as it does for a deadlock: that costs a try and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from hybridops.experiments.models import Run
from tests.engine import fake
from tests.engine.test_crashes import go_on_until_over, invariants
from tests.long import LONG
from tests.realdb import RealDatabase
from tests.world import World, submit

pytestmark = pytest.mark.slow  # real commits, many runs

STEP = 1 if LONG else 9
TRIES = 5  # more than a stage has


@contextmanager
def aborted(at: int) -> Iterator[list[int]]:
    """The n-th commit from here on is a rollback with the words of PostgreSQL; counts those it saw."""
    seen, whole = [0], connection._commit

    def commit() -> None:
        seen[0] += 1
        if seen[0] == at:
            connection._rollback()
            raise OperationalError("deadlock detected")
        whole()

    connection._commit = commit
    try:
        yield seen
    finally:
        del connection._commit


def one(world: World, at: int) -> int:
    """One run whose n-th commit is none; answers how many there were."""
    fake.CLOUD.__init__()  # type: ignore[misc]
    run = submit(world)
    with aborted(at) as seen:
        try:
            go_on_until_over(world, run, rounds_max=20)
        except OperationalError:
            invariants(run, ended=False)
            go_on_until_over(world, run, rounds_max=20)
    invariants(run)
    assert Run.objects.get(pk=run.pk).outcome == "accepted"
    return seen[0]


def test_an_abort_at_any_commit_costs_a_try_and_nothing_else(real: RealDatabase) -> None:
    total = one(real.world, -1)
    assert total > 20
    for at in range(1, total + 1, STEP):
        real.fresh()
        one(real.world, at)


@contextmanager
def room_for(pages: int) -> Iterator[None]:
    """SQLite's file may grow by so many pages and then finds its disk full; afterwards there is room again."""
    with connection.cursor() as asked:
        asked.execute("PRAGMA page_count")
        asked.execute(f"PRAGMA max_page_count = {asked.fetchone()[0] + pages}")
        try:
            yield
        finally:
            asked.execute(f"PRAGMA max_page_count = {2**30}")


def finds_it_full(world: World, run: Run) -> bool:
    try:
        go_on_until_over(world, run, rounds_max=1)
    except OperationalError as problem:
        if "full" not in str(problem):
            raise
        return True
    return False


def test_a_disk_that_is_full_for_a_while_costs_waiting_and_nothing_else(real: RealDatabase) -> None:
    """Whatever is being written when the last page is taken, and however often it is tried while there is none."""
    met = 0
    for pages in range(0, 60, 1 if LONG else 7):
        real.fresh()
        fake.CLOUD.__init__()  # type: ignore[misc]
        run = submit(real.world)
        with room_for(pages):
            met += sum(finds_it_full(real.world, run) for _ in range(TRIES))
        invariants(run, ended=False)
        go_on_until_over(real.world, run, rounds_max=20)
        invariants(run)
        assert Run.objects.get(pk=run.pk).outcome == "accepted"
    assert met > 0
