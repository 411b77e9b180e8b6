"""SQLite is told about its tables once a day, by the sweeper."""

from __future__ import annotations

from django.db import connection

from hybridops.engine.sweep import Sweeper, retain
from hybridops.experiments.plans import look_at_tables
from tests.world import World


def looked_at() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl FROM sqlite_stat1")
        return {name for (name,) in cursor.fetchall()}


def test_the_planner_knows_the_tables(world: World) -> None:
    look_at_tables()
    assert {"teams_team", "teams_user"} <= looked_at()


def test_the_sweeper_tells_it_once_a_day(world: World) -> None:
    sweeper = Sweeper()
    retain(sweeper)()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_stat1")
    retain(sweeper)()
    assert not looked_at()
    retain(Sweeper())()
    assert "teams_user" in looked_at()
