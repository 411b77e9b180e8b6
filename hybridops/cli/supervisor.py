"""Keep a list of processes running, and leave none behind.

A child that dies is started again, later each time; one that cannot start is given up with its last
line. Each child's output goes to its own file. Should this process be killed, the kernel ends them all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hybridops.cli.tether import tethered

BACKOFF_SECONDS = (0.2, 5.0)  # first and longest wait before a restart
QUICK_SECONDS = 10.0  # who dies younger has not started
QUICK_DEATHS_MAX = 5
PATIENCE_SECONDS = 8.0  # between TERM and KILL
TICK_SECONDS = 0.05
LOG_BYTES_MAX = 10_000_000
# Somebody ended it: no sign that it cannot start.
ENDED_BY_OTHERS = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


class SupervisorError(Exception):
    """One sentence that says which process failed and what it said last."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One process. `ready` holds back those after it in the list; they are stopped before it.

    Where an essential one cannot start, everything stops; any other is left out. One that names a lock
    starts when nobody else on this machine holds it.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    essential: bool = True
    ready: Callable[[], bool] | None = None
    orphan_signal: signal.Signals = signal.SIGKILL
    lock: Path | None = None


class Child:
    """One process and its restarts. Used by the supervisor's thread only, except for `pid`."""

    def __init__(self, spec: Spec, log: Path, cwd: Path) -> None:
        self.spec, self.log, self.cwd = spec, log, cwd
        self.given_up = False
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next_start = 0.0
        self._quick_deaths = self._deaths = 0

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process and process.returncode is None else None

    def start(self) -> None:
        spec = self.spec
        _rotate(self.log)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                tethered(spec.argv, orphan_signal=spec.orphan_signal, lock=spec.lock),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **spec.env},
                cwd=self.cwd,
                start_new_session=True,  # Ctrl-C reaches the supervisor only
            )
        self._started = time.monotonic()

    def tend(self) -> None:
        """Notice a death, count it, and start again when its wait is over."""
        if self.given_up or (self._process and self._process.poll() is None):
            return
        if self._process:
            self._bury(self._process)
        elif time.monotonic() >= self._next_start:
            self.start()

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        self._signal_group(process.pid, signal.SIGKILL)  # what it left running
        now = time.monotonic()
        quick = now - self._started < QUICK_SECONDS
        self._deaths = self._deaths + 1 if quick else 1
        if process.returncode not in ENDED_BY_OTHERS:
            self._quick_deaths = self._quick_deaths + 1 if quick else 0
        self.given_up = self._quick_deaths >= QUICK_DEATHS_MAX
        first, longest = BACKOFF_SECONDS
        self._next_start = now + min(longest, first * 2 ** (self._deaths - 1))

    def terminate(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for the end until the deadline, then force it; take what it started along."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        self._signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def last_line(self) -> str:
        try:
            lines = self.log.read_bytes()[-4096:].decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    @staticmethod
    def _signal_group(pid: int, number: signal.Signals) -> None:
        try:
            os.killpg(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


class Supervisor:
    """`start`, then `stop`; in between a thread of ours tends the children.

    All are started from that one thread, because the kernel ties a child to the thread that started it.
    """

    def __init__(self, specs: Sequence[Spec], *, logs: Path, cwd: Path) -> None:
        self.children = {spec.name: Child(spec, logs / f"{spec.name}.log", cwd) for spec in specs}
        self.fault: str | None = None  # why everything stopped by itself
        self.left_out: dict[str, str] = {}  # what is not essential and cannot start, with its last line
        self._logs = logs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()

    def stop(self) -> None:
        """End every child, the last started first. Returns when none is left."""
        self._stopping.set()
        if self._thread.ident:
            self._thread.join()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the end has come: by `stop`, or because of `fault`."""
        return self._stopping.wait(seconds)

    def pid(self, name: str) -> int | None:
        return self.children[name].pid

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal one child, as an accident would; it is started again."""
        pid = self.pid(name)
        if pid:
            os.kill(pid, number)

    def _run(self) -> None:
        try:
            self._start_in_turn()
            while not self._stopping.wait(TICK_SECONDS):
                for child in self.children.values():
                    self._tend(child)
        except Exception as error:  # a full disk, no more processes: end in order, say why
            self.fault = f"The processes cannot be kept running: {error}."
        finally:
            self._stopping.set()
            self._shut_down()

    def _start_in_turn(self) -> None:
        started: list[Child] = []
        for child in self.children.values():
            if self._stopping.is_set():
                return
            child.start()
            started.append(child)
            ready = child.spec.ready
            while ready and not child.given_up and not ready() and not self._stopping.wait(TICK_SECONDS):
                for each in started:
                    self._tend(each)

    def _tend(self, child: Child) -> None:
        child.tend()
        if not child.given_up or child.spec.name in self.left_out:
            return
        last = child.last_line()
        self.left_out[child.spec.name] = last
        if child.spec.essential:
            self.fault = (
                f"{child.spec.name} died {QUICK_DEATHS_MAX} times right after its start; "
                f"its last line was: {last or '(nothing)'} (see {child.log})"
            )
            self._stopping.set()

    def _shut_down(self) -> None:
        children = list(self.children.values())
        foundations = [child for child in children if child.spec.ready]
        for group in ([child for child in children if not child.spec.ready], foundations[::-1]):
            for child in group:
                child.terminate()
            deadline = time.monotonic() + PATIENCE_SECONDS
            for child in group:
                child.end(deadline)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
