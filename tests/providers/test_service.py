"""The real service in a process of its own: killed, cancelled, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hybridops.bootstrap import ROOT
from hybridops.domain.ports import CancelOutcome, Program, RemoteState
from hybridops.providers import service
from hybridops.providers.conformance_bench import CIRCUIT
from hybridops.providers.local import IDEAL, LocalSimulator
from hybridops.providers.store import ATTEMPTS_MAX, Store
from hybridops.trust.canonical import digest

pytestmark = pytest.mark.slow  # a real service process, killed

SECONDS = 60.0


class Service:
    """`manage.py simulator` on one data folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.process = home, None

    @property
    def folder(self) -> Path:
        return self.home / "simulator"

    def start(self) -> None:
        env = {**os.environ, "HYBRIDOPS_HOME": str(self.home)}
        self.process = subprocess.Popen([sys.executable, "manage.py", "simulator"], cwd=ROOT, env=env)

    def child(self) -> psutil.Process | None:
        return next(iter(psutil.Process(self.process.pid).children()), None)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


def gone(child: psutil.Process) -> bool:
    """Ended; in a container nobody may collect an orphan, and it stays in the table as a zombie."""
    return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    found = Service(tmp_path)
    found.start()
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGKILL)


@pytest.fixture
def provider(running: Service) -> LocalSimulator:
    return LocalSimulator(folder=running.folder)


def until[T](ask: Callable[[], T]) -> T:
    """The first true answer."""
    deadline = time.monotonic() + SECONDS
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return answer


def ideal(text: str = CIRCUIT) -> Program:
    return Program("local", IDEAL, text, digest(text.encode()), "", 3, 1, 1, 1, 0.0, None)


def slow() -> Program:
    """Some seconds of work: many layers on many qubits."""
    n = 20
    head = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{n}] q;", f"bit[{n}] c;"]
    layer = [line for i in range(n) for line in (f"h q[{i}];", f"cz q[{i}], q[{(i + 1) % n}];")]
    return ideal("\n".join([*head, *layer * 3, "c = measure q;"]))


def state(provider: LocalSimulator, job_id: str) -> RemoteState:
    return provider.poll([job_id])[0].state


def test_kill_and_restart_make_one_job_and_one_result(running: Service, provider: LocalSimulator):
    """Killed while its child computes: the child goes too, the job runs again, with the same counts."""
    job_id = provider.submit(slow(), shots=50, seed=3, key="k")
    child = until(running.child)
    until(lambda: state(provider, job_id) == RemoteState.RUNNING)
    running.end(signal.SIGKILL)
    until(lambda: gone(child))
    assert state(provider, job_id) == RemoteState.RUNNING, "as it was left"
    running.start()
    until(lambda: state(provider, job_id) == RemoteState.COMPLETED)
    assert provider.submit(slow(), shots=50, seed=3, key="k") == job_id
    assert provider.job(job_id).attempt == 2

    other = provider.submit(slow(), shots=50, seed=3, key="other")
    until(lambda: state(provider, other) == RemoteState.COMPLETED)
    assert provider.result(other).counts == provider.result(job_id).counts


def test_cancel_of_a_running_job_ends_its_child(running: Service, provider: LocalSimulator):
    job_id, waiting = (provider.submit(slow(), shots=50, seed=3, key=key) for key in ("one", "two"))
    child = until(running.child)
    assert provider.cancel(waiting) == CancelOutcome.ACCEPTED
    assert state(provider, waiting) == RemoteState.CANCELLED
    assert provider.cancel(job_id) == CancelOutcome.ACCEPTED
    assert state(provider, job_id) in (RemoteState.CANCELLING, RemoteState.CANCELLED)
    until(lambda: state(provider, job_id) == RemoteState.CANCELLED)
    until(lambda: gone(child))
    assert provider.usage(job_id).shots == 0


def test_it_stops_at_once_and_in_order(running: Service, provider: LocalSimulator):
    job_id = provider.submit(slow(), shots=50, seed=3, key="k")
    child = until(running.child)
    assert running.end(signal.SIGTERM) == 0
    assert gone(child)
    assert not provider.job(job_id).final  # it did not wait for the job


def test_a_program_that_cannot_run_fails_with_its_reason(running: Service, provider: LocalSimulator):
    job_id = provider.submit(ideal("OPENQASM 3.0;\nwobble;\n"), shots=5, seed=1, key="k")
    until(lambda: state(provider, job_id) == RemoteState.FAILED)
    (job,) = provider.poll([job_id])
    assert job.error_kind == "invalid_program"
    assert job.error.startswith("line 2, column 1")


def test_limits_of_time_and_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store, provider = Store(tmp_path), LocalSimulator(folder=tmp_path)
    late = provider.submit(slow(), shots=5, seed=1, key="late")
    service._work(store, store.claim(), deadline_seconds=1)
    assert provider.poll([late])[0].error_kind == "timeout"
    monkeypatch.setattr(service, "MEMORY_BYTES", 120 * 1024**2)
    large = provider.submit(slow(), shots=5, seed=1, key="large")
    service._work(store, store.claim(), deadline_seconds=60)
    assert provider.poll([large])[0].error_kind in ("too_large", "provider_fault")


def test_a_job_that_takes_the_service_down_is_given_up(tmp_path: Path):
    store, provider = Store(tmp_path), LocalSimulator(folder=tmp_path)
    job_id = provider.submit(ideal(), shots=5, seed=1, key="k")
    for _ in range(ATTEMPTS_MAX):
        assert store.claim()
        assert store.claim() is None
        store.recover()
    assert state(provider, job_id) == RemoteState.FAILED


def test_a_stale_attempt_writes_nothing(tmp_path: Path):
    """Only the runner that holds the job now may finish it."""
    store, provider = Store(tmp_path), LocalSimulator(folder=tmp_path)
    job_id = provider.submit(ideal(), shots=5, seed=1, key="k")
    stale = store.claim()
    store.recover()
    mine = store.claim()
    store.finish(stale, result={"counts": {"000": 5}})
    assert state(provider, job_id) == RemoteState.RUNNING
    provider.cancel(job_id)
    store.finish(mine, result={"counts": {"111": 5}})
    assert state(provider, job_id) == RemoteState.CANCELLED, "an accepted cancel wins"
