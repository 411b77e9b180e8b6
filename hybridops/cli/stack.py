"""All processes of one hybridops on one machine, as one thing to start and to stop.

with Stack(home, port=8000) as stack:
    stack.wait_ready(60)
    stack.run_forever()
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from hybridops.bootstrap import ROOT
from hybridops.cli.broker import Broker, BrokerError
from hybridops.cli.supervisor import Spec, Supervisor, SupervisorError

QUEUES = ("light", "cpu", "gpu", "qpu")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared with, not bound to)
# One thread a process: the queues are the parallelism, and more threads than cores only wait for each other.
ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON", "VECLIB_MAXIMUM")
}


class StackError(SupervisorError):
    """One sentence that says why hybridops does not run and what to do."""


class Stack:
    """Broker, web, one worker a queue, sweeper, courier and simulator. The database is migrated by the caller.

    The constructor refuses a busy port; port 0 takes a free one. With REDIS_URL set no broker is started.
    """

    def __init__(
        self, home: Path, port: int = 8000, host: str = "127.0.0.1", *, env: Mapping[str, str] | None = None
    ) -> None:
        self.home, self.host = home.absolute(), host
        self.port = usable_port(host, port)
        shared = (env or {}).get("REDIS_URL") or os.environ.get("REDIS_URL")
        self.broker = None if shared else Broker(self.home)
        self.env = {
            **(env or {}),
            "HYBRIDOPS_HOME": str(self.home),
            "REDIS_URL": shared or Broker(self.home).url,
            "HYBRIDOPS_SITE": os.environ.get("HYBRIDOPS_SITE") or self.url,
            "PYTHONUNBUFFERED": "1",
        }
        self._supervisor: Supervisor | None = None

    @property
    def url(self) -> str:
        """For people and browsers: `localhost`, where passkeys work, unless another host was asked for."""
        host = "localhost" if self.host in LOOPBACK or self.host in ANY else self.host
        return f"http://{_in_url(host)}:{self.port}"

    @property
    def names(self) -> list[str]:
        return [spec.name for spec in self.specs()]

    def specs(self) -> list[Spec]:
        """What runs, in the order of starting."""
        manage = (sys.executable, str(ROOT / "manage.py"))
        workers = [
            Spec(f"worker-{queue}", (*manage, "worker", queue), {**self.env, **ONE_THREAD})
            for queue in QUEUES
        ]
        others = [
            Spec(name, (*manage, name), {**self.env, **ONE_THREAD})
            for name in ("sweep", "courier", "simulator")
        ]
        return [*self._broker_specs(), self._web_spec(), *workers, *others]

    def __enter__(self) -> Self:
        try:
            if self.broker:
                self.broker.prepare()
        except BrokerError as error:
            raise StackError(str(error)) from None
        self._supervisor = Supervisor(self.specs(), logs=self.home / "logs", cwd=ROOT)
        self._supervisor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End all processes; harmless when repeated."""
        if self._supervisor:
            self._supervisor.stop()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return when the site answers that its database and broker do; else StackError."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._running.wait(0.1):
                raise StackError(self._running.fault or "hybridops was stopped before it was ready.")
            if time.monotonic() > deadline:
                last = self._running.children["web"].last_line() or "(nothing)"
                raise StackError(
                    f"The site did not answer within {timeout:.0f} seconds; the last line of "
                    f"{self.home / 'logs' / 'web.log'} is: {last}"
                )

    def run_forever(self) -> None:
        """Return after SIGINT, SIGTERM or SIGHUP; StackError where an essential process cannot start."""

        def finish(number: int, frame: FrameType | None) -> None:
            asked.append(number)

        asked: list[int] = []
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, finish) for number in numbers}
        try:
            while not asked and not self._running.wait(0.2):
                pass
            self.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._running.fault:
            raise StackError(self._running.fault)

    def pid(self, name: str) -> int | None:
        """The process id now, or None between a death and the next start."""
        return self._running.pid(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End one process as an accident would; it is started again."""
        self._running.kill(name, number)

    @property
    def left_out(self) -> dict[str, str]:
        """Processes given up although the rest runs, each with its last line."""
        return self._running.left_out

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise StackError("The stack has not been started; use it in a `with` block.")
        return self._supervisor

    def _broker_specs(self) -> list[Spec]:
        if self.broker is None:
            return []
        broker = self.broker
        return [
            Spec(
                "broker", broker.argv(), ready=broker.answers, orphan_signal=signal.SIGTERM, lock=broker.lock
            )
        ]

    def _web_spec(self) -> Spec:
        """First of all, and alone until it answers: people wait for the page, nobody waits for a worker."""
        return Spec("web", self._web_argv(), self.env, ready=self._answers)

    def _web_argv(self) -> list[str]:
        options = {
            "host": self.host,
            "port": str(self.port),
            "ws": "websockets-sansio",  # a third less work a message than what uvicorn takes by itself
            "ws-max-size": "65536",
            "ws-per-message-deflate": "false",  # messages of sixty bytes: a window for each socket costs more
            "lifespan": "off",
            "log-level": "warning",
            "timeout-graceful-shutdown": "3",
        }
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        switches = ["--no-access-log", "--no-proxy-headers", "--no-server-header"]
        return [sys.executable, "-m", "uvicorn", "hybridops.config.asgi:application", *given, *switches]

    def _answers(self) -> bool:
        address = f"http://{_in_url(ANY.get(self.host, self.host))}:{self.port}/healthz"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of a proxy
        try:
            with opener.open(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, ValueError):
            return False


def usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0; StackError where something else has it."""
    if not 0 <= port <= 65535:
        raise StackError(f"{port} is not a port; choose one up to 65535 with --port.")
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StackError(
                f"Port {port} is in use; choose another with --port, or any free one with --port 0."
            ) from None
        raise StackError(
            f"{host}:{port} cannot be used ({error.strerror}); choose others with --host and --port."
        ) from None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
