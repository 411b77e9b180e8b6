"""Our RQ workers: one queue a process, only our entry points, leases renewed while we live, hard deadlines.

Light, GPU and QPU work runs in the worker itself, which its supervisor restarts; CPU work runs in a
forked child that dies with its parent. A worker that starts gives back what its predecessor held.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import signal
import socket
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from redis import Redis, RedisError
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from hybridops.engine import jobs, wiring
from hybridops.engine.deadline import make_deadly
from hybridops.experiments.pulse import beating
from hybridops.experiments.transitions import renew

QUEUES = ("light", "cpu", "gpu", "qpu")
RENEW_SECONDS = 4
_FAMILIES = tuple(path.partition(":")[0] for path in wiring.WORKFLOWS.values())
PRELOAD = {"cpu": ("pyvrp", "qiskit", *_FAMILIES), "gpu": _FAMILIES}
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class StageJob(Job):
    """A job that can only be one of our entry points, whatever was written to the broker."""

    @property
    def func(self) -> Any:
        if self.func_name not in jobs.ALLOWED or self.instance is not None:
            raise PermissionError(f"{self.func_name!r} is not a job of this installation")
        return super().func

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None


class InlineWorker(SimpleWorker):
    """Runs jobs in its own process; a thread renews its leases, the deadline ends the process."""


class ForkingWorker(Worker):
    """Runs each job in a child that dies with it and ends at the stage's deadline, even inside C code."""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        connections.close_all()  # a database connection is never shared across a fork
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)
        make_deadly()
        super().main_work_horse(job, queue)

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        close_old_connections()
        renew(jobs.my_name())
        super().maintain_heartbeats(job, execution)

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]
        jobs.give_back(f"its process ended with status {ret_val}")


def run(queue: str, *, burst: bool = False) -> None:
    """Works on one queue until told to stop. One queue a process: with two, RQ loses calls in a crash."""
    slot = _take_slot(queue)
    jobs.call_me(f"{socket.gethostname()}-{queue}-{slot}")
    _give_back_at_last("its worker was restarted")
    for module in PRELOAD.get(queue, ()):
        import_module(module)
    gc.collect()
    gc.freeze()  # what was loaded stays: no collection looks through it, and no child copies it for that
    connection = Redis.from_url(settings.REDIS_URL)
    forking = queue == "cpu"
    kind = ForkingWorker if forking else InlineWorker
    if not forking:
        make_deadly()
        Thread(target=_renew_forever, daemon=True).start()
    worker = kind(
        [Queue(queue, connection=connection, serializer=JSONSerializer, job_class=StageJob)],
        connection=connection,
        serializer=JSONSerializer,
        job_class=StageJob,
        job_monitoring_interval=RENEW_SECONDS,
        log_job_description=False,
    )
    _await_broker(connection)
    with beating(f"worker {queue}", jobs.my_name()):
        worker.work(burst=burst, logging_level="WARNING")


def _renew_forever() -> None:
    while True:
        sleep(RENEW_SECONDS)
        with suppress(Exception):  # a database that is away for a moment must not end the renewing
            close_old_connections()
            renew(jobs.my_name())


def _give_back_at_last(why: str) -> None:
    """A database that is away or full is waited for, as the broker is."""
    while True:
        try:
            jobs.give_back(why)
        except DatabaseError:
            connections.close_all()
            sleep(0.5)
        else:
            return


def _await_broker(connection: Redis) -> None:
    """A broker that is away is waited for: a worker that died of it again and again would be given up."""
    while True:
        try:
            connection.ping()
        except RedisError:
            sleep(0.5)
        else:
            return


def _take_slot(queue: str) -> int:
    """The lowest free number for a worker of this queue in this data folder, held until the process ends."""
    folder = Path(settings.HOME) / "locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for slot in range(1, 1000):
        handle = os.open(folder / f"worker-{queue}-{slot}", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        os.set_inheritable(handle, False)
        return slot
    raise RuntimeError(f"a thousand workers of {queue} run here already")
