"""The log finds what was done to it, whoever did it: edits, deletions, insertions, reorderings, cut tails."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from django.db import DatabaseError, connection, transaction

from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Stream
from hybridops.audit.publish import checkpoint_folder
from hybridops.audit.services import record, seal, sequence
from hybridops.audit.verify import verify
from hybridops.domain.actors import SYSTEM
from hybridops.trust.canonical import canonical
from hybridops.trust.merkle import leaf_hash
from tests.realdb import RealDatabase


def tell(text: str, stream: str = "run:1") -> None:
    with transaction.atomic():
        record(stream=stream, action="test.told", actor=SYSTEM, facts={"text": text})


@pytest.fixture
def log(real: RealDatabase) -> RealDatabase:
    """A sealed log and an unsealed tail of two."""
    for n in range(6):
        tell(f"event {n}", f"run:{n % 2}")
    sequence()
    seal()
    tell("tail 1")
    tell("tail 2")
    sequence()
    return real


def unguarded(log: RealDatabase, *statements: str) -> None:
    """What somebody does who owns the database file: no trigger stops them."""
    connection.close()
    with closing(sqlite3.connect(log.path)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            raw.execute(statement)
        raw.commit()


def test_an_honest_log_verifies_and_names_its_tail(log: RealDatabase) -> None:
    report = verify()
    assert report.verified, report.findings
    assert (report.tail, report.leaves) == (2, report.events)


def test_what_was_rolled_back_was_never_told(log: RealDatabase) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(stream="run:9", action="test.told", actor=SYSTEM, facts={})
        _ = 1 // 0
    assert AuditEvent.objects.count() == before
    with pytest.raises(RuntimeError):
        record(stream="run:9", action="test.told", actor=SYSTEM, facts={})


@pytest.mark.parametrize(
    "table", ["audit_auditevent", "audit_leaf", "audit_checkpoint", "quotas_ledgerentry"]
)
@pytest.mark.parametrize("what", ["UPDATE {0} SET id = id", "DELETE FROM {0}"])
def test_the_database_refuses_to_change_what_was_written(log: RealDatabase, table: str, what: str) -> None:
    statement = what.format(table).replace("id = id", "index = index" if table == "audit_leaf" else "id = id")
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement.replace("index = index", '"index" = "index"'))


LAST = "(SELECT max(id) FROM audit_auditevent)"
TAMPERINGS: list[tuple[str, list[str], str]] = [
    ("edited", ["UPDATE audit_auditevent SET body = replace(body, 'event 2', 'event X')"], "altered"),
    ("retold in a column", ["UPDATE audit_auditevent SET action = 'run.accepted' WHERE body LIKE '%event 2%'"], "altered"),
    ("backdated", ["UPDATE audit_auditevent SET at = '2020-01-01' WHERE body LIKE '%event 2%'"], "altered"),
    ("deleted", ["DELETE FROM audit_auditevent WHERE body LIKE '%event 2%'"], "missing|no event"),
    (
        "deleted with its leaf",
        [
            "DELETE FROM audit_leaf WHERE event_id IN (SELECT id FROM audit_auditevent WHERE body LIKE '%event 2%')",
            "DELETE FROM audit_auditevent WHERE body LIKE '%event 2%'",
        ],
        "missing|no event",
    ),
    (
        "reordered",
        [
            'UPDATE audit_leaf SET "index" = 900 WHERE "index" = 3',
            'UPDATE audit_leaf SET "index" = 3 WHERE "index" = 4',
            'UPDATE audit_leaf SET "index" = 4 WHERE "index" = 900',
        ],
        "root",
    ),
    (
        "cut off",
        [
            f'DELETE FROM audit_leaf WHERE event_id = {LAST}',
            f"DELETE FROM audit_auditevent WHERE id = {LAST}",
        ],
        "were written",
    ),
    (
        "cut off with its counter",
        [
            f'DELETE FROM audit_leaf WHERE event_id = {LAST}',
            f"UPDATE audit_stream SET head = head - 1 WHERE name = (SELECT stream FROM audit_auditevent WHERE id = {LAST})",
            f"DELETE FROM audit_auditevent WHERE id = {LAST}",
        ],
        "",
    ),
    ("a checkpoint edited", ["UPDATE audit_checkpoint SET note = replace(note, 'hybridops', 'hybridopz')"], "is of the log"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "statements", "says"), TAMPERINGS, ids=[t[0] for t in TAMPERINGS])
def test_tampering_is_found(log: RealDatabase, what: str, statements: list[str], says: str) -> None:
    if what == "cut off with its counter":  # an unsealed event leaves no trace: that is what sealing is for
        seal()
    unguarded(log, *statements)
    report = verify()
    assert not report.verified
    assert not says or any(word in " ".join(report.findings) for word in says.split("|")), report.findings


def test_an_inserted_event_is_found(log: RealDatabase) -> None:
    body = canonical(
        {"v": 1, "stream": "run:0", "seq": 99, "at": "x", "action": "a", "actor": {}, "facts": {}}
    )
    AuditEvent.objects.create(
        stream="run:0", seq=99, at="2026-01-01T00:00:00Z", action="a", actor="a", body=body.decode(), leaf_hash=leaf_hash(body)
    )  # fmt: skip
    assert not verify().verified


def test_a_log_emptied_together_with_its_checkpoints_is_told_by_the_copy_outside(log: RealDatabase) -> None:
    tables = ("audit_leaf", "audit_auditevent", "audit_checkpoint", "audit_stream", "audit_log")
    unguarded(log, *(f"DELETE FROM {table}" for table in tables))
    assert checkpoint_folder().joinpath("latest.txt").exists()
    assert any("cut off" in finding for finding in verify().findings)


def test_sequencing_in_pieces_gives_the_tree_of_the_whole(log: RealDatabase) -> None:
    for n in range(7):
        tell(f"more {n}")
        if n % 2:
            sequence(limit=1)
    while sequence(limit=2):
        pass
    seal()
    assert verify().verified
    assert Leaf.objects.count() == AuditEvent.objects.count()
    assert Checkpoint.objects.count() == 2
    assert seal() is None


def test_streams_count_on_their_own(log: RealDatabase) -> None:
    heads = dict(Stream.objects.filter(name__in=("run:0", "run:1")).values_list("name", "head"))
    assert heads == {"run:0": 3, "run:1": 5}
