"""How long pages take on the server where much has happened: on SQLite, or on the empty database of HYBRIDOPS_BENCH_URL.

HYBRIDOPS_BENCH_RUNS sets how many runs, a hundred thousand without it; each has two bills and five entries in the ledger.
Two years, evenly, of six workflows, one of which has the rule. bench_evidence_pages.py makes their outcomes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from hybridops.bootstrap import ROOT
from tests.bench.bench_evidence_pages import RUNS

LOOKS = int(os.environ.get("HYBRIDOPS_BENCH_LOOKS", "20"))
PAGES = (
    ("farah", "/"), ("farah", "/runs/"), ("farah", "/runs/{run}/"), ("farah", "/cost/"), ("farah", "/cost/?period=90"),
    ("farah", "/cost/?workflow=fake"), ("farah", "/cost/?figure=loaded"), ("farah", "/cost/week/"),
    ("farah", "/cost/explore/?rows=workflow&columns=outcome&period=90"),
    ("farah", "/cost/explore/?rows=project&workflow=fake"), ("farah", "/cost/budgets/"), ("farah", "/cost/ledger/"),
    ("farah", "/cost/invoices/"), ("ines", "/evidence/"), ("ines", "/evidence/fake/"), ("ines", "/evidence/fake/report/"),
    ("ines", "/definitions/week/"), ("ines", "/workflows/"), ("mikkel", "/approvals/"), ("aud", "/audit/"),
    ("ines", "/data/"), ("omar", "/queues/"), ("omar", "/backends/"),
)  # fmt: skip


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child with a data folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder:
        env = os.environ | {"HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "hybridops.config.settings"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        if url := os.environ.get("HYBRIDOPS_BENCH_URL"):
            env["DATABASE_URL"] = url
        done = subprocess.run(
            [sys.executable, "-c", "from tests.bench import bench_pages as b; b.main()"],
            cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        name, value, n = line.split("\t")
        yield {"name": name, "value": float(value), "unit": "ms", "n": int(n), "against": None, "ratio": None}


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from tests.bench.bench_evidence_pages import _fill
    from tests.bench.many_runs import fill
    from tests.world import make_world

    world = make_world()
    fill(world, RUNS)
    _fill(world)
    _measure(world)


def _measure(world: Any) -> None:
    from django.test import Client

    from hybridops.experiments.models import Run

    run = Run.objects.exclude(ended_at__isnull=False).values_list("pk", flat=True)[0]
    browsers = {name: Client(SERVER_NAME="localhost") for name in {who for who, _ in PAGES}}
    for name, browser in browsers.items():
        browser.force_login(world.people[name])
    for who, page in PAGES:
        times = [_read(browsers[who], page.format(run=run)) for _ in range(LOOKS + 1)]
        found = {"first": times[0], "median": median(times[1:]), "p95": quantiles(times[1:], n=20)[-1]}
        for name, value in found.items():
            print(f"{page} {name}\t{value:.4g}\t{RUNS}", flush=True)


def _read(browser: Any, page: str) -> float:
    begun = perf_counter()
    answer = browser.get(page)
    assert answer.status_code == 200, (page, answer.status_code)
    return 1000 * (perf_counter() - begun)
