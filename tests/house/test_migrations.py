"""While an installation is upgraded two versions share one database: a migration adds first and takes away a release later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.fields import NOT_PROVIDED

# The newest migration of each room before this rule: what they did was done while everything stood still.
BEFORE = {
    "approvals": 5, "artifacts": 2, "audit": 4, "backends": 4, "definitions": 4, "experiments": 11, "outbox": 2, "quotas": 7,
    "teams": 6, "triggers": 1, "web": 1,
}  # fmt: skip
TAKES = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel, migrations.AlterModelTable,
    migrations.AddConstraint, migrations.AlterUniqueTogether,
)  # fmt: skip


def breaks(migration: migrations.Migration, state: ProjectState) -> list[str]:
    """Each operation that a process of the version before would stumble over, in words. `state` is moved on."""
    made: set[str] = set()
    found: list[str] = []
    for operation in _flat(migration.operations):
        before = state.clone()
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        elif _model(operation) not in made and _takes(operation, migration.app_label, before):
            found.append(operation.describe())
    return found


def _flat(operations: list[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _model(operation: Any) -> str:
    """The table that it is about, where it says one."""
    return str(getattr(operation, "model_name", None) or getattr(operation, "name", "")).lower()


def _takes(operation: Operation, app: str, before: ProjectState) -> bool:
    if isinstance(operation, migrations.AddField):
        return _needs_a_value(operation.field)
    if isinstance(operation, migrations.AlterField):
        model: ModelState = before.models[app, operation.model_name_lower]
        return _is_narrower(model.get_field(operation.name), operation.field)
    return isinstance(operation, TAKES)


def _needs_a_value(field: Any) -> bool:
    """An INSERT that does not name the column fails. `default` is Python's: the older process does not have it."""
    return not (field.many_to_many or field.null) and field.db_default is NOT_PROVIDED


def _is_narrower(old: Any, new: Any) -> bool:
    return (
        (old.null and not new.null)
        or (new.unique and not old.unique)
        or (_needs_a_value(new) and not _needs_a_value(old))
        or (old.get_internal_type() != new.get_internal_type())
        or (new.max_length or 10**9) < (old.max_length or 10**9)
    )


def after_the_rule(loader: MigrationLoader) -> Iterator[migrations.Migration]:
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if type(migration).__module__.startswith("hybridops.") and int(name[:4]) > BEFORE.get(app, 0):
            yield migration


def test_what_an_older_process_stumbles_over_is_marked_as_the_contract_step() -> None:
    """`contract = "which release stopped using it"` on the class; it is applied after the last old process has ended."""
    loader = MigrationLoader(None)
    checked = list(after_the_rule(loader))
    assert "0008_restored" in [migration.name for migration in checked]
    for migration in checked:
        before = loader.project_state((migration.app_label, migration.name), at_end=False)
        found, mark = breaks(migration, before), getattr(migration, "contract", "")
        assert bool(found) == bool(mark), f"{migration}: {found or 'marked, and takes nothing away'}"


def of(*operations: Operation) -> migrations.Migration:
    made = migrations.Migration("0002_next", "room")
    made.operations = list(operations)
    return made


def state() -> ProjectState:
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("note", models.TextField(null=True)),
    ]
    made = ProjectState()
    made.add_model(ModelState("room", "Thing", fields))
    return made


ADDS = [
    migrations.AddField("thing", "more", models.TextField(null=True)),
    migrations.AddField("thing", "more", models.TextField(default="", db_default="")),
    migrations.AlterField("thing", "name", models.CharField(max_length=40)),
    migrations.AlterField("thing", "name", models.CharField(max_length=20, null=True)),
    migrations.AddIndex("thing", models.Index(fields=["name"], name="by_name")),
    migrations.RunPython(migrations.RunPython.noop),
]
BREAKS = [
    migrations.AddField("thing", "more", models.TextField(default="")),
    migrations.RemoveField("thing", "note"),
    migrations.RenameField("thing", "note", "notes"),
    migrations.AlterField("thing", "note", models.TextField()),
    migrations.AlterField("thing", "name", models.CharField(max_length=10)),
    migrations.AlterField("thing", "name", models.BigIntegerField()),
    migrations.AlterField("thing", "name", models.CharField(max_length=20, unique=True)),
    migrations.AddConstraint("thing", models.UniqueConstraint(fields=["name"], name="one_name")),
    migrations.RenameModel("Thing", "Matter"),
    migrations.DeleteModel("Thing"),
    migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("thing", "note")]),
]


@pytest.mark.parametrize("operation", ADDS, ids=lambda one: one.describe())
def test_what_only_adds_passes(operation: Operation) -> None:
    assert breaks(of(operation), state()) == []


@pytest.mark.parametrize("operation", BREAKS, ids=lambda one: one.describe())
def test_what_takes_away_is_found(operation: Operation) -> None:
    assert len(breaks(of(operation), state())) == 1


def test_a_table_of_its_own_may_be_as_it_likes() -> None:
    """No older process knows it."""
    table = migrations.CreateModel("Fresh", [("id", models.BigAutoField(primary_key=True))])
    needs = migrations.AddField("fresh", "name", models.CharField(max_length=20))
    only = migrations.AddConstraint("fresh", models.UniqueConstraint(fields=["name"], name="one_fresh"))
    assert breaks(of(table, needs, only), state()) == []
