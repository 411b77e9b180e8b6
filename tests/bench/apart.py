"""A measurement in a process of its own: its `main` prints a line for each figure with `told`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from hybridops.bootstrap import ROOT


def figures_apart(module: str, **more: str) -> Iterator[dict[str, Any]]:
    """What `main` of this module tells, with a data folder of its own, on SQLite and without a broker unless `more` names them."""
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder:
        env = os.environ | {"HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "hybridops.config.settings"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-c", f"import {module} as bench; bench.main()"],
            cwd=ROOT, env=env | more, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        name, value, unit, n = line.split("\t")
        yield {"name": name, "value": float(value), "unit": unit, "n": int(n), "against": None, "ratio": None}


def told(name: str, value: float, unit: str, n: int) -> None:
    print(f"{name}\t{value:.4g}\t{unit}\t{n}", flush=True)
