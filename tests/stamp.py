"""The shared world, made once a process by the real services and then printed into each test's transaction.

Making it takes 600 statements, printing its rows 20; a test cannot tell, for every number in it is the same.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from django.db import connection

from hybridops.artifacts.services import store
from tests.world import DATA, World, make_world

type Rows = dict[str, list[tuple[Any, ...]]]

_stamp: list[tuple[World, Rows]] = []


def stamped_world() -> World:
    """As `make_world()` leaves it."""
    if _stamp:
        world, rows = _stamp[0]
        _print(rows)
        store(DATA)  # a test before may have removed the bytes
    else:
        before = _rows()
        world = make_world()
        after = _rows()
        _stamp.append((world, {table: _added(before[table], after[table]) for table in after}))
    return _fresh(world)


def _fresh(world: World) -> World:
    """A test may change the people it is given."""
    people = {name: copy(user) for name, user in world.people.items()}
    for user in people.values():
        user._state = copy(user._state)
        user._state.fields_cache = {}
        for cached in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
            user.__dict__.pop(cached, None)
    return replace(world, people=people, project=copy(world.project), snapshot=copy(world.snapshot))


def _rows() -> Rows:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        return {name: cursor.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


def _added(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    known = set(before)
    assert known <= set(after), "a world is added to what is there"
    return [row for row in after if row not in known]


def _print(rows: Rows) -> None:
    with connection.cursor() as cursor:
        for table, values in rows.items():
            if values:
                marks = ", ".join(["%s"] * len(values[0]))
                cursor.executemany(f'INSERT INTO "{table}" VALUES ({marks})', values)
