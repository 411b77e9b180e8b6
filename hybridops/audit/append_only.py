"""Tables whose rows never change: the database itself refuses UPDATE, DELETE, TRUNCATE and INSERT OR REPLACE.

A second line of defence only: who owns the database can drop a trigger. What finds that is the log. SQLite
fires the triggers of a REPLACE only with `PRAGMA recursive_triggers=ON`, which every connection of ours sets.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations import RunPython

_SQLITE = """CREATE TRIGGER {table}_keeps_{what} BEFORE {what} ON {table} {when}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_POSTGRES_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
_POSTGRES = """CREATE TRIGGER {table}_keeps BEFORE {what} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
_POSTGRES_ROW = """CREATE TRIGGER {table}_keeps_row BEFORE UPDATE ON {table}
FOR EACH ROW {when} EXECUTE FUNCTION refuse_change()"""


def guard(*tables: str) -> RunPython:
    """The migration operation that guards these tables."""
    return _operation(dict.fromkeys(tables, ""))


def guard_but(**tables: str) -> RunPython:
    """The same where a row may change in one way: for each table the SQL condition that a change must meet."""
    return _operation(tables)


def loosen(**tables: str) -> RunPython:
    """The same for tables that are guarded already: from now on a row may change in that one way."""
    return _operation(tables, again=True)


def unguard(*tables: str) -> RunPython:
    """Opens tables for a migration that fills new columns; a later one in the same release guards them again."""

    def forwards(apps: Any, schema_editor: Any) -> None:
        for table in tables:
            for statement in _dropping(schema_editor.connection.vendor, table):
                schema_editor.execute(statement, params=None)

    return RunPython(forwards, RunPython.noop)


def same(*columns: str) -> str:
    """The SQL condition that none of these columns changes."""
    one = "COALESCE(NEW.{0} = OLD.{0}, NEW.{0} IS NULL AND OLD.{0} IS NULL)"
    return " AND ".join(one.format(name) for name in columns)


def _operation(tables: dict[str, str], *, again: bool = False) -> RunPython:
    def forwards(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(_POSTGRES_FUNCTION, params=None)
        for table, allowed in tables.items():
            for statement in _dropping(schema_editor.connection.vendor, table) if again else ():
                schema_editor.execute(statement, params=None)
            for statement in _statements(schema_editor.connection.vendor, table, allowed):
                schema_editor.execute(statement, params=None)

    return RunPython(forwards, RunPython.noop)


def _dropping(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {table}_keeps{row} ON {table}" for row in ("", "_row")]
    return [f"DROP TRIGGER IF EXISTS {table}_keeps_{what}" for what in ("UPDATE", "DELETE")]


def _statements(vendor: str, table: str, allowed: str) -> list[str]:
    when = f"WHEN (({allowed}) IS NOT TRUE)" if allowed else ""
    if vendor != "postgresql":
        update = _SQLITE.format(table=table, what="UPDATE", when=when)
        return [update, _SQLITE.format(table=table, what="DELETE", when="")]
    what = "DELETE OR TRUNCATE" if allowed else "UPDATE OR DELETE OR TRUNCATE"
    whole = _POSTGRES.format(table=table, what=what)
    return [whole, _POSTGRES_ROW.format(table=table, when=when)] if allowed else [whole]
