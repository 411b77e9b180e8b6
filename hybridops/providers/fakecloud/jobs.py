"""The jobs of all vendors in one SQLite file, so that a restart of the stage loses none.

A job carries the times at which it will start and end; its phase follows from them and the clock, so nothing
has to work in the background.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridops.providers.fakecloud.faults import FAILS, LATE_CANCEL

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL UNIQUE,
    vendor TEXT NOT NULL,
    token TEXT,
    backend TEXT NOT NULL,
    request TEXT NOT NULL,
    fault TEXT NOT NULL,
    code TEXT NOT NULL,
    made_at REAL NOT NULL,
    starts_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    cancelled_at REAL,
    result TEXT,
    UNIQUE (vendor, token)
);
"""
_COLUMNS = (
    "number, job_id, vendor, token, backend, request, fault, code, made_at, starts_at, ends_at,"
    " cancelled_at, result"
)


@dataclass(frozen=True, slots=True)
class Job:
    """One row; `request` and `result` are the dialect's own JSON. Times are Unix seconds of the stage's clock."""

    number: int
    job_id: str
    vendor: str
    token: str | None
    backend: str
    request: dict[str, Any]
    fault: str
    code: str
    made_at: float
    starts_at: float
    ends_at: float
    cancelled_at: float | None
    result: dict[str, Any] | None

    def phase(self, now: float) -> str:
        """queued, running, completed, failed or cancelled."""
        if self.cancelled_at is not None:
            return "cancelled"
        if now < self.starts_at:
            return "queued"
        if now < self.ends_at:
            return "running"
        return "failed" if self.fault == FAILS else "completed"


class Jobs:
    """A connection for each call: many threads, one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._open() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=10.0, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=OFF")  # a killed stage loses nothing, a power cut may
            yield connection
        finally:
            connection.close()

    def add(self, values: Mapping[str, Any]) -> Job:
        """The job of this vendor's token, made now if it is new; without a token always a new one."""
        row = {**values, "request": json.dumps(values["request"], sort_keys=True)}
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        with self._open() as connection:
            connection.execute(
                f"INSERT INTO jobs ({names}) VALUES ({marks}) ON CONFLICT (vendor, token) DO NOTHING",  # noqa: S608
                row,
            )
            if row["token"] is None:
                return self._some(connection, "job_id = ?", row["job_id"])[0]
            return self._some(connection, "vendor = ? AND token = ?", row["vendor"], row["token"])[0]

    def get(self, vendor: str, job_id: str) -> Job | None:
        with self._open() as connection:
            return next(iter(self._some(connection, "vendor = ? AND job_id = ?", vendor, job_id)), None)

    def all(self, vendor: str) -> list[Job]:
        """Newest first."""
        with self._open() as connection:
            return self._some(connection, "vendor = ? ORDER BY number DESC", vendor)

    def count(self) -> int:
        with self._open() as connection:
            return int(connection.execute("SELECT count(*) FROM jobs").fetchone()[0])

    def last_end(self) -> float:
        """When the last of all jobs ends; 0 without any."""
        with self._open() as connection:
            return float(connection.execute("SELECT max(ends_at) FROM jobs").fetchone()[0] or 0.0)

    def ahead(self, job: Job, now: float) -> int:
        """Jobs of the same machine that start before this one and have not ended."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT count(*) FROM jobs WHERE vendor = ? AND backend = ? AND starts_at < ? AND ends_at > ?"
                " AND cancelled_at IS NULL",
                (job.vendor, job.backend, job.starts_at, now),
            ).fetchone()
        return int(row[0])

    def cancel(self, job: Job, now: float) -> bool:
        """Whether it was in time: a queued or running job ends here, unless its script says otherwise."""
        if job.phase(now) not in ("queued", "running") or job.fault == LATE_CANCEL:
            return False
        with self._open() as connection:
            connection.execute("UPDATE jobs SET cancelled_at = ? WHERE number = ?", (now, job.number))
        return True

    def keep(self, job: Job, result: Mapping[str, Any]) -> None:
        with self._open() as connection:
            connection.execute(
                "UPDATE jobs SET result = ? WHERE number = ?",
                (json.dumps(result, sort_keys=True), job.number),
            )

    @staticmethod
    def _some(connection: sqlite3.Connection, where: str, *values: object) -> list[Job]:
        """`where` is always one of this module's own texts."""
        rows = connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {where}", values)  # noqa: S608
        return [_job(dict(zip(Job.__slots__, row, strict=True))) for row in rows]


def _job(values: dict[str, Any]) -> Job:
    values["request"] = json.loads(values["request"])
    values["result"] = json.loads(values["result"]) if values["result"] else None
    return Job(**values)
