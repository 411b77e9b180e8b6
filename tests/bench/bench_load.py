"""A long queue, 500 watchers and two workers on PostgreSQL: submits, live pages, runs a second, memory; peers beside it.

HYBRIDOPS_BENCH_URL names the PostgreSQL server (a database of its own is made and dropped), HYBRIDOPS_BENCH_RUNS how many runs
are queued before the workers start (10,000), HYBRIDOPS_BENCH_WATCHERS how many sockets are open (500), HYBRIDOPS_BENCH_MINUTES how
long memory is watched under load at least (0: until the queue is empty). HYBRIDOPS_BENCH_PEERS is a folder with the environments `prefect`,
`dagster` and `airflow`; a peer without one is left out, and said so.

The queue is filled by the intake in this process while the workers stand still; from then on a service asks for a run over HTTP
every half second, open loop: a submit counts from when it was due. Half of the watchers' runs are in the queue; all of
them watch one run more, which is moved once a second, and that is the commit that is timed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from hybridops.bootstrap import ROOT
from tests.bench import load_peers

SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
OPEN_FILES = 4096


def figures() -> Iterator[dict[str, Any]]:
    _many_files()
    url = os.environ.get("HYBRIDOPS_BENCH_URL") or SERVER
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder, database(url) as own:
        env = os.environ | {
            "HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "tests.bench.settings", "DATABASE_URL": own,
            "HYBRIDOPS_API_CALLS_A_MINUTE": "100000",
        }  # fmt: skip
        env.pop("REDIS_URL", None)
        yield from _told([sys.executable, "-c", "from tests.bench import load_run as run; run.main()"], env)
    for name in load_peers.NAMES:
        python = load_peers.python_of(name)
        if python is None:
            print(f"{name} was left out: HYBRIDOPS_BENCH_PEERS has no environment of it", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="hybridops-peer-") as folder, database(url) as own:
            yield from _told(
                [sys.executable, "-m", "tests.bench.load_peers", name, str(python), folder, own],
                dict(os.environ),
            )


@contextmanager
def database(server: str) -> Iterator[str]:
    import psycopg

    name = f"hybridops_bench_{uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as made:
        made.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as again:
            again.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _told(argv: list[str], env: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Figures as the child tells them, so that each has the load of its own moment."""
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        for line in child.stdout:
            yield json.loads(line)
    if child.returncode:
        raise RuntimeError(f"the measurement ended with {child.returncode}")


def _many_files() -> None:
    """Each watcher is an open file here and in the web process; children inherit it."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (OPEN_FILES, max(OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    )
