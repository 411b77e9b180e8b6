"""Milliseconds from a commit to the sockets that watch it, with 1 and with 100 watchers.

The real web process and broker, real WebSocket clients in this process, runs moved by the real `apply`.
The peer is one Redis subscriber beside them: the least that any push through the broker can take.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

from hybridops.bootstrap import ROOT
from hybridops.cli.stack import Stack
from hybridops.cli.supervisor import Spec

COMMITS = 60
PAUSE_SECONDS = 0.05


def figures() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="hybridops-bench-") as folder:
        env = os.environ | {"HYBRIDOPS_HOME": folder, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-c", "from tests.bench import bench_live as b; b.main()"],
            cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        yield json.loads(line)


class WebOnly(Stack):
    """The broker and the web process, nothing else."""

    def specs(self) -> list[Spec]:
        return [spec for spec in super().specs() if spec.name in ("broker", "web")]


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.bench.noop import DEFINITION, PRICES
    from tests.world import bench_world

    call_command("migrate", verbosity=0)
    world = bench_world(DEFINITION, PRICES)
    with WebOnly(Path(settings.HOME), 0) as stack:
        stack.wait_ready(60)
        cookie = _session(world)
        for watchers in (1, 100):
            nudges, bare, fragments = _measure(stack, world, cookie, watchers)
            for name, values in (
                (f"nudge, {watchers} watchers", nudges),
                (f"fragment, {watchers} watchers", fragments),
            ):
                values.sort()
                _say(f"{name}, p50", median(values), len(values), bare if "nudge" in name else None)
                _say(f"{name}, p99", values[int(len(values) * 0.99) - 1], len(values), None)


def _session(world: Any) -> str:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(world.ines.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = world.ines.get_session_auth_hash()
    store.save()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


def _measure(stack: Stack, world: Any, cookie: str, watchers: int) -> tuple[list[float], float, list[float]]:
    from hybridops.domain.actors import SYSTEM
    from hybridops.experiments.announce import broker
    from hybridops.experiments.transitions import apply
    from tests.world import submit

    run = submit(world, workflow="noop")
    sent: dict[int, float] = {}
    clients = Clients(stack.url, cookie, run.pk, watchers)
    clients.start()
    bare, pubsub = [], broker().pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("hybridops:nudges")
    sleep(0.3)
    for _ in range(COMMITS):
        began = perf_counter()
        book = apply(run_id=run.pk, actor=SYSTEM)
        sent[book.run.version] = perf_counter()
        while (message := pubsub.get_message(timeout=2)) is None:
            pass
        bare.append((perf_counter() - began) * 1000 if message else 0.0)
        sleep(PAUSE_SECONDS)
    clients.finish()
    nudges = [(at - sent[version]) * 1000 for version, at in clients.heard if version in sent]
    return nudges, median(bare), clients.fragment_ms


class Clients(threading.Thread):
    """Watchers of one run in a thread of their own; the first one also fetches the fragment each time."""

    def __init__(self, url: str, cookie: str, run_id: int, count: int) -> None:
        super().__init__(daemon=True)
        self.url, self.cookie, self.run_id, self.count = url, cookie, run_id, count
        self.heard: list[tuple[int, float]] = []
        self.fragment_ms: list[float] = []
        self.fetching: asyncio.Task[None] | None = None  # beside the socket: a page reads on while it fetches
        self.ready = threading.Event()
        self.ended = threading.Event()

    def start(self) -> None:
        super().start()
        self.ready.wait(30)

    def finish(self) -> None:
        sleep(0.5)
        self.ended.set()
        self.join(10)

    def run(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        self.synced = 0
        tasks = [asyncio.create_task(self._one(n)) for n in range(self.count)]
        while not self.ended.is_set():  # noqa: ASYNC110  # set by another thread
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()

    async def _one(self, number: int) -> None:
        from websockets.asyncio.client import connect

        address = self.url.replace("http", "ws", 1) + "/live/"
        headers = {"Cookie": self.cookie}
        async with connect(address, origin=self.url, additional_headers=headers) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({"watch": [["run", self.run_id, 10**9]]}))
            async for text in socket:
                told = json.loads(text)
                if "synced" in told:
                    self.synced += 1
                    if self.synced == self.count:
                        self.ready.set()
                elif told.get("object") == f"run:{self.run_id}":
                    self.heard.append((told["version"], perf_counter()))
                    if number == 0 and (self.fetching is None or self.fetching.done()):
                        self.fetching = asyncio.create_task(asyncio.to_thread(self._fetch))

    def _fetch(self) -> None:
        import urllib.request

        began = perf_counter()
        path = f"{self.url}/runs/{self.run_id}/part/main/"
        request = urllib.request.Request(path, headers={"Cookie": self.cookie, "HX-Request": "true"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            answer.read()
        self.fragment_ms.append((perf_counter() - began) * 1000)


def _say(name: str, value: float, n: int, bare: float | None) -> None:
    against = "commit to a bare Redis subscriber" if bare else None
    ratio = round(value / bare, 2) if bare else None
    told = {"name": name, "value": round(value, 2), "unit": "ms", "n": n, "against": against, "ratio": ratio}
    print(json.dumps(told), flush=True)
