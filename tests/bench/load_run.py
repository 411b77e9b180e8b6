"""The run of the load bench: our own processes under load, and what is seen of them."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

from tests.bench.load_memory import Memory
from tests.bench.load_submits import Service
from tests.bench.load_watchers import Watchers

RUNS = int(os.environ.get("HYBRIDOPS_BENCH_RUNS") or 10_000)
WATCHERS = int(os.environ.get("HYBRIDOPS_BENCH_WATCHERS") or 500)
MINUTES = float(os.environ.get("HYBRIDOPS_BENCH_MINUTES") or 0)
EVERY_SECONDS = 0.5  # between two submits over HTTP
COMMIT_SECONDS = 1.0
CHAINS = 100


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from hybridops.cli.supervisor import Spec, Supervisor
    from tests.bench.bench_live import WebOnly, _session
    from tests.bench.noop import DEFINITION, PRICES
    from tests.world import bench_world

    call_command("migrate", verbosity=0)
    world, home = bench_world(DEFINITION, PRICES), Path(settings.HOME)
    with WebOnly(home, 0) as site:
        site.wait_ready(90)
        bare(site.env)
        filled = fill(world, RUNS)
        manage = (sys.executable, str(Path(__file__).parents[2] / "manage.py"))
        env = {**site.env, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        names = {
            "a": ("worker", "light"),
            "b": ("worker", "light"),
            "sweep": ("sweep",),
            "courier": ("courier",),
        }
        specs = [Spec(name, (*manage, *argv), env) for name, argv in names.items()]
        workers = Supervisor(specs, logs=home / "logs", cwd=Path(manage[1]).parent)
        watchers = Watchers(site.url, _session(world), filled[0], filled[1 : WATCHERS // 2], WATCHERS)
        watchers.start()
        try:
            watchers.ready()
            workers.start()
            measure(world, site, workers, watchers, filled)
        finally:
            watchers.end()
            workers.stop()


def bare(env: dict[str, str]) -> None:
    """The yardstick: eight bare RQ jobs that call each other, on the same broker with two workers."""
    from hybridops.bootstrap import ROOT
    from hybridops.cli.supervisor import Spec, Supervisor
    from tests.bench.peer import chain_seconds

    os.environ["REDIS_URL"] = env["REDIS_URL"]
    argv = (sys.executable, "-m", "tests.bench.peer")
    peers = Supervisor(
        [Spec(f"peer-{n}", argv, env) for n in "ab"], logs=Path(env["HYBRIDOPS_HOME"]) / "logs", cwd=ROOT
    )
    peers.start()
    together(1)  # they are up
    alone = [chain_seconds(number) * 1000 for number in range(20)]
    seconds = together(CHAINS)
    peers.stop()
    say("bare RQ, a chain of eight", median(alone), "ms", len(alone))
    say("bare RQ, chains a second", CHAINS / seconds, "1/s", CHAINS)


def together(chains: int) -> float:
    """Seconds from the first call to the end of the last of so many chains."""
    from tests.bench.peer import STEPS, _queue

    queue, done, started = _queue(), f"peer-done-of-{chains}", perf_counter()
    for _ in range(chains):
        queue.enqueue_call("tests.bench.peer.link", args=(STEPS, done), result_ttl=0)
    wait(lambda: int(queue.connection.llen(done)) >= chains, 120)
    return perf_counter() - started


def fill(world: Any, count: int) -> list[int]:
    """Queues runs by the intake's own service, as a page or the API would have it made; workers are away."""
    from tests.world import submit

    started = perf_counter()
    made = [submit(world, workflow="noop").pk for _ in range(count)]
    say("queued by the intake, in process", count / (perf_counter() - started), "1/s", count)
    return made


def measure(world: Any, site: Any, workers: Any, watchers: Watchers, filled: list[int]) -> None:
    """Times are of while the queue is worked off; memory is watched until MINUTES are over, under the same load."""
    wait(ended, 120)
    memory = Memory(
        {
            **{n: site.pid(n) for n in ("web", "broker")},
            **{n: workers.pid(n) for n in ("a", "b", "sweep", "courier")},
        }
    )
    service = Service(site.url, world)
    over, started, before = threading.Event(), perf_counter(), ended()
    with ThreadPoolExecutor(1) as beside:
        sampled = beside.submit(memory.watch, over)
        try:
            with loaded(service, filled[0], watchers.sent) as times:
                wait(lambda: left() <= 20, 24 * 3600, every_seconds=1.0)
                seconds, done = perf_counter() - started, ended() - before
            say("runs a second, two workers", done / seconds, "1/s", done)
            spread("submit over HTTP while workers are saturated", times)
            keep_busy(world, service, filled[0], until=started + MINUTES * 60)
        finally:
            over.set()
        sampled.result()
    watchers.report(say_spread=spread)
    for name, (mb, slope, half, count) in memory.slopes().items():
        say(f"memory of {name}", mb, "MB", count)
        if not isnan(slope):
            say(f"memory of {name}, slope (95 % within {half:.2f})", slope, "MB/h", count)
    say("observed for", (perf_counter() - started) / 60, "min", 1)


def ended() -> int:
    from hybridops.experiments.models import Run

    return Run.objects.exclude(outcome="").count()


def left() -> int:
    from hybridops.experiments.models import Run

    return Run.objects.filter(outcome="").count()


@contextmanager
def loaded(service: Service, probe: int, sent: dict[int, float]) -> Iterator[list[float]]:
    """Submits and watched moves go on within the block; after it the list has the submits' milliseconds."""
    over, times = threading.Event(), list[float]()
    with ThreadPoolExecutor(2) as beside:
        calls = [
            beside.submit(submitting, service, over, times),
            beside.submit(committing, probe, over, sent),
        ]
        try:
            yield times
        finally:
            over.set()
    for call in calls:
        call.result()


def keep_busy(world: Any, service: Service, probe: int, *, until: float) -> None:
    with loaded(service, probe, {}):
        while perf_counter() < until:
            if left() < 200:
                fill_quietly(world, 200)
            sleep(1)


def fill_quietly(world: Any, count: int) -> list[int]:
    from tests.world import submit

    return [submit(world, workflow="noop").pk for _ in range(count)]


def submitting(service: Service, over: threading.Event, times: list[float]) -> None:
    """A service that asks for a run every half second whatever the last one took; milliseconds from when it was due."""
    due, made = perf_counter(), list[Any]()

    def one(at: float) -> None:
        service.submit()
        times.append((perf_counter() - at) * 1000)

    with ThreadPoolExecutor(8) as callers:
        while not over.wait(max(0.0, due - perf_counter())):
            made.append(callers.submit(one, due))
            due += EVERY_SECONDS
    for call in made:
        call.result()  # one that was refused ends the measurement


def committing(run: int, over: threading.Event, sent: dict[int, float]) -> None:
    """Moves the watched run once a second and keeps when each version was committed."""
    from hybridops.domain.actors import SYSTEM
    from hybridops.experiments.transitions import apply

    while not over.wait(COMMIT_SECONDS):
        book = apply(run_id=run, actor=SYSTEM)
        sent[book.run.version] = perf_counter()


def wait(ready: Callable[[], Any], seconds: float, *, every_seconds: float = 0.01) -> None:
    end = perf_counter() + seconds
    while not ready():
        if perf_counter() > end:
            raise TimeoutError("nothing ended")
        sleep(every_seconds)


def spread(name: str, values: list[float]) -> None:
    values = sorted(values)
    say(f"{name}, p50", median(values), "ms", len(values))
    say(f"{name}, p99", values[max(0, int(len(values) * 0.99) - 1)], "ms", len(values))


def say(name: str, value: float, unit: str, n: int) -> None:
    told = {"name": name, "value": round(value, 2), "unit": unit, "n": n, "against": None, "ratio": None}
    print(json.dumps(told), flush=True)
