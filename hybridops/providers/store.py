"""The simulator service's jobs, in one SQLite file: what a vendor would keep behind its API.

Adapters in any process write requests and read answers; one service claims and finishes. Every change is
one transaction, so a process killed at any line leaves a job before or after it. Times are Unix seconds.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridops.domain.errors import ProviderError
from hybridops.trust.canonical import digest, digest_of

FILE = "jobs.sqlite3"
ASKED = ("backend", "text", "shots", "seed", "bindings")  # what makes two requests the same
BUSY_SECONDS = 10.0
ATTEMPTS_MAX = 5  # a job whose computation took the service down that often is given up
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    key TEXT NOT NULL,
    backend TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    request TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    fault TEXT NOT NULL,
    result TEXT,
    error_kind TEXT,
    error TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    made_at REAL NOT NULL,
    not_before REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    UNIQUE (provider, key)
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""
_COLUMNS = (
    "number, job_id, provider, key, backend, state, request, request_digest, fault, result, error_kind, error,"
    " attempt, cancel_requested, made_at, not_before, started_at, ended_at"
)


_DUE = "state = 'queued' AND not_before <= ? ORDER BY number LIMIT 1"


class KeyTaken(ProviderError):
    """The key was used before for a different request."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row. `request` and `result` are JSON."""

    number: int
    job_id: str
    provider: str
    key: str
    backend: str
    state: str
    request: dict[str, Any]
    request_digest: str
    fault: str
    result: dict[str, Any] | None
    error_kind: str | None
    error: str | None
    attempt: int
    cancel_requested: bool
    made_at: float
    not_before: float
    started_at: float | None
    ended_at: float | None

    @property
    def final(self) -> bool:
        return self.state in ("completed", "failed", "cancelled")


class Store:
    """A connection for each block, so one object serves many threads and survives a fork."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """The file, made where it is missing. While one block is open, others open and close faster."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(self.folder / FILE, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=FULL")  # an accepted job survives a power loss
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                _make(connection, self.folder)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def connected(self, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction. Raises sqlite3.Error where the file cannot be had."""
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def add(
        self,
        provider: str,
        key: str,
        request: Mapping[str, Any],
        *,
        fault: str = "",
        wait_seconds: float = 0.0,
    ) -> Job:
        """The job of this key, made now if it is new. Raises KeyTaken where the key asked for something else."""
        asked = digest_of({name: request[name] for name in ASKED if name in request})
        job_id, now = f"sim-{digest(f'{provider}:{key}'.encode())[:20]}", time.time()
        body = json.dumps(request, sort_keys=True)
        values = (job_id, provider, key, request["backend"], body, asked, fault, now)
        with self.connected() as connection:
            connection.execute(
                "INSERT INTO jobs (job_id, provider, key, backend, state, request, request_digest, fault,"
                " made_at, not_before) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)"
                " ON CONFLICT (provider, key) DO NOTHING",
                (*values, now + wait_seconds),
            )
            (job,) = _jobs(connection, "provider = ? AND key = ?", provider, key)
        if job.request_digest != asked:
            raise KeyTaken("This key was used before for a different request.", kind="conflict")
        return job

    def by_key(self, provider: str, key: str) -> Job | None:
        with self.connected(write=False) as connection:
            return next(iter(_jobs(connection, "provider = ? AND key = ?", provider, key)), None)

    def by_id(self, provider: str, job_ids: Sequence[str]) -> list[Job]:
        """Those that exist, in the order of the asked ids."""
        with self.connected(write=False) as connection:
            found = [_jobs(connection, "provider = ? AND job_id = ?", provider, one) for one in job_ids]
        return [job for jobs in found for job in jobs]

    def cancel(self, provider: str, job_id: str) -> Job | None:
        """Ends a queued job, asks for the end of a running one, and the job after that. None if unknown."""
        with self.connected() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'cancelled', cancel_requested = 1, ended_at = ?"
                " WHERE provider = ? AND job_id = ? AND state = 'queued'",
                (time.time(), provider, job_id),
            )
            connection.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE provider = ? AND job_id = ? AND state = 'running'",
                (provider, job_id),
            )
            return next(iter(_jobs(connection, "provider = ? AND job_id = ?", provider, job_id)), None)

    def position(self, job: Job) -> int:
        """Jobs before this one in the queue."""
        with self.connected(write=False) as connection:
            row = connection.execute(
                "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running') AND number < ?",
                (job.number,),
            ).fetchone()
        return int(row[0])

    def load(self) -> tuple[int, float]:
        """Jobs waiting or running, and the seconds that the last ones took on average."""
        with self.connected(write=False) as connection:
            (waiting,) = connection.execute(
                "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
            ).fetchone()
            (mean,) = connection.execute(
                "SELECT avg(took) FROM (SELECT ended_at - started_at AS took FROM jobs"
                " WHERE state = 'completed' ORDER BY number DESC LIMIT 20)"
            ).fetchone()
        return int(waiting), max(0.0, float(mean or 1.0))

    def bump(self, name: str) -> int:
        """Counts one more of `name`; the count after that. The memory of faults."""
        with self.connected() as connection:
            row = connection.execute(
                "INSERT INTO marks VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1"
                " RETURNING count",
                (name,),
            ).fetchone()
        return int(row[0])

    def count(self, name: str) -> int:
        with self.connected(write=False) as connection:
            row = connection.execute("SELECT count FROM marks WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def recover(self) -> int:
        """After a start: jobs found running have lost their runner and wait again. How many they were."""
        with self.connected() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'cancelled', ended_at = ? WHERE state = 'running' AND cancel_requested",
                (time.time(),),
            )
            connection.execute(
                "UPDATE jobs SET state = 'failed', ended_at = ?, error_kind = 'provider_fault',"
                " error = 'The simulator ended several times while it worked on this.'"
                " WHERE state = 'running' AND attempt >= ?",
                (time.time(), ATTEMPTS_MAX),
            )
            return connection.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'").rowcount

    def due(self) -> bool:
        """Whether there is a job to claim."""
        with self.connected(write=False) as connection:
            return bool(_jobs(connection, _DUE, time.time()))

    def claim(self) -> Job | None:
        """The oldest job that is due, now running."""
        with self.connected() as connection:
            now = time.time()
            due = _jobs(connection, _DUE, now)
            if not due:
                return None
            connection.execute(
                "UPDATE jobs SET state = 'running', attempt = attempt + 1, started_at = ? WHERE number = ?",
                (now, due[0].number),
            )
            (job,) = _jobs(connection, "number = ?", due[0].number)
            return job

    def cancelling(self, job: Job) -> bool:
        with self.connected(write=False) as connection:
            row = connection.execute(
                "SELECT cancel_requested FROM jobs WHERE number = ?", (job.number,)
            ).fetchone()
        return bool(row and row[0])

    def finish(
        self,
        job: Job,
        *,
        result: Mapping[str, Any] | None = None,
        error_kind: str | None = None,
        error: str | None = None,
    ) -> None:
        """The end of this attempt: its result, or why there is none. A cancel that was accepted wins."""
        state = "completed" if result is not None else "failed"
        body = None if result is None else json.dumps(result, sort_keys=True)
        with self.connected() as connection:
            mine = "number = ? AND attempt = ? AND state = 'running'"
            connection.execute(
                f"UPDATE jobs SET state = 'cancelled', ended_at = ? WHERE {mine} AND cancel_requested",  # noqa: S608
                (time.time(), job.number, job.attempt),
            )
            connection.execute(
                f"UPDATE jobs SET state = ?, result = ?, error_kind = ?, error = ?, ended_at = ? WHERE {mine}",  # noqa: S608
                (state, body, error_kind, error, time.time(), job.number, job.attempt),
            )


def _make(connection: sqlite3.Connection, folder: Path) -> None:
    """One process at a time: the change to WAL does not wait for others."""
    with (folder / "jobs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = 1; COMMIT;")


def _jobs(connection: sqlite3.Connection, where: str, *values: object) -> list[Job]:
    """`where` is always one of this module's own texts."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {where}", values)  # noqa: S608
    return [_job(dict(zip(Job.__slots__, row, strict=True))) for row in rows]


def _job(values: dict[str, Any]) -> Job:
    values["request"] = json.loads(values["request"])
    values["result"] = json.loads(values["result"]) if values["result"] else None
    values["cancel_requested"] = bool(values["cancel_requested"])
    return Job(**values)
