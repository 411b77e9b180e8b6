"""The provider that fails on purpose, one fault of `faults.FAULTS` at a time. Otherwise it is the local one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybridops.domain.errors import ProviderError, ProviderRefused, ProviderUnclear
from hybridops.domain.ports import (
    Backend,
    CancelOutcome,
    Capability,
    Program,
    RemoteJob,
    RemoteState,
    SampleSet,
    Usage,
)
from hybridops.providers.faults import FAULTS, NONE, current_fault
from hybridops.providers.local import LocalSimulator, backend, described
from hybridops.providers.store import Job

EXTRA: dict[str, dict[str, Any]] = {
    "fails": {"fail": "The device failed while it ran this."},
    "partial": {"share": 0.6},
}
BAD_ANSWERS = 3  # how many polls, results or bills a fault spoils


class FlakySimulator:
    """Keeps `domain.ports.Provider`. Options: those of LocalSimulator, and

    fault                 until the marker file says otherwise (`faults.set_fault`)
    consistency_seconds   of "lost-late"
    timeout_seconds, hang_seconds   that submit takes

    What happens to a job is decided when it is taken; what happens to a call, when it is made.
    """

    capabilities = LocalSimulator.capabilities | {Capability.PARTIAL_RESULTS, Capability.LATE_BILL}

    def __init__(
        self,
        key: str = "flaky",
        *,
        folder: Path | str,
        fault: str = NONE,
        consistency_seconds: float = 2.0,
        timeout_seconds: float = 2.0,
        hang_seconds: float = 3600.0,
        **options: Any,
    ) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}.")
        self.key, self.consistency_seconds = key, consistency_seconds
        self._sound = LocalSimulator(key, folder=folder, **options)
        self._folder, self._fault = Path(folder), fault
        self._timeout_seconds, self._hang_seconds = timeout_seconds, hang_seconds

    @property
    def fault(self) -> str:
        return current_fault(self._folder, self._fault)

    def backends(self) -> Sequence[Backend]:
        found = self._sound.backends()
        if self.fault == "unavailable":
            return [replace(one, available=False) for one in found]
        if self.fault == "drift":
            return [self._drifted(one) for one in found]
        return found

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        program = self._sound.compile(circuit, backend, seed=seed)
        if self.fault == "drift":
            self._sound.store.bump(f"drift {self.key} {backend.name}")
        return program

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        fault = self.fault
        self._before_submit(fault, key)
        shown = {one.name: one.digest for one in self.backends()}
        extra = {**EXTRA.get(fault, {}), "calibration": shown.get(program.backend, "")}
        job = self._sound.take(program, shots=shots, seed=seed, key=key, fault=fault, extra=extra)
        if fault in ("lost", "lost-late") and self._first(f"lost {key}"):
            raise ProviderUnclear("The answer to the submission was lost.", kind="timeout")
        return job.job_id

    def find(self, key: str) -> RemoteJob | None:
        found = self._sound.find(key)
        if found is None:
            return None
        job = self._sound.job(found.job_id)
        young = time.time() - job.made_at < self.consistency_seconds
        return None if job.fault == "lost-late" and young else found

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        answers: list[RemoteJob] = []
        for found in self._sound.poll(job_ids):
            answers += self._told(found, self._sound.job(found.job_id))
        return answers

    def result(self, job_id: str) -> SampleSet:
        job = self._sound.job(job_id)
        if job.fault == "garbage" and job.final:
            self._spoil("result", job)
        return self._sound.result(job_id)

    def cancel(self, job_id: str) -> CancelOutcome:
        if self._sound.job(job_id).fault == "cancel-late":
            return CancelOutcome.TOO_LATE
        return self._sound.cancel(job_id)

    def usage(self, job_id: str) -> Usage | None:
        job, usage = self._sound.job(job_id), self._sound.usage(job_id)
        if usage is None or job.fault != "late-bill" or self._asked("usage", job) > BAD_ANSWERS:
            return usage
        return replace(usage, qpu_seconds=0.0, final=False)

    def _before_submit(self, fault: str, key: str) -> None:
        if fault in ("error", "unavailable"):
            raise ProviderRefused("The backend is down; try again later.", kind="backend_down")
        if fault == "timeout" and self._first(f"timeout {key}"):
            time.sleep(self._timeout_seconds)
            raise ProviderUnclear("The submission was not answered in time.", kind="timeout")
        if fault == "hang" and self._first(f"hang {key}"):
            time.sleep(self._hang_seconds)
            raise ProviderUnclear("The submission was not answered at all.", kind="timeout")

    def _told(self, found: RemoteJob, job: Job) -> list[RemoteJob]:
        """What a poll says of a job: once, or as its fault has it."""
        if job.fault == "garbage":
            self._spoil("poll", job)
        if job.fault != "twice" or not found.state.final:
            return [found]
        old = replace(found, state=RemoteState.RUNNING, raw_status="RUNNING")
        older = replace(found, state=RemoteState.QUEUED, raw_status="QUEUED")
        return {1: [old], 2: [found, older]}.get(self._asked("poll", job), [older, found])

    def _spoil(self, call: str, job: Job) -> None:
        if self._asked(call, job) <= BAD_ANSWERS:
            raise ProviderError(f"The answer to {call} cannot be read: unexpected end.", kind="malformed")

    def _asked(self, call: str, job: Job) -> int:
        return self._sound.store.bump(f"{call} {job.job_id}")

    def _first(self, what: str) -> bool:
        return self._sound.store.bump(f"{what} {self.key}") == 1

    def _drifted(self, seen: Backend) -> Backend:
        if seen.calibrated_at is None or not self._sound.store.count(f"drift {self.key} {seen.name}"):
            return seen
        body = dict(described(self.key, seen.name) or {})
        calibration = dict(body["calibration"])
        for name in ("two_qubit_error", "one_qubit_error", "readout_error"):
            calibration[name] = float(f"{calibration[name] * 1.1:.4g}")
        calibration["note"] += ", its errors made a tenth larger on purpose"
        body["calibration"] = calibration
        return backend(body, seen.queue_length or 0, seen.wait_seconds or 0.0)
