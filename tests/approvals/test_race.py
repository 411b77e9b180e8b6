"""However many people decide at one moment, a request ends once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybridops.bootstrap import ROOT
from tests.approvals import race
from tests.realdb import RealDatabase
from tests.stores import store


def test_sixteen_people_and_an_expiry_on_sqlite(real: RealDatabase) -> None:
    race.check(race.race(*race.found(), 2))


@pytest.mark.slow
def test_sixteen_people_and_an_expiry_on_postgresql(tmp_path: Path) -> None:
    with store("postgresql") as where:
        quick = f"{where['DATABASE_URL']}?options=-c%20synchronous_commit%3Doff"
        env = os.environ | {"DATABASE_URL": quick, "HYBRIDOPS_HOME": str(tmp_path), "REDIS_URL": ""}
        done = subprocess.run(
            [sys.executable, "-m", "tests.approvals.race"],
            cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    race.check(json.loads(done.stdout))
