"""Browsers' sockets in a process of their own: each watches one run that the bench moves, and one of the queue.

`python -m tests.bench.load_watchers` reads what to watch from its input, says READY, and tells at the end what was heard when. The
monotonic clock is the machine's, so a time here and a time in the bench can be subtracted.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from time import perf_counter
from typing import Any

from hybridops.bootstrap import ROOT

AT_ONCE = 20  # handshakes
GRACE_SECONDS = 5.0


class Watchers:
    """The bench's side."""

    def __init__(self, url: str, cookie: str, probe: int, others: list[int], count: int) -> None:
        self.told = {"url": url, "cookie": cookie, "probe": probe, "others": others, "count": count}
        self.sent: dict[int, float] = {}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load_watchers"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdin
        print(json.dumps(self.told), file=self.process.stdin, flush=True)

    def ready(self) -> None:
        assert self.process and self.process.stdout
        if self.process.stdout.readline().strip() != "READY":
            raise RuntimeError("the watchers did not come up")

    def report(self, say_spread: Callable[[str, list[float]], None]) -> None:
        assert self.process and self.process.stdin and self.process.stdout
        print("END", file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline())
        nudges = [(at - self.sent[version]) * 1000 for version, at in told["heard"] if version in self.sent]
        shown = [(at - self.sent[version]) * 1000 for version, at in told["shown"] if version in self.sent]
        lost = self.told["count"] * len(self.sent) - len(nudges)
        say_spread(f"commit to each of {self.told['count']} sockets", nudges)
        say_spread("commit to the changed part in one of the browsers", shown)
        print(
            f"{told['closed']} sockets were closed, {lost} nudges were folded into later ones",
            file=sys.stderr,
        )

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


class Browsers:
    def __init__(self, told: dict[str, Any]) -> None:
        self.url, self.cookie, self.probe = told["url"], told["cookie"], told["probe"]
        self.others, self.count = told["others"] or [told["probe"]], told["count"]
        self.heard: list[tuple[int, float]] = []
        self.newest = [0] * self.count  # of each socket: once a minute it is told again what it has heard
        self.shown: list[tuple[int, float]] = []
        self.synced = self.closed = 0
        self.fetching: asyncio.Task[None] | None = None
        self.ended = threading.Event()

    async def all(self) -> None:
        door = asyncio.Semaphore(AT_ONCE)
        tasks = [asyncio.create_task(self._one(number, door)) for number in range(self.count)]
        while self.synced < self.count:  # noqa: ASYNC110  # counted by the tasks
            await asyncio.sleep(0.1)
        print("READY", flush=True)
        threading.Thread(target=self._until_told, daemon=True).start()
        while not self.ended.is_set():  # noqa: ASYNC110  # set by another thread
            await asyncio.sleep(0.1)
        await asyncio.sleep(GRACE_SECONDS)
        print(json.dumps({"heard": self.heard, "shown": self.shown, "closed": self.closed}), flush=True)
        for task in tasks:
            task.cancel()

    def _until_told(self) -> None:
        sys.stdin.readline()
        self.ended.set()

    async def _one(self, number: int, door: asyncio.Semaphore) -> None:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed

        address, headers = self.url.replace("http", "ws", 1) + "/live/", {"Cookie": self.cookie}
        runs = {self.probe, self.others[number % len(self.others)]}
        async with door:
            socket = await connect(address, origin=self.url, additional_headers=headers, open_timeout=120)  # type: ignore[arg-type]
            await socket.send(json.dumps({"watch": [["run", run, 0] for run in runs]}))
        try:
            async for text in socket:
                self._hear(number, json.loads(text))
        except ConnectionClosed:
            self.closed += 1

    def _hear(self, number: int, told: dict[str, Any]) -> None:
        if "synced" in told:
            self.synced += 1
        elif told.get("object") == f"run:{self.probe}" and told["version"] > self.newest[number]:
            self.newest[number] = told["version"]
            self.heard.append((told["version"], perf_counter()))
            if number == 0 and (self.fetching is None or self.fetching.done()):
                self.fetching = asyncio.create_task(self._show(told["version"]))

    async def _show(self, version: int) -> None:
        await asyncio.to_thread(self._fetch)
        self.shown.append((version, perf_counter()))

    def _fetch(self) -> None:
        path = f"{self.url}/runs/{self.probe}/part/main/"
        request = urllib.request.Request(path, headers={"Cookie": self.cookie, "HX-Request": "true"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            answer.read()


if __name__ == "__main__":
    asyncio.run(Browsers(json.loads(sys.stdin.readline())).all())
