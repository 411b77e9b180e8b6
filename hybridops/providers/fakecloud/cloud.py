"""What all dialects share: one clock, one file of jobs, one script, one secret for each vendor."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from hybridops.providers.fakecloud.clock import Clock
from hybridops.providers.fakecloud.faults import DUPLICATE, OF_JOBS, STALE, Fault, Script
from hybridops.providers.fakecloud.jobs import Job, Jobs

FILE = "fakecloud.sqlite3"
SPREAD = 0.8  # of the logarithm of a queue's waiting time


class Cloud:
    """`credentials` are the words that a vendor's caller has to show, by vendor; `wait_seconds` the median wait.

    The waits are lognormal and follow from `seed` and the job's number: two rehearsals are the same.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        credentials: Mapping[str, str],
        clock: Clock | None = None,
        seed: int = 1,
        wait_seconds: float = 30.0,
    ) -> None:
        self.clock, self.script = clock or Clock(), Script()
        self.jobs = Jobs(Path(folder) / FILE)
        self.credentials, self.url = dict(credentials), ""
        self.requests: Counter[str] = Counter()  # how often each operation was asked for
        self._seed, self._wait_seconds = seed, wait_seconds
        self._taking = threading.Lock()  # a job's number gives its id and its wait

    def take(
        self,
        vendor: str,
        backend: str,
        request: Mapping[str, Any],
        *,
        fault: Fault | None,
        runs_seconds: float,
        token: str | None = None,
    ) -> Job:
        """A job from now on, or the one that `token` named before."""
        kind = fault.kind if fault is not None and fault.kind in OF_JOBS else ""
        with self._taking:
            if kind == DUPLICATE:
                self._add(vendor, backend, request, "", "", runs_seconds, None)
            return self._add(vendor, backend, request, kind, fault.code if fault else "", runs_seconds, token)

    def _add(
        self,
        vendor: str,
        backend: str,
        request: Mapping[str, Any],
        kind: str,
        code: str,
        runs_seconds: float,
        token: str | None,
    ) -> Job:
        number, now = self.jobs.count() + 1, self.clock.now()
        name = str(uuid5(NAMESPACE_URL, f"fakecloud:{self._seed}:{vendor}:{number}:{now}"))
        starts = now + self._wait(number)
        return self.jobs.add(
            {
                "job_id": name,
                "vendor": vendor,
                "token": token,
                "backend": backend,
                "request": dict(request),
                "fault": kind,
                "code": code,
                "made_at": now,
                "starts_at": starts,
                "ends_at": starts + max(runs_seconds, 0.001),
            }
        )

    def _wait(self, number: int) -> float:
        drawn = Random(f"{self._seed}:{number}").gauss(0.0, SPREAD)  # noqa: S311
        return self._wait_seconds * math.exp(drawn)

    def finish_all(self) -> None:
        """Time passes until every job of every vendor has ended."""
        ends = self.jobs.last_end()
        self.clock.advance(max(0.0, ends - self.clock.now()) + 1.0)

    def phase(self, job: Job, fault: Fault | None = None) -> str:
        """The job's phase now, or the one it was taken in where this answer is a stale one."""
        stale = fault is not None and fault.kind == STALE
        return job.phase(job.made_at if stale else self.clock.now())
