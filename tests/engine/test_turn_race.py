"""However many workers and sweepers come at one moment, no cap is passed and everybody comes through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hybridops.bootstrap import ROOT
from tests.engine.turn_race import AT_ONCE, RUNS
from tests.long import only_long
from tests.stores import store

# SQLite lets one in at a time: what meets there meets in PostgreSQL as well.
KINDS = [pytest.param("sqlite", marks=only_long), "postgresql"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_cap_is_passed_by_workers_that_meet(tmp_path: Path, kind: str) -> None:
    told = race(tmp_path, kind)
    assert told["faults"] == []
    assert 0 < told["most"] <= AT_ONCE
    assert (told["deadlocks"], told["held"], told["left"]) == (0, 0, 0), told
    *others, changed_their_mind = told["outcomes"]
    assert [*others, "accepted"] == ["accepted"] * RUNS, told
    assert changed_their_mind in ("accepted", "cancelled"), told
    assert told["submissions"] == RUNS, told
    assert told["jobs"] in (RUNS - 1, RUNS), told


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_one_job_at_a_time_is_a_trial_where_workers_meet(tmp_path: Path, kind: str) -> None:
    told = race(tmp_path, kind, "trial")
    assert told["faults"] == []
    assert (told["deadlocks"], told["held"], told["left"]) == (0, 0, 0), told
    assert "" not in told["outcomes"], told
    assert told["submissions"] - told["jobs"] <= 2, (
        told
    )  # the trial that was refused, and one that was cancelled
    assert told["trials"], told
    for moves, trials, sent in told["trials"].values():
        assert all(one[1] == next_one[0] for one, next_one in pairwise(moves)), told
        assert sent <= trials, f"more than the trials were sent before it closed: {told}"


def race(tmp_path: Path, kind: str, *more: str) -> dict[str, Any]:
    with store(kind) as where:
        url = where["DATABASE_URL"]
        quick = url and f"{url}?options=-c%20synchronous_commit%3Doff"
        env = os.environ | {"DATABASE_URL": quick, "HYBRIDOPS_HOME": str(tmp_path), "REDIS_URL": ""}
        done = subprocess.run(
            [sys.executable, "-m", "tests.engine.turn_race", *more],
            cwd=ROOT, env=env, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    print(kind, told)
    return told
