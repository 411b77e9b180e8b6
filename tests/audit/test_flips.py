"""A bit flipped anywhere in a table of the log is found, and the place is named."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils.dateparse import parse_datetime

from hybridops.audit.services import erase, record, seal, sequence
from hybridops.audit.verify import verify
from hybridops.domain.actors import SYSTEM, Actor
from tests.realdb import RealDatabase

# Every column that says something: `id` of a checkpoint says nothing, nobody refers to it.
COLUMNS = {
    "audit_auditevent": ("id", "stream", "seq", "at", "action", "actor", "body", "leaf_hash"),
    "audit_leaf": ("index", "event_id", "leaf_hash"),
    "audit_tile": ("place", "hashes"),
    "audit_stream": ("name", "head"),
    "audit_log": ("size",),
    "audit_checkpoint": ("size", "note", "made_at"),
    "audit_payload": ("digest", "about", "field", "salt", "text", "erased_at"),
}


DATES = ("at", "made_at", "erased_at")


def _read(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


@pytest.fixture(scope="module")
def seeds() -> random.Random:
    return random.Random(14)


def fill() -> None:
    """More than a tile, several checkpoints, texts that are there and texts that are not."""
    person = Actor("person", "5", "Ada")
    for round_ in range(3):
        with transaction.atomic():
            for n in range(100):
                texts = {"why": f"reason {n}"} if n % 25 == 0 else {}
                record(
                    stream=f"run:{n % 4}", action="test.told", actor=person, facts={"n": n}, personal=texts
                )
        if round_ == 1:
            erase(actor=SYSTEM, why="asked", about="person:5")
        while sequence():
            pass
        seal()


def flipped(value: Any, source: random.Random) -> Any:
    if isinstance(value, int):
        return value ^ 1 << source.randrange(8)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    while True:
        place, bit = source.randrange(len(raw)), source.randrange(7)
        changed = bytes(raw[:place]) + bytes([raw[place] ^ 1 << bit]) + bytes(raw[place + 1 :])
        if not isinstance(value, str):
            return changed
        with suppress(UnicodeDecodeError):
            return changed.decode()


@pytest.mark.slow
def test_a_bit_flipped_in_any_column_is_found(real: RealDatabase, seeds: random.Random) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("what alters a file of SQLite")
    fill()
    assert verify().verified, verify().findings
    connection.close()
    with closing(sqlite3.connect(real.path, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("PRAGMA foreign_keys=OFF")
        for table, columns in COLUMNS.items():
            for column in columns:
                for _ in range(3):
                    _flip(raw, table, column, seeds)
    assert verify().verified, "each was put back"


def _flip(raw: sqlite3.Connection, table: str, column: str, source: random.Random) -> None:
    rows = raw.execute(f'SELECT rowid, "{column}" FROM {table} WHERE "{column}" IS NOT NULL AND length("{column}") > 0').fetchall()  # fmt: skip
    row, value = source.choice(rows)
    other = flipped(value, source)
    if column in DATES and _read(value) == _read(other):
        return  # another way to write the same moment
    # A number that is the key moves the row itself.
    key, now = ("rowid", row) if column not in ("id", "index", "place") else (f'"{column}"', other)
    seen = value if now is other else row
    try:
        raw.execute(f'UPDATE {table} SET "{column}" = ? WHERE {key} = ?', (other, seen))
    except sqlite3.IntegrityError:
        return  # the database itself refuses it: two rows of one key
    try:
        report = verify()
        assert not report.verified, (table, column, value, other)
        assert len(report.findings[0]) > 20
    finally:
        connection.close()
        raw.execute(f'UPDATE {table} SET "{column}" = ? WHERE {key} = ?', (value, now))
