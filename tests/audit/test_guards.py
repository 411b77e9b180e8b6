"""The database itself refuses to change what was written, in every way it can be asked to."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import DatabaseError, connection, transaction

from hybridops.audit.models import AuditEvent, Payload, Tile
from hybridops.audit.services import erase, record, seal, sequence
from hybridops.domain.actors import SYSTEM
from tests.realdb import RealDatabase

GUARDED = ("audit_auditevent", "audit_leaf", "audit_checkpoint", "audit_tile", "audit_payload",
           "quotas_ledgerentry", "approvals_decision")  # fmt: skip


@pytest.fixture
def log(real: RealDatabase) -> RealDatabase:
    while sequence():
        pass
    seal()
    return real


def refused(statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def column(table: str) -> str:
    return {"audit_leaf": '"index"', "audit_tile": "place", "audit_payload": "digest"}.get(table, "id")


@pytest.mark.parametrize(
    "table", [one for one in GUARDED if one not in ("quotas_ledgerentry", "approvals_decision")]
)
def test_rows_are_neither_changed_nor_taken_away(log: RealDatabase, table: str) -> None:
    key = column(table)
    refused(f"DELETE FROM {table}")
    refused(f"DELETE FROM {table} WHERE {key} = (SELECT max({key}) FROM {table})")
    if table not in ("audit_tile", "audit_payload"):
        refused(f"UPDATE {table} SET {key} = {key}")


def test_a_row_is_not_replaced_either(log: RealDatabase) -> None:
    """T18: SQLite's INSERT OR REPLACE slips past such triggers unless a pragma is on."""
    if connection.vendor != "sqlite":
        refused(
            "INSERT INTO audit_checkpoint (id, size, note, made_at) SELECT id, size, 'x', made_at FROM audit_checkpoint "
            "ON CONFLICT (id) DO UPDATE SET note = 'x'"
        )
        return
    for table in GUARDED[:5]:
        refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        refused(f"REPLACE INTO {table} SELECT * FROM {table}")
        if table == "audit_auditevent":
            refused(f"UPDATE OR REPLACE {table} SET seq = 1")


def test_every_connection_has_the_pragma_that_this_rests_on(log: RealDatabase) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a matter of SQLite")
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers")
            assert cursor.fetchone() == (1,)
        connection.close()


def test_without_the_pragma_the_log_still_tells(log: RealDatabase) -> None:
    """What the guard does not stop, `verify` finds."""
    if connection.vendor != "sqlite":
        pytest.skip("a matter of SQLite")
    import sqlite3

    from hybridops.audit.verify import verify

    connection.close()
    with closing(sqlite3.connect(log.path)) as raw:
        raw.execute("PRAGMA recursive_triggers=OFF")
        raw.execute(
            "INSERT OR REPLACE INTO audit_auditevent SELECT id, stream, seq, at, 'other.action', actor, body, leaf_hash "
            "FROM audit_auditevent WHERE id = 3"
        )
        raw.commit()
    assert any("the action in the table" in finding for finding in verify().findings)


def test_tables_are_not_emptied_at_once(log: RealDatabase) -> None:
    """T17: a row trigger does not stop TRUNCATE; ours stands before the statement."""
    if connection.vendor != "postgresql":
        pytest.skip("a matter of PostgreSQL")
    for table in GUARDED:
        refused(f"TRUNCATE {table} CASCADE")
    refused("TRUNCATE audit_leaf, audit_auditevent CASCADE")


def test_a_tile_only_grows_and_a_text_is_only_erased(log: RealDatabase) -> None:
    cut = "substr(hashes, 1, 32)"
    refused(f"UPDATE audit_tile SET hashes = {cut}")
    refused("UPDATE audit_tile SET place = place + 1")
    refused("UPDATE audit_payload SET text = 'somebody else'")
    refused("UPDATE audit_payload SET erased_at = CURRENT_TIMESTAMP")
    before = Tile.objects.get().hashes
    with transaction.atomic():
        record(stream="run:1", action="test.told", actor=SYSTEM, facts={}, personal={"why": "a reason"})
    sequence()
    assert bytes(Tile.objects.get().hashes).startswith(bytes(before))
    assert erase(actor=SYSTEM, why="asked", digest=Payload.objects.get(text="a reason").digest) == 1
    refused("UPDATE audit_payload SET text = 'back again' WHERE erased_at IS NOT NULL")
    assert AuditEvent.objects.filter(action="audit.erased").count() == 1
