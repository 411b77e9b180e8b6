"""A dry run of a drafted workflow: by the real engine, in a house of its own that is thrown away.

The child has its own data folder, database and keys, a policy that lets everything pass, and no provider but
the ideal simulator. No money, no gate, no figure of this installation is touched, whatever the draft says.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hybridops.definitions import drafts
from hybridops.definitions.models import Draft
from hybridops.domain import clock

SECONDS_MAX = 120
BYTES_MAX = 3 * 1024**3
ROOT = Path(__file__).resolve().parents[2]
_INSIDE = "import hybridops.config, hybridops.engine.tryhouse as house; house.main()"


def try_draft(draft_id: int) -> None:
    """Runs the draft's present revision and notes what came of it. Called twice it does it twice, no harm."""
    draft = Draft.objects.get(pk=draft_id)
    found = dry_run(draft.body)
    told = {"state": "done", "digest": draft.digest, "at": clock.now().isoformat(), **found}
    drafts.note_trial(draft_id=draft_id, trial=told)


def dry_run(body: dict[str, Any]) -> dict[str, Any]:
    """`passed`, and how it ended or what stood in its way; raises nothing for a bad draft."""
    with tempfile.TemporaryDirectory(prefix="hybridops-dry-run-") as folder:
        env = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        env |= {"HYBRIDOPS_HOME": folder, "HYBRIDOPS_PROVIDERS": "local", "PYTHONPATH": str(ROOT)}
        env |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "RAYON")}
        try:
            done = subprocess.run(
                [sys.executable, "-c", _INSIDE],
                cwd=ROOT, env=env, input=json.dumps(body).encode(), capture_output=True, timeout=SECONDS_MAX,
                preexec_fn=_limit, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"passed": False, "why": f"It did not end within {SECONDS_MAX} seconds."}
    try:
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
        return {"passed": False, "why": f"It ended with status {done.returncode} and said: {last[0][:200]}"}
    return told


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX + 1))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES_MAX, BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
