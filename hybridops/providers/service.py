"""The simulator itself: claims one job after another and has each computed by a child process.

A child can be ended at any time: at its deadline, on a cancel, or with this process. Whatever was running
when the service died runs again after its next start, with the same seed and so the same result.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.providers import runner
from hybridops.providers.store import Job, Store

TICK_SECONDS = 0.05
DEADLINE_SECONDS = 120
SPARE_SECONDS = 5  # after the deadline a child whose service cannot end it ends by itself
MEMORY_BYTES = 3 * 1024**3
ROOT = Path(__file__).resolve().parents[2]
# One job at a time on one core: more threads would only take time from the site.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RAYON")}


def serve(folder: Path, *, deadline_seconds: int = DEADLINE_SECONDS) -> None:
    """Works off the queue until an exception, such as the SystemExit of a signal handler, ends it.

    A second service on one folder waits until the first is gone.
    """
    store = Store(folder)
    with _alone(folder), store.open():
        store.recover()
        while True:
            job = store.claim() if store.due() else None
            if job is None:
                time.sleep(TICK_SECONDS)
            else:
                _work(store, job, deadline_seconds)


def run_pending(folder: Path) -> int:
    """Computes every job that is due in this process; how many. For tests: no deadline, no limits."""
    store, done = Store(folder), 0
    while job := store.claim():
        try:
            store.finish(job, result=runner.compute(job.request))
        except BadInput as problem:
            store.finish(job, error_kind="invalid_program", error=str(problem))
        done += 1
    return done


def _work(store: Store, job: Job, deadline_seconds: int) -> None:
    with _child(job, deadline_seconds) as process:
        deadline = time.monotonic() + deadline_seconds
        while True:
            try:
                output, _ = process.communicate(timeout=TICK_SECONDS)
                return _finish(store, job, output, process.returncode)
            except subprocess.TimeoutExpired:
                pass
            if store.cancelling(job):
                return store.finish(job, error_kind="cancelled", error="Cancelled.")
            if time.monotonic() > deadline:
                error = f"The job did not end within {deadline_seconds} seconds."
                return store.finish(job, error_kind="timeout", error=error)


def _finish(store: Store, job: Job, output: bytes, code: int) -> None:
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError:
        error = f"The computation ended with code {code} and no result."
        answer = {"error_kind": "provider_fault", "error": error}
    store.finish(job, **answer)


@contextmanager
def _child(job: Job, seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    """The child at work; killed at the end of the block if it still runs. Its stderr is ours."""
    command = [sys.executable, "-m", "hybridops.providers.runner", str(os.getpid())]
    with tempfile.TemporaryFile() as request:
        request.write(json.dumps(job.request).encode())
        request.seek(0)
        process = subprocess.Popen(
            [*command, str(seconds + SPARE_SECONDS), str(MEMORY_BYTES)],
            stdin=request,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            cwd=ROOT,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "service.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(TICK_SECONDS)
        yield
