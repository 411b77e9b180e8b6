"""How long pages take on the server where much has happened: on SQLite, or on the empty database of HYBRIDOPS_BENCH_URL.

HYBRIDOPS_BENCH_RUNS sets how many runs, a hundred thousand without it; `many_runs.py` says what there is of each.
Of each page the first look, and the median and p95 of later ones; and as `cpu` the median of the processor's time in this
process and the database's, which a busy machine does not stretch as much. The yardstick is `/backends/`, which reads a
few rows, and a plain loop of Python.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

from tests.bench.apart import figures_apart

RUNS = int(os.environ.get("HYBRIDOPS_BENCH_RUNS", "100000"))
LOOKS = int(os.environ.get("HYBRIDOPS_BENCH_LOOKS", "20"))
PAGES = (
    ("omar", "/backends/"), ("farah", "/"), ("farah", "/runs/"), ("farah", "/runs/?workflow=fake&state=accepted"),
    ("farah", "/runs/?before=1000"), ("farah", "/runs/{run}/"), ("farah", "/cost/"), ("farah", "/cost/?period=90"),
    ("farah", "/cost/?workflow=fake"), ("farah", "/cost/?figure=loaded"), ("farah", "/cost/week/"),
    ("farah", "/cost/explore/?rows=workflow&columns=outcome&period=90"),
    ("farah", "/cost/explore/?rows=project&workflow=fake"), ("farah", "/cost/budgets/"), ("farah", "/cost/ledger/"),
    ("farah", "/cost/invoices/"), ("farah", "/compare/"), ("ines", "/evidence/"), ("ines", "/evidence/fake/"),
    ("ines", "/evidence/fake/report/"),
    ("ines", "/definitions/week/"), ("ines", "/workflows/"), ("mikkel", "/approvals/"), ("aud", "/audit/"),
    ("ines", "/data/"), ("omar", "/queues/"),
)  # fmt: skip


def figures() -> Iterator[dict[str, Any]]:
    url = os.environ.get("HYBRIDOPS_BENCH_URL")
    return figures_apart(__name__, **({"DATABASE_URL": url} if url else {}))


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from tests.bench.many_runs import fill
    from tests.world import make_world

    for table, seconds in fill(make_world(), RUNS).items():
        print(f"seeding {table}\t{seconds:.3g}\ts\t{RUNS}", flush=True)
    measure()


def measure() -> None:
    """Reads every page of a database that is filled. The sweeper's part, which no page waits for, is done before."""
    from django.test import Client
    from django.urls import get_resolver

    from hybridops.experiments import plans
    from hybridops.experiments.models import Run
    from hybridops.quotas import books, burning
    from hybridops.teams.models import User

    len(get_resolver().url_patterns)
    gc.collect()
    gc.freeze()  # as the web process does, see config/asgi.py
    for part in (plans.look_at_tables, burning.keep_days, books.look, _sum_days, _keep_use):
        begun = perf_counter()
        part()
        _tell(f"sweeper {part.__name__}", 1000 * (perf_counter() - begun))
    _tell("a million additions in Python", median(_loop() for _ in range(5)))
    run = Run.objects.exclude(ended_at__isnull=True).latest("pk").pk
    browsers = {name: Client(SERVER_NAME="localhost") for name in {who for who, _ in PAGES}}
    for name, browser in browsers.items():
        browser.force_login(User.objects.get(username=name))
    for who, page in PAGES:
        looks = [_read(browsers[who], page.format(run=run)) for _ in range(LOOKS + 1)]
        walls, cpus = [wall for wall, _ in looks[1:]], [cpu for _, cpu in looks[1:]]
        _tell(f"{page} first", looks[0][0])
        for name, value in (
            ("median", median(walls)),
            ("p95", quantiles(walls, n=20)[-1]),
            ("cpu", median(cpus)),
        ):
            _tell(f"{page} {name}", value)


def _sum_days() -> None:
    """All of them; the sweeper does a few at a time."""
    from django.db import connection

    from hybridops.experiments import summed_days

    while summed_days.sum_days():
        pass
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as it does by itself within a minute


def _keep_use() -> None:
    from hybridops.experiments import sites, use

    use.keep_use(sites.rules())


def _tell(name: str, value: float) -> None:
    print(f"{name}\t{value:.4g}\tms\t{RUNS}", flush=True)


def _loop() -> float:
    begun, total = process_time(), 0
    for number in range(1_000_000):
        total += number
    return 1000 * (process_time() - begun)


def _read(browser: Any, page: str) -> tuple[float, float]:
    begun, spent = perf_counter(), _cpu_seconds()
    answer = browser.get(page)
    assert answer.status_code == 200, (page, answer.status_code)
    return 1000 * (perf_counter() - begun), 1000 * (_cpu_seconds() - spent)


def _cpu_seconds() -> float:
    """Of this process and of PostgreSQL's for it, where that runs on this machine; its helpers are not seen."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return process_time()
    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
