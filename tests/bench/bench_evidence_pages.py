"""How long the evidence pages take where many runs have ended: on SQLite, or on the empty database of HYBRIDOPS_BENCH_URL.

HYBRIDOPS_BENCH_RUNS sets how many, a hundred thousand without it. Outcomes are written in bulk and added up as the
engine does it: two years of six workflows, one of which has the rule, 500 pairs and 2,000 data snapshots.
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

RUNS = int(os.environ.get("HYBRIDOPS_BENCH_RUNS", "100000"))
WORKFLOWS, SNAPSHOTS, LOOKS, BULK = 6, 2_000, 40, 5_000
PAGES = ("/evidence/", "/evidence/fake/", "/evidence/fake/report/")


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child with a data folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder:
        env = os.environ | {"HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "hybridops.config.settings"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        if url := os.environ.get("HYBRIDOPS_BENCH_URL"):
            env["DATABASE_URL"] = url
        done = subprocess.run(
            [sys.executable, "-c", "from tests.bench import bench_evidence_pages as b; b.main()"],
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
    from django.test import Client

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from tests.world import make_world

    world = make_world()
    _fill(world)
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(world.ines)
    for page in PAGES:
        times = [_read(browser, page) for _ in range(LOOKS + 1)]
        found = {"first": times[0], "median": median(times[1:]), "p95": quantiles(times[1:], n=20)[-1]}
        for name, value in found.items():
            print(f"{page} {name}\t{value:.4g}\t{RUNS}", flush=True)


def _read(browser: Any, page: str) -> float:
    begun = perf_counter()
    answer = browser.get(page)
    assert answer.status_code == 200
    return 1000 * (perf_counter() - begun)


def _fill(world: Any) -> None:
    """Rows without runs behind them, which no figure opens: the database is told not to mind."""
    from importlib import import_module

    from django.apps import apps
    from django.db import connection

    from hybridops.definitions.models import SignedDocument
    from hybridops.experiments.models import DataSnapshot
    from tests.world import FAKE, publish

    rule = {"delta": 0.01, "bound": 0.1, "pairs": 40, "method": "betting"}
    publish({**FAKE, "version": 2, "schema": "hybridops.workflow/2", "helping": rule}, "workflow")
    like = world.snapshot
    for number in range(SNAPSHOTS):
        like.pk, like.digest = None, f"{number:064x}"
        like.save(force_insert=True)
    first = DataSnapshot.objects.order_by("pk").values_list("pk", flat=True)[1]
    digest = SignedDocument.objects.get(kind="workflow", version=2).digest
    off = (
        "SET session_replication_role=replica"
        if connection.vendor == "postgresql"
        else "PRAGMA foreign_keys=OFF"
    )
    with connection.cursor() as cursor:
        cursor.execute(off)
    _outcomes(world.team.pk, first, digest)
    import_module("hybridops.experiments.migrations.0009_old_outcomes")._add_up(apps)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _outcomes(team: int, first: int, digest: str) -> None:
    """Inserted as rows of values; the newest have the lowest numbers."""
    import random
    from datetime import timedelta

    from hybridops.domain import clock
    from hybridops.experiments.outcome import AGAIN, PAIR, UNTRIED, Outcome

    rng, now, seen = random.Random(20261129), clock.now(), set[int]()
    rows: list[Outcome] = []
    for number in range(1, RUNS + 1):
        ruled, snapshot = number % WORKFLOWS == 0, first + rng.randrange(SNAPSHOTS)
        new = ruled and snapshot not in seen and len(seen) < 500
        seen |= {snapshot} if new else set()
        at = now - timedelta(days=730 * number / RUNS)
        name = "fake" if ruled else f"other-{number % WORKFLOWS}"
        rows.append(
            Outcome(
                run_id=number, team_id=team, snapshot_id=snapshot, workflow=name,
                definition=digest if ruled else name, outcome=rng.choice(("accepted", "not_accepted")),
                counts=PAIR if new else rng.choice((AGAIN, AGAIN, AGAIN, UNTRIED)), made_at=at, ended_at=at,
                provider="scripted", backend="aster", calibration=f"{number // 5_000:08x}",
                quantum=90 + rng.random(), baseline=91 + rng.random(), random=92.0, heuristic=95.0, ideal=90.0,
                best=90.0, credit="nobody", wait_seconds=100 * rng.random(), sent=1, returned=1, whole=1,
                cost_micro=1_000_000, qpu_micro=900_000,
            )
        )  # fmt: skip
        if len(rows) == BULK:
            Outcome.objects.bulk_create(rows)
            rows.clear()
    Outcome.objects.bulk_create(rows)
