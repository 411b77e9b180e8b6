"""How long writers wait for each other on one SQLite file: four processes with 15 transactions a second each, and submits beside them.

HYBRIDOPS_BENCH_SECONDS is how long, 60 without it. Open loop: a transaction counts from when it was due. What finds the
database locked for longer than the product waits raises, and ends the measurement.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter, sleep
from typing import Any

from hybridops.bootstrap import ROOT

SECONDS = float(os.environ.get("HYBRIDOPS_BENCH_SECONDS", "60"))
WRITERS, WRITES_A_SECOND, SUBMITS_A_SECOND = 4, 15.0, 2.0


def figures() -> Iterator[dict[str, Any]]:
    """Measured in children with a data folder that they share."""
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder:
        env = os.environ | {"HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "hybridops.config.settings"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        subprocess.run(_child("found"), cwd=ROOT, env=env, check=True)
        kinds = ["write"] * WRITERS + ["ask"]
        started = [
            subprocess.Popen(_child(kind), cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
            for kind in kinds
        ]
        told = [json.loads(child.communicate()[0] or "null") for child in started]
        if any(child.returncode for child in started):
            raise RuntimeError("a writer found the database locked, or failed otherwise: it says why above")
    yield from _spread(
        "a transaction with one event of the trail", [one for times in told[:-1] for one in times]
    )
    yield from _spread("a submit, in process", told[-1])


def _child(kind: str) -> list[str]:
    return [sys.executable, "-c", f"from tests.bench import bench_writers as b; b.{kind}()"]


def _spread(name: str, times: list[float]) -> Iterator[dict[str, Any]]:
    times.sort()
    found = {"p50": median(times), "p99": times[int(len(times) * 0.99) - 1], "slowest": times[-1]}
    for which, value in found.items():
        told = {"name": f"{name}, {which}", "value": round(value, 2), "unit": "ms", "n": len(times)}
        yield told | {"against": None, "ratio": None}


def _set_up() -> None:
    import django

    django.setup()
    from django.conf import settings

    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}


def found() -> None:
    _set_up()
    from django.core.management import call_command

    from tests.world import make_world

    call_command("migrate", verbosity=0)
    make_world(limit_usd=1_000_000)


def write() -> None:
    _set_up()
    from django.db import transaction

    from hybridops.audit.services import record
    from hybridops.domain.actors import SYSTEM

    def one() -> None:
        with transaction.atomic():
            record(stream=f"bench:{os.getpid()}", action="bench.written", actor=SYSTEM, facts={"n": 1})

    _paced(one, WRITES_A_SECOND)


def ask() -> None:
    _set_up()
    from hybridops.experiments.announce import silence
    from hybridops.experiments.models import DataSnapshot
    from hybridops.teams.models import Project, User
    from tests.world import World, submit

    project = Project.objects.get()
    people = {user.username: user for user in User.objects.all()}
    world = World(project.team, project, people, DataSnapshot.objects.get())
    with silence():
        _paced(lambda: submit(world), SUBMITS_A_SECOND)


def _paced(one: Callable[[], object], a_second: float) -> None:
    times, due = list[float](), perf_counter() + 1
    end = due + SECONDS
    while due < end:
        sleep(max(0.0, due - perf_counter()))
        one()
        times.append((perf_counter() - due) * 1000)
        due += 1 / a_second
    print(json.dumps(times))
