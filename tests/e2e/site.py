"""The demo as a child process, as a test drives it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
STOP_SECONDS = 20


class Site:
    """Where it answers, which runs stand in it, and the power to end one of its processes."""

    def __init__(self, host: subprocess.Popen[str], home: Path) -> None:
        self._host = host
        told = self._answer(home)
        self.url, self.runs = str(told["url"]), {str(name): int(pk) for name, pk in told["runs"].items()}

    def kill(self, name: str) -> None:
        assert self._host.stdin is not None
        self._host.stdin.write(f"kill {name}\n")
        self._host.stdin.flush()
        self._answer(Path())

    def run(self, name: str) -> str:
        return f"/runs/{self.runs[name]}/"

    def _answer(self, home: Path) -> dict[str, Any]:
        assert self._host.stdout is not None
        line = self._host.stdout.readline()
        if not line:
            logs = [f"{log.name}: {log.read_text()[-2000:]}" for log in sorted((home / "logs").glob("*.log"))]
            raise AssertionError("the demo did not start\n" + "\n".join(logs))
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def running_site(database: Path | None = None) -> Iterator[Site]:
    """A new data folder, the demo in it, and nothing of either afterwards."""
    home = Path(tempfile.mkdtemp(prefix="hybridops-e2e-"))
    if database:
        shutil.copy(database, home / "hybridops.sqlite3")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HYBRIDOPS_") and name not in OURS
    }
    host = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.host"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**kept, "HYBRIDOPS_HOME": str(home), "HYBRIDOPS_DEMO": "1"},
    )
    try:
        yield Site(host, home)
    finally:
        assert host.stdin is not None
        host.stdin.close()
        try:
            host.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            host.kill()
            host.wait()
        shutil.rmtree(home, ignore_errors=True)
