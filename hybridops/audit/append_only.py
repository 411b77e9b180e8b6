"""Tables whose rows never change: the database itself refuses UPDATE, DELETE and TRUNCATE.

A second line of defence only: who owns the database can drop a trigger. What finds that is the log.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations import RunPython

_SQLITE = """CREATE TRIGGER {table}_keeps_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_POSTGRES_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
_POSTGRES = """CREATE TRIGGER {table}_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""


def guard(*tables: str) -> RunPython:
    """The migration operation that guards these tables."""

    def forwards(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(_POSTGRES_FUNCTION, params=None)
        for table in tables:
            for statement in _statements(schema_editor.connection.vendor, table):
                schema_editor.execute(statement, params=None)

    return RunPython(forwards, RunPython.noop)


def _statements(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [_POSTGRES.format(table=table)]
    return [_SQLITE.format(table=table, what=what) for what in ("UPDATE", "DELETE")]
