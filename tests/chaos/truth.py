"""The stores as they are, read past every relay: what the load asks and what the invariants are held against."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from typing import Any

import psycopg

from tests.chaos.ground import Ground
from tests.chaos.oracle import ENDINGS, Oracle
from tests.chaos.sink import Sink

PENDING_MAX = 12  # open requests: three reviewers, whose codes count once, decide six in a minute at most
TASK = "arn:aws:braket:us-east-1:123456789012:quantum-task/"


class Row(dict[str, Any]):
    """By name or by place, as sqlite3.Row."""

    def __getitem__(self, key: Any) -> Any:
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


def by_name(cursor: Any) -> Any:
    names = [column.name for column in cursor.description or ()]
    return lambda values: Row(zip(names, values, strict=True))


class Truth(Oracle):
    """The oracle over either database, and over the vendors' stage. Each thread has its own connection."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground.home)
        self.ground, self._mine = ground, threading.local()

    def rows(self, query: str, *values: object, file: str = "hybridops.sqlite3") -> list[Any]:
        if self.ground.postgres is None:
            return self._sqlite(self.ground.home / file, query, values)
        for last in (False, True):
            try:
                if getattr(self._mine, "connection", None) is None:
                    self._mine.connection = psycopg.connect(
                        self.ground.url(self.ground.ports["postgres"]), autocommit=True, row_factory=by_name
                    )
                return list(self._mine.connection.execute(query.replace("?", "%s"), values).fetchall())
            except psycopg.OperationalError:  # it was restarted
                self._mine.connection = None
                if last:
                    raise
        return []

    def _sqlite(self, file: Any, query: str, values: tuple[object, ...]) -> list[Any]:
        made = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)
        made.row_factory = sqlite3.Row
        try:
            return made.execute(query, values).fetchall()
        finally:
            made.close()

    def all_jobs(self) -> list[Any]:
        """What the vendors have, with the key that each job was sent under."""
        rows = self._sqlite(
            self.ground.cloud_home / "fakecloud" / "fakecloud.sqlite3",
            "SELECT * FROM jobs ORDER BY number",
            (),
        )
        return [
            Row({**dict(row), "key": _key(row), "job_id": _name(row), "state": row["fault"]}) for row in rows
        ]

    def pending(self) -> list[int]:
        """Open requests, oldest first; none while the database is away."""
        try:
            found = self.rows(
                f"SELECT id FROM approvals_approvalrequest WHERE state = 'pending' ORDER BY id LIMIT {PENDING_MAX}"
            )
        except (psycopg.Error, sqlite3.Error):
            return []
        return [int(row["id"]) for row in found]

    def unclear(self) -> list[tuple[int, int, str]]:
        """Run, ordinal and key of what waits for a person's word; none while the database is away."""
        query = (
            "SELECT run_id, ordinal, key FROM experiments_submission WHERE state = 'unknown' AND error LIKE ?"
        )
        try:
            found = self.rows(query, "a person has to look%")
        except (psycopg.Error, sqlite3.Error):
            return []
        return [(int(row["run_id"]), int(row["ordinal"]), str(row["key"])) for row in found]

    def versions(self, count: int) -> dict[int, int]:
        """The newest runs and where each of them stands."""
        found = self.rows("SELECT id, version FROM experiments_run ORDER BY id DESC LIMIT ?", count)
        return {int(row["id"]): int(row["version"]) for row in found}

    def runs(self) -> list[int]:
        return [int(row["id"]) for row in self.rows("SELECT id FROM experiments_run ORDER BY id")]

    def open_runs(self) -> list[str]:
        """What has not ended or not been settled yet, in words."""
        open_ = self.rows("SELECT id, state FROM experiments_run WHERE outcome = '' ORDER BY id")
        bills = self.rows("SELECT run_id FROM experiments_submission WHERE NOT settled")
        held = self.rows("SELECT run_id FROM quotas_reservation WHERE state = 'held'")
        queued = self.rows("SELECT count(*) FROM outbox_delivery WHERE state = 'queued'")[0][0]
        return [
            *(f"R-{row['id']} is {row['state']}" for row in open_),
            *(f"R-{row[0]} has a bill open" for row in bills),
            *(f"R-{row[0]} holds a promise" for row in held),
            *([f"{queued} events wait for the sink"] if queued else []),
        ]

    def wrong_now(self) -> list[str]:
        """What must hold at every moment, whatever is going on."""
        wrong = []
        for key, count in Counter(job["key"] for job in self.all_jobs()).items():
            if count > 1:
                wrong.append(f"{count} jobs at the vendors under the key {key}")
        over = self.rows(
            "SELECT name FROM quotas_budget WHERE pending_micro + posted_micro > limit_micro OR overrun_micro > 0"
        )
        wrong += [f"{row['name']} is over its limit" for row in over]
        unapproved = self.rows(
            "SELECT s.run_id, s.key FROM experiments_submission s WHERE s.state <> 'reserved' AND NOT EXISTS"
            " (SELECT 1 FROM approvals_approvalrequest r WHERE r.subject = 'run:' || s.run_id AND r.state = 'consumed')"
        )
        wrong += [
            f"R-{row['run_id']} was sent as {row['key']} without an approval that was used"
            for row in unapproved
        ]
        states = {
            row[0] for row in self.rows("SELECT DISTINCT outcome FROM experiments_run WHERE outcome <> ''")
        }
        return wrong + [f"{state} is no ending" for state in states - ENDINGS]

    def untold(self, sink: Sink) -> list[str]:
        """Every state of every run that the trail knows was told at least once, and for the first time in order."""
        wrong = []
        for run in self.runs():
            wanted = self._told(run)
            if lost := [one for one in wanted if not sink.seen[one]]:
                wrong.append(f"never told: {', '.join(lost[:5])}")
            mine = set(wanted)
            came = [one for one in sink.order if one in mine]
            if not lost and came != wanted:
                wrong.append(f"R-{run} was told out of order: {came}")
        kept = {row["key"] for row in self.rows("SELECT key FROM outbox_delivery")}
        if lost := sorted(one for one in kept if not sink.seen[one]):
            wrong.append(f"written and never told: {', '.join(lost[:5])}")
        return wrong

    def _told(self, run: int) -> list[str]:
        """What machines outside are promised: the first version, and each that is another state."""
        moves = [event for event in self.events(run) if "version" in event["facts"]]
        versions = [
            e["facts"]["version"] for e in moves if e["action"] != "run.moved" or e["facts"]["version"] == 1
        ]
        return [f"run:{run}:version:{version}" for version in versions]

    def doubled(self, told: dict[str, int]) -> list[str]:
        """Each key that a service was answered for is exactly one run, and there is no other."""
        wrong = []
        rows = self.rows("SELECT id, submit_key FROM experiments_run")
        wrong += [
            f"{key} is {n} runs" for key, n in Counter(row["submit_key"] for row in rows).items() if n > 1
        ]
        known = {int(row["id"]) for row in rows}
        return wrong + [f"R-{run} was answered and is not there" for run in set(told.values()) - known]


def _key(row: Any) -> str:
    """Braket's token, or what IonQ was given as metadata."""
    request = json.loads(row["request"])
    return str(
        row["token"] or (request.get("metadata") or {}).get("hybridops-key") or f"none of {row['job_id']}"
    )


def _name(row: Any) -> str:
    """As the vendor's own API calls it."""
    return f"{TASK}{row['job_id']}" if row["vendor"] == "braket" else str(row["job_id"])
