"""Dollars an accepted solution costs by where the angles come from: loops on the QPU, training, other instances.

The plan with its rules stands in docs/evidence.md. Only counts and dollars are told, so that a busy machine does
not matter; about 45 minutes of one core. HYBRIDOPS_BENCH_KEEP names a file that keeps what was measured, so
that a bench that was stopped goes on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybridops.bootstrap import ROOT
from tests.bench import strategy_figures as tell
from tests.bench.strategy_arms import LOOPS, ONE_JOB, run
from tests.bench.strategy_instances import SETS, Instance, instances

STRATEGIES = {"tuning": ONE_JOB, "held out": (*LOOPS, *ONE_JOB)}
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child with one thread a library."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests.bench import bench_strategies as b; b.main()"],
        cwd=ROOT, env=os.environ | _ONE_THREAD, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        yield json.loads(line)


def main() -> None:
    kept = Path(os.environ.get("HYBRIDOPS_BENCH_KEEP", os.devnull))
    known = _known(kept)
    rows = []
    for which in ("tuning", "held out"):
        for instance in instances(which):
            row = known.get((which, instance.digest))
            if row is None:
                row = measured(instance, which)
                with kept.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            rows.append(row)
    for figure in tell.figures(rows):
        print(json.dumps(figure), flush=True)


def _known(kept: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    return {(row["set"], row["digest"]): row for row in rows}


def measured(instance: Instance, which: str) -> dict[str, Any]:
    """Every strategy on one instance, and how many of the 4,096 states random bits can hit."""
    place = list(SETS).index(which)
    return {
        "set": which,
        "family": instance.family,
        "number": instance.number,
        "digest": instance.digest,
        "random": [int(instance.accepted.sum()), int(instance.accepted_after.sum())],
        "strategies": {name: run(instance, name, place) for name in STRATEGIES[which]},
    }
