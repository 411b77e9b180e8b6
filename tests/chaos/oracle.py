"""What must hold of a run that has ended, read from the stores alone: no code of the product is asked."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

ENDINGS = {"accepted", "not_accepted", "degraded", "refused", "expired", "cancelled", "failed"}
STAGE_ENDS = {"done", "fell_back", "skipped", "failed"}
SUBMISSION_ENDS = {"retrieved", "refused", "failed", "cancelled"}


class Oracle:
    def __init__(self, home: Path) -> None:
        self.home = home
        self._open: dict[str, sqlite3.Connection] = {}

    def rows(self, query: str, *values: object, file: str = "hybridops.sqlite3") -> list[sqlite3.Row]:
        if file not in self._open:
            made = sqlite3.connect(
                f"file:{self.home / file}?mode=ro", uri=True, timeout=20, check_same_thread=False
            )
            made.row_factory = sqlite3.Row
            self._open[file] = made
        return self._open[file].execute(query, values).fetchall()

    def running(self, stage: str) -> bool:
        query = "SELECT 1 FROM experiments_stage WHERE key = ? AND state = 'running'"
        return bool(self.rows(query, stage))

    def outcome(self, run: int) -> str:
        return str(self.rows("SELECT outcome FROM experiments_run WHERE id = ?", run)[0][0])

    def asked(self, run: int) -> bool:
        """Whether a request is open and the stage that asked has come to rest."""
        return any(row["state"] == "pending" for row in self.requests(run))

    def settled(self, run: int) -> bool:
        return not any(row["state"] == "held" for row in self.reservations(run)) and all(
            row["settled"] for row in self.submissions(run)
        )

    def stages(self, run: int) -> dict[str, sqlite3.Row]:
        return {
            row["key"]: row
            for row in self.rows("SELECT * FROM experiments_stage WHERE run_id = ? ORDER BY id", run)
        }

    def submissions(self, run: int) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM experiments_submission WHERE run_id = ? ORDER BY ordinal", run)

    def reservations(self, run: int) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM quotas_reservation WHERE run_id = ? ORDER BY id", run)

    def requests(self, run: int) -> list[sqlite3.Row]:
        return self.rows(
            "SELECT * FROM approvals_approvalrequest WHERE subject = ? ORDER BY id", f"run:{run}"
        )

    def decisions(self, run: int) -> list[sqlite3.Row]:
        """People's; what a policy decided has no person."""
        return self.rows(
            "SELECT d.* FROM approvals_decision d JOIN approvals_approvalrequest r ON r.id = d.request_id"
            " WHERE r.subject = ? AND d.person_id IS NOT NULL",
            f"run:{run}",
        )

    def jobs(self, run: int) -> list[sqlite3.Row]:
        """What the provider itself has of this run, whether we know of it or not."""
        keys = [row["key"] for row in self.submissions(run)]
        return [row for row in self.all_jobs() if row["key"] in keys]

    def all_jobs(self) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM jobs", file="simulator/jobs.sqlite3")

    def events(self, run: int) -> list[dict[str, Any]]:
        found = self.rows(
            "SELECT seq, body FROM audit_auditevent WHERE stream = ? ORDER BY seq", f"run:{run}"
        )
        return [json.loads(row["body"]) for row in found]

    def moves(self, run: int, kind: str) -> dict[Any, list[tuple[str, str]]]:
        """Every recorded move of the stages or the submissions, in order."""
        told: dict[Any, list[tuple[str, str]]] = {}
        for event in self.events(run):
            for move in event["facts"].get("moves", ()):
                if kind in move:
                    told.setdefault(move[kind], []).append((move["from"], move["to"]))
        return told

    def wrong(self, run: int) -> list[str]:
        """Every invariant that does not hold, in words."""
        return [
            *self._run(run),
            *self._trail(run),
            *self._provider(run),
            *self._money(run),
            *self._approvals(run),
        ]

    def _run(self, run: int) -> list[str]:
        (row,) = self.rows("SELECT * FROM experiments_run WHERE id = ?", run)
        wrong = []
        if row["outcome"] not in ENDINGS or row["state"] != row["outcome"] or not row["why"]:
            wrong.append(f"an ending that is none: {row['state']}/{row['outcome']} because {row['why']!r}")
        left = [
            stage
            for stage in self.stages(run).values()
            if stage["state"] not in STAGE_ENDS or stage["worker"] or stage["lease_until"] is not None
        ]
        return wrong + [f"stage {row['key']} is left {row['state']} with {row['worker']!r}" for row in left]

    def _trail(self, run: int) -> list[str]:
        """No gap, and every machine moved in one line: two workers cannot both have moved it from one state."""
        wrong = []
        seqs = [event["seq"] for event in self.events(run)]
        if seqs != list(range(1, len(seqs) + 1)):
            wrong.append(f"the trail has gaps: {seqs}")
        versions = [v for event in self.events(run) if (v := event["facts"].get("version")) is not None]
        if versions != list(range(1, len(versions) + 1)):
            wrong.append(f"the run's versions are {versions}")
        for kind, first in (("stage", "waiting"), ("submission", "reserved")):
            for key, moves in self.moves(run, kind).items():
                at = first
                for source, target in moves:
                    if source != at:
                        wrong.append(f"{kind} {key} moved from {source} while it was {at}: {moves}")
                    at = target
        ends = {key: row["state"] for key, row in self.stages(run).items()}
        for key, moves in self.moves(run, "stage").items():
            if moves[-1][1] != ends[key]:
                wrong.append(f"stage {key} is {ends[key]}, its trail ends with {moves[-1][1]}")
        return wrong

    def _provider(self, run: int) -> list[str]:
        rows = self.submissions(run)
        wrong = [
            f"submission {row['ordinal']} is left {row['state']}, settled {row['settled']}"
            for row in rows
            if row["state"] not in SUBMISSION_ENDS or not row["settled"] or row["cost_micro"] is None
        ]
        keys = {row["key"]: row for row in rows}
        jobs = self.jobs(run)
        for key, count in Counter(job["key"] for job in jobs).items():
            if count > 1:
                wrong.append(f"{count} jobs under the key {key}")
        wrong += [
            f"the provider has {job['job_id']}, we know {keys[job['key']]['job_id']!r}"
            for job in jobs
            if keys[job["key"]]["job_id"] != job["job_id"]
        ]
        known = {row[0] for row in self.rows("SELECT key FROM experiments_submission")}
        strange = {row["key"] for row in self.all_jobs()} - known
        if strange:
            wrong.append(f"jobs that nobody knows: {strange}")
        return wrong

    def _money(self, run: int) -> list[str]:
        """Each promise ended once, in every budget that it was made in; and the budgets' sums are right."""
        wrong = []
        entries = self.rows(
            "SELECT * FROM quotas_ledgerentry WHERE reservation_id IS NOT NULL AND unit = 'micro'"
        )
        for held in self.reservations(run):
            mine = [entry for entry in entries if entry["reservation_id"] == held["id"]]
            begun = Counter(entry["budget_id"] for entry in mine if entry["kind"] == "RESERVE")
            ended = Counter(entry["budget_id"] for entry in mine if entry["kind"] in ("SETTLE", "RELEASE"))
            if held["state"] not in ("settled", "released") or set(begun.values()) != {1} or begun != ended:
                wrong.append(
                    f"{held['key']} is {held['state']}: {[(e['kind'], e['budget_id']) for e in mine]}"
                )
        by_key = {row["key"]: row for row in self.reservations(run)}
        for row in self.submissions(run):
            settled = by_key[row["reservation"]]["settled_micro"]
            if settled != (row["cost_micro"] or 0):
                wrong.append(f"submission {row['ordinal']} cost {row['cost_micro']}, booked {settled}")
        with_keys = {row["id"]: row for row in self.rows("SELECT * FROM quotas_reservation")}
        for budget in self.rows("SELECT * FROM quotas_budget"):
            mine = [
                with_keys[e["reservation_id"]]
                for e in entries
                if e["budget_id"] == budget["id"] and e["kind"] == "RESERVE"
            ]
            pending = sum(row["amount_micro"] for row in mine if row["state"] == "held")
            posted = sum(
                min(row["settled_micro"] or 0, row["amount_micro"])
                for row in mine
                if row["state"] == "settled"
            )
            if (budget["pending_micro"], budget["posted_micro"], budget["overrun_micro"]) != (
                pending,
                posted,
                0,
            ):
                wrong.append(
                    f"{budget['name']} says {budget['pending_micro']} pending, {budget['posted_micro']} posted,"
                    f" {budget['overrun_micro']} over; its reservations say {pending} and {posted}"
                )
        return wrong

    def _approvals(self, run: int) -> list[str]:
        wrong = []
        requests = self.requests(run)
        if any(row["state"] in ("pending", "approved") for row in requests):
            wrong.append(f"an open question is left: {[row['state'] for row in requests]}")
        if self.submissions(run) and sum(row["state"] == "consumed" for row in requests) != 1:
            wrong.append(f"sent with the approvals {[row['state'] for row in requests]}")
        return wrong

    def dump(self, run: int) -> list[str]:
        (row,) = self.rows("SELECT * FROM experiments_run WHERE id = ?", run)
        told = [f"R-{run} {row['state']} ({row['why']})"]
        told += [
            f"  {s['key']:<10}{s['state']:<10} fence {s['fence']} losses {s['losses']} {s['worker']} {s['why'][:90]}"
            for s in self.stages(run).values()
        ]
        told += [
            f"  sent {s['ordinal']}: {s['state']} {s['job_id']} {s['raw_status']} settled {s['settled']} {s['error'][:90]}"
            for s in self.submissions(run)
        ]
        told += [f"  job {j['job_id']} {j['state']} {j['fault']}" for j in self.jobs(run)]
        told += [
            f"  {r['key']} {r['state']} {r['amount_micro']}/{r['settled_micro']}"
            for r in self.reservations(run)
        ]
        told += [f"  request {r['id']} {r['state']}" for r in self.requests(run)]
        told += [f"  decided {d['by']}: {d['verdict']}" for d in self.decisions(run)]
        told += [
            f"  #{e['seq']} {e['action']} {e['facts'].get('moves', '')}"[:260] for e in self.events(run)[-25:]
        ]
        return told
