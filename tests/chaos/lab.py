"""A hybridops of its own to break, seen from outside: its processes by id, its database read-only."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any

import redis

from hybridops.cli import broker
from tests.chaos.oracle import Oracle

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60.0  # for a run to end by itself, after whatever was done to it
UNWANTED = ("DATABASE_URL", "REDIS_URL", "HYBRIDOPS_DEBUG", "HYBRIDOPS_HTTPS", "HYBRIDOPS_STATIC_ROOT")


class Lab:
    """Everything that a test does to a stack; `end` leaves no process and no file."""

    def __init__(self, provider: str, *, quantum_seconds: float | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="hybridops-chaos-"))
        self.env = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self.env |= {
            "HYBRIDOPS_HOME": str(self.home),
            "HYBRIDOPS_PROVIDERS": provider,
            "HYBRIDOPS_MAIL": "locmem",
            "HYBRIDOPS_DEMO": "1",  # a password alone signs in; a decision still asks for its code
            "PYTHONPATH": str(ROOT),
        }
        if quantum_seconds is not None:
            self.env["CHAOS_QUANTUM_SECONDS"] = str(quantum_seconds)
        self.oracle = Oracle(self.home)
        self._turn, self._killed = Lock(), set[int]()
        self.start()

    # The host.

    def start(self) -> None:
        (self.home / "logs").mkdir(exist_ok=True, mode=0o700)
        with (self.home / "logs" / "host.log").open("ab") as log:
            self.host = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.host"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=self.env,
            )
        self.url = str(self._answer())

    def restart(self) -> None:
        """The host and everything under it, ended without a word and started on the same data."""
        self.host.kill()
        self.host.wait()
        self.start()

    def end(self) -> None:
        assert self.host.stdin
        self.host.stdin.close()  # it stops its stack in order
        try:
            self.host.wait(30)
        except subprocess.TimeoutExpired:
            self.host.kill()
            self.host.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def ask(self, verb: str, **values: Any) -> Any:
        """Has the host do something and answers what it answered; from any thread."""
        with self._turn:
            assert self.host.stdin
            print(json.dumps({"do": verb, **values}), file=self.host.stdin, flush=True)
            return self._answer()

    def _answer(self) -> Any:
        assert self.host.stdout
        line = self.host.stdout.readline()
        assert line, f"the host ended\n{self.logs('host')}"
        told = json.loads(line)
        assert "problem" not in told, told["problem"]
        return told["answer"]

    # Processes.

    def pid(self, name: str) -> int:
        """The process id, as soon as there is one: between a death and the next start there is none."""
        assert not (trouble := self.ask("trouble")), "\n".join(trouble)

        def living() -> int | None:
            pid = self.ask("pid", name=name)
            return pid if pid not in self._killed else None  # its parent has not noticed yet

        return int(self.until(living, f"{name} has no process", 40))

    def kill(self, name: str) -> int:
        """kill -9; answers whom."""
        pid = self.pid(name)
        self._kill(pid)
        return pid

    def _kill(self, pid: int) -> None:
        self._killed.add(pid)
        os.kill(pid, signal.SIGKILL)

    def strike(self, name: str, stage: str, seconds: float = 30.0) -> bool:
        """kill -9 of a worker that surely is in the middle of a stage; False if the stage never stood still.

        It is stopped first: what is seen then cannot have moved on when the kill arrives.
        """
        end = monotonic() + seconds
        pid = self.pid(name)
        while monotonic() < end:
            if not self.oracle.running(stage):
                sleep(0.0005)
                continue
            os.kill(pid, signal.SIGSTOP)
            if self.oracle.running(stage):
                self._kill(pid)
                return True
            os.kill(pid, signal.SIGCONT)
        return False

    @contextmanager
    def frozen(self, name: str) -> Iterator[int]:
        """The process does not move inside the block."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield pid
        finally:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    @contextmanager
    def without_broker(self, *, forget: bool) -> Iterator[None]:
        """kill -9 of Valkey; no other one starts inside the block. With `forget` its data is gone."""
        held = Event()
        with (self.home / "broker" / "lock").open("r+") as lock:

            def wait() -> None:
                fcntl.flock(lock, fcntl.LOCK_EX)
                held.set()

            Thread(target=wait, daemon=True).start()
            sleep(0.1)  # we stand in line before its successor does
            self.kill("broker")
            assert held.wait(10), "somebody else took the lock of the broker"
            if forget:
                shutil.rmtree(self.home / "broker" / "appendonlydir")
            yield

    # Runs.

    def submit(self, **values: Any) -> int:
        return int(self.ask("submit", **values))

    def approve(self, run: int) -> None:
        self.until(
            lambda: self.oracle.asked(run) or self.oracle.outcome(run), "nobody was asked", WAIT_SECONDS, run
        )
        assert self.oracle.asked(run), f"it ended before anybody was asked\n{self.dump(run)}"
        self.ask("decide", run=run)

    def ended(self, run: int, seconds: float = WAIT_SECONDS) -> str:
        """Its outcome, once it has ended by itself and every bill is booked."""
        self.until(lambda: self.oracle.outcome(run), "it did not end", seconds, run)
        self.until(lambda: self.oracle.settled(run), "a bill or a promise was left", 45, run)
        return self.oracle.outcome(run)

    def correct(
        self, run: int, *outcomes: str, jobs: int | None = 1, decisions: int = 1, grace: float = WAIT_SECONDS
    ) -> None:
        """Waits for the end and holds everything against the invariants."""
        outcome = self.ended(run, grace)
        wrong = self.oracle.wrong(run)
        if outcome not in (outcomes or ("accepted", "not_accepted")):
            wrong.append(f"it ended as {outcome}")
        if jobs is not None and len(self.oracle.jobs(run)) != jobs:
            wrong.append(f"{len(self.oracle.jobs(run))} provider jobs instead of {jobs}")
        if len(self.oracle.decisions(run)) != decisions:
            wrong.append(f"{len(self.oracle.decisions(run))} decisions instead of {decisions}")
        wrong += self.ask("verify")
        wrong += self.ask("trouble")
        assert not wrong, "\n".join([*wrong, self.dump(run)])

    def until(self, done: Callable[[], Any], otherwise: str, seconds: float, run: int | None = None) -> Any:
        end = monotonic() + seconds
        while not (found := done()):
            assert monotonic() < end, f"after {seconds:.0f} s {otherwise}\n{self.dump(run)}"
            sleep(0.01)
        return found

    def broker(self) -> redis.Redis:
        return redis.Redis.from_url(broker.address(self.home), socket_timeout=10)

    # What a failure shows.

    def dump(self, run: int | None) -> str:
        return "\n".join(["", *(self.oracle.dump(run) if run else []), self.logs()])

    def logs(self, *names: str, lines: int = 6) -> str:
        told = []
        for path in sorted((self.home / "logs").glob("*.log")):
            if names and path.stem not in names:
                continue
            last = [line for line in path.read_text(errors="replace").splitlines() if line.strip()][-lines:]
            told += [f"-- {path.name}", *(re.sub(r"\x1b\[[0-9;]*m", "", line)[:300] for line in last)]
        return "\n".join(told)


def children(pid: int) -> list[int]:
    """Whom it started, by all of its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            continue
    return found


def descendants(pid: int) -> set[int]:
    found = set(children(pid))
    for child in list(found):
        found |= descendants(child)
    return found
