"""Milliseconds and CPU of an eight-stage run of no-ops, with gate by policy, ledger and audit on.

Its own broker, sweeper and two light workers, real processes, in a throw-away folder on SQLite. The peer
is the same chain of eight as bare RQ jobs that call each other, on the same broker and two workers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

from hybridops.bootstrap import ROOT
from hybridops.cli.supervisor import Spec, Supervisor

ONE_BY_ONE, TOGETHER = 40, 150


def figures() -> Iterator[dict[str, Any]]:
    """Runs the measurement in a child with the bench's settings, so that ours stay as they are."""
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder:
        env = os.environ | {"HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-c", "from tests.bench import bench_orchestration as b; b.main()"],
            cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        name, value, unit, n, against, ratio = line.split("\t")
        yield {
            "name": name, "value": float(value), "unit": unit, "n": int(n),
            "against": against or None, "ratio": float(ratio) if ratio else None,
        }  # fmt: skip


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    world = _world()
    with _processes() as running:
        _wait(lambda: _run_one(world), 60)
        _report(world, running)


@contextmanager
def _processes() -> Iterator[Supervisor]:
    from django.conf import settings

    from hybridops.cli.broker import Broker

    home = Path(settings.HOME)
    broker = Broker(home)
    broker.prepare()
    manage = (sys.executable, str(ROOT / "manage.py"))
    env = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    specs = [
        Spec("broker", broker.argv(), ready=broker.answers, lock=broker.lock),
        Spec("a", (*manage, "worker", "light"), env),
        Spec("b", (*manage, "worker", "light"), env),
        Spec("sweep", (*manage, "sweep"), env),
        Spec("peer-a", (sys.executable, "-m", "tests.bench.peer"), {**env, "REDIS_URL": broker.url}),
        Spec("peer-b", (sys.executable, "-m", "tests.bench.peer"), {**env, "REDIS_URL": broker.url}),
    ]
    running = Supervisor(specs, logs=home / "logs", cwd=ROOT)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def _world() -> Any:
    from tests.bench.noop import DEFINITION, PRICES
    from tests.world import bench_world

    return bench_world(DEFINITION, PRICES)


def _run_one(world: Any) -> float:
    from hybridops.experiments.models import Run
    from tests.world import submit

    started = perf_counter()
    run = submit(world, workflow="noop")
    while not Run.objects.filter(pk=run.pk).exclude(outcome="").exists():
        sleep(0.002)
        if perf_counter() - started > 20:
            raise TimeoutError(f"run {run.pk} is {Run.objects.get(pk=run.pk).state}")
    return perf_counter() - started


def _wait(ready: Any, seconds: float) -> None:
    end = perf_counter() + seconds
    while True:
        try:
            ready()
            return
        except TimeoutError:
            if perf_counter() > end:
                raise
            sleep(0.1)


def _report(world: Any, running: Supervisor) -> None:
    from django.conf import settings

    from hybridops.experiments.models import Run
    from tests.bench.peer import chain_seconds
    from tests.world import submit

    times = sorted(_run_one(world) * 1000 for _ in range(ONE_BY_ONE))
    os.environ["REDIS_URL"] = settings.REDIS_URL
    peer = sorted(chain_seconds(n) * 1000 for n in range(ONE_BY_ONE))
    before, started = _cpu(running), perf_counter()
    last = [submit(world, workflow="noop").pk for _ in range(TOGETHER)]
    while Run.objects.filter(pk__in=last, outcome="").exists():
        sleep(0.01)
    wall, cpu = perf_counter() - started, _cpu(running) - before
    _say("run p50", median(times), "ms", ONE_BY_ONE, "eight bare RQ jobs", median(times) / median(peer))
    _say("run p99", times[-1], "ms", ONE_BY_ONE)
    _say("bare RQ p50", median(peer), "ms", ONE_BY_ONE)
    _say("runs per second", TOGETHER / wall, "1/s", TOGETHER)
    _say("CPU per run", cpu / TOGETHER * 1000, "ms", TOGETHER)


def _cpu(running: Supervisor) -> float:
    """CPU seconds of the workers, the sweeper, the broker and this process, with their children."""
    pids = [os.getpid(), *(pid for name in ("a", "b", "sweep", "broker") if (pid := running.pid(name)))]
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(fields[i]) for i in (11, 12, 13, 14))
    return ticks / os.sysconf("SC_CLK_TCK")


def _say(name: str, value: float, unit: str, n: int, against: str = "", ratio: float | None = None) -> None:
    print(f"{name}\t{value:.2f}\t{unit}\t{n}\t{against}\t{'' if ratio is None else round(ratio, 2)}")
