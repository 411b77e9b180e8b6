"""The database's part of a copy, on SQLite and PostgreSQL. What is restored is held back in the same transaction in
which it appears: SQLite's file is put in place last, PostgreSQL's tables come with the stop or not at all.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from shutil import which

from django.db import connection, transaction
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused
from hybridops.domain.states import SubmissionState
from hybridops.experiments.models import Submission
from hybridops.quotas.stops import record_restored, stop_restored

SQLITE, DUMP = "database.sqlite3", "database.pgdump"
WHY = "Restored from a backup: the providers are asked what was sent since; look into their consoles, then resume"
_NAMED = ("host", "port", "user", "dbname", "options", "sslmode", "sslrootcert", "sslcert", "sslkey")
# What the copy meant to send may have been sent since, so it is looked up first.
_HOLD = """
SET search_path = public;
UPDATE quotas_spendingstop SET backup_at = {at}, asked_at = NULL, found = '[]' WHERE standing;
INSERT INTO quotas_spendingstop (why, by, made_at, standing, lifted_by, backup_at, found)
    SELECT {why}, {by}, now(), true, '', {at}, '[]'
    WHERE NOT EXISTS (SELECT 1 FROM quotas_spendingstop WHERE standing);
UPDATE experiments_submission SET sent_at = now() WHERE state = {reserved} AND sent_at IS NULL;
"""


def file_name() -> str:
    return SQLITE if connection.vendor == "sqlite" else DUMP


def dump(target: Path) -> None:
    """Copies the database as the caller's transaction sees it."""
    if connection.vendor == "sqlite":
        _copy_sqlite(Path(str(connection.settings_dict["NAME"])), target)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
    _run("pg_dump", words)
    target.chmod(0o600)


def check_empty() -> None:
    """Raises Refused where there is a database already."""
    if connection.vendor == "sqlite":
        target = Path(str(connection.settings_dict["NAME"]))
        if target.exists():
            raise Refused(f"There is a database in {target}. Restore into a data folder without one.")
    elif connection.introspection.table_names():
        raise Refused("There are tables in this database. Restore into an empty one.")


def load(source: Path, *, backup_at: datetime) -> int:
    """Puts the copy in place with all QPU spending stopped; how many submissions are looked up first."""
    if not source.is_file():
        raise Refused(f"This copy has no {source.name}: it was made on the other kind of database.")
    if connection.vendor == "sqlite":
        return _load_sqlite(source, backup_at)
    hold = sql.SQL(_HOLD).format(
        at=sql.Literal(backup_at), why=sql.Literal(WHY), by=sql.Literal(SYSTEM.name),
        reserved=sql.Literal(SubmissionState.RESERVED.value),
    )  # fmt: skip
    script = _run("pg_restore", ["--no-owner", "--no-privileges", "--file=-", str(source)], to_database=False)
    words = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-"]
    _run("psql", words, told=script + hold.as_string(None).encode())
    connection.close()
    record_restored(backup_at=backup_at, actor=SYSTEM)
    return Submission.objects.filter(state=SubmissionState.RESERVED, sent_at__isnull=False).count()


def _load_sqlite(source: Path, backup_at: datetime) -> int:
    target = Path(str(connection.settings_dict["NAME"]))
    part = target.with_name(f"{target.name}.restored")
    _copy_sqlite(source, part)
    doubtful = _hold_back(part, backup_at)
    part.replace(target)
    return doubtful


def _hold_back(part: Path, backup_at: datetime) -> int:
    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(part)
    try:
        with transaction.atomic():
            stop_restored(why=WHY, backup_at=backup_at, actor=SYSTEM)
            unsent = Submission.objects.filter(state=SubmissionState.RESERVED, sent_at=None)
            doubtful = unsent.update(sent_at=clock.now())
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
    return doubtful


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own copy: whole, whoever reads or waits meanwhile."""
    target.unlink(missing_ok=True)
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as there, sqlite3.connect(target) as here:
        there.backup(here)
    there.close()
    here.close()
    target.chmod(0o600)


def _run(program: str, words: Sequence[str], *, told: bytes | None = None, to_database: bool = True) -> bytes:
    """One of PostgreSQL's own programs; the password goes by the environment, where no list of processes has it."""
    if which(program) is None:
        raise Refused(f"{program} is not installed: it comes with PostgreSQL's client.")
    given = connection.get_connection_params()
    named = {name: str(given[name]) for name in _NAMED if given.get(name)}
    where = [f"--dbname={make_conninfo('', **named)}"] if to_database else []
    env = os.environ | ({"PGPASSWORD": str(given["password"])} if given.get("password") else {})
    done = subprocess.run([program, *words, *where], input=told, capture_output=True, env=env, check=False)
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout
