"""T16: sixteen at once leave one dense log, on either database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybridops.bootstrap import ROOT
from tests.audit.race import ROUNDS, WRITERS
from tests.stores import store


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sixteen_appenders_leave_a_dense_log(kind: str, tmp_path: Path) -> None:
    with store(kind) as settings:
        done = subprocess.run(
            [sys.executable, "-m", "tests.audit.race"],
            cwd=ROOT,
            env=os.environ | settings | {"HYBRIDOPS_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    kept = sum(2 for n in range(ROUNDS) if n % 7 != 3) * WRITERS
    assert found["findings"] == []
    assert (found["exits"], found["dense"], found["names"]) == ([0], True, 5)
    assert found["told"] == found["events"] == found["sealed"] == kept
    assert found["checkpoints"] > 3
