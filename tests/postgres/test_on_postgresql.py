"""What a run, a decision, a budget and the log promise, once more on PostgreSQL: the same tests, another store.

The tests run in a process of their own, because a process has one database.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hybridops.bootstrap import ROOT
from tests.stores import postgres

ROOMS = (
    "tests/engine/test_run.py",
    "tests/approvals/test_dispatch.py",
    "tests/approvals/test_votes.py",
    "tests/approvals/test_by_others.py",
    "tests/experiments/test_moves.py",
    "tests/experiments/test_submit.py::test_a_form_sent_twelve_times_at_once_is_one_run",
    "tests/quotas/test_ledger.py",
    "tests/quotas/test_leftovers.py",
    "tests/quotas/test_model.py",
    "tests/quotas/test_periods.py",
    "tests/quotas/test_invoices.py",
    "tests/audit/test_log.py",
    "tests/audit/test_keys.py",
    "tests/audit/test_guards.py",
    "tests/audit/test_erasure.py",
    "tests/audit/test_publish.py",
    "tests/experiments/test_retention.py",
    "tests/experiments/test_outcomes.py",
    "tests/engine/test_erasure.py",
    "tests/cli/test_restore.py",
)
QUICK = "options=-c%20synchronous_commit%3Doff"  # what these tests ask is not asked after a power loss
# What alters a file of SQLite, and what asks the same of plain Python many times over.
LEFT_OUT = (
    "tampering", "emptied_together", "inserted_event", "rewritten", "in_secret", "comes_back", "older_database",
    "pragma", "agrees_with_the_model", "a_mistake_is_found", "wrong_is_no_vote", "nothing_is_sent",
    "(database_refuses and (leaf or checkpoint or ledger))",
)  # fmt: skip


@pytest.mark.slow
def test_the_rooms_of_record_keep_their_promises_on_postgresql() -> None:
    with postgres() as url:
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "COV_")) and name != "HYBRIDOPS_TEST_HOME"
        }
        chosen = " and ".join(f"not {name}" for name in LEFT_OUT)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                "-m",
                "not slow",
                "-k",
                chosen,
                *ROOMS,
            ],
            cwd=ROOT,
            env=env | {"HYBRIDOPS_TEST_STORE": "postgresql", "HYBRIDOPS_TEST_STORE_URL": f"{url}?{QUICK}"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    told = done.stdout[-6000:] + done.stderr[-2000:]
    assert done.returncode == 0, told
    passed = [line for line in done.stdout.splitlines() if line.strip().startswith(".")]
    assert sum(line.count(".") for line in passed) > 45, told
    assert "skipped" not in done.stdout, told
