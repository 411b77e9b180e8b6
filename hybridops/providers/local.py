"""A simulator as a remote service: an ideal one, and real machines replayed from calibration snapshots."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
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
from hybridops.providers import qasm
from hybridops.providers.devices import SNAPSHOTS, device
from hybridops.providers.store import Job, KeyTaken, Store
from hybridops.trust.canonical import digest, digest_of

IDEAL = "ideal"
IDEAL_QUBITS = 20
SHOTS_MAX = 100_000  # as the machines' own
BINDINGS_MAX = 1_000
METHODS = ("trajectories", "aer")


class LocalSimulator:
    """Keeps `domain.ports.Provider`. Options:

    folder            of the job store; the service works on the same one
    backends          names of those to offer, by default all
    method            how noise is simulated: "trajectories", or "aer" (slow, for comparison)
    queue_seconds     that every job waits at least, as at a busy vendor
    """

    capabilities = frozenset(
        {
            Capability.IDEMPOTENT_SUBMIT,
            Capability.FIND_BY_KEY,
            Capability.CANCEL_QUEUED,
            Capability.CANCEL_RUNNING,
            Capability.BINDINGS,
        }
    )
    consistency_seconds = 0.0

    def __init__(
        self,
        key: str = "local",
        *,
        folder: Path | str,
        backends: Sequence[str] = (IDEAL, *SNAPSHOTS),
        method: str = "trajectories",
        queue_seconds: float = 0.0,
    ) -> None:
        unknown = {*backends} - {IDEAL, *SNAPSHOTS}
        if unknown or method not in METHODS:
            raise ValueError(f"There is no backend or method {', '.join(sorted(unknown)) or method}.")
        self.key, self.store = key, Store(Path(folder))
        self._names, self._method, self._queue_seconds = tuple(backends), method, queue_seconds

    def backends(self) -> Sequence[Backend]:
        """All of them; a snapshot whose files are not installed is left out."""
        with _answering():
            waiting, mean = self.store.load()
        return [
            backend(body, waiting, waiting * mean + self._queue_seconds)
            for body in (described(self.key, name) for name in self._names)
            if body is not None
        ]

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        """Raises BadInput for a circuit that is not straight-line or does not fit. Imports qiskit for devices."""
        self._known(backend.name)
        if backend.name == IDEAL:
            from hybridops.providers.compiling import as_it_is

            return as_it_is(qasm.parse(circuit, qubits_max=IDEAL_QUBITS), self.key, IDEAL)
        from hybridops.providers.compiling import for_device

        parsed = qasm.parse(circuit, qubits_max=backend.qubits)
        return for_device(parsed, self.key, backend.name, kept=self.store.folder / "layouts")

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        return self.take(program, shots=shots, seed=seed, key=key).job_id

    def take(
        self,
        program: Program,
        *,
        shots: int,
        seed: int,
        key: str,
        fault: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Job:
        """`submit`, with what a wrapper adds to the request."""
        self._check(program, shots)
        request = self._request(program, shots, seed)
        try:
            return self.store.add(
                self.key,
                key,
                {**request, **(extra or {})},
                fault=fault,
                wait_seconds=self._queue_seconds,
            )
        except KeyTaken as problem:
            raise ProviderRefused(str(problem), kind=problem.kind) from None
        except (sqlite3.Error, OSError) as problem:
            raise ProviderUnclear(
                f"The simulator's store did not answer: {problem}", kind="timeout"
            ) from None

    def find(self, key: str) -> RemoteJob | None:
        with _answering():
            job = self.store.by_key(self.key, key)
            return None if job is None else self._remote(job)

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        """The jobs that exist; an id from elsewhere has no answer."""
        with _answering():
            return [self._remote(job) for job in self.store.by_id(self.key, job_ids)]

    def result(self, job_id: str) -> SampleSet:
        job = self.job(job_id)
        if job.result is None:
            raise ProviderError(f"{job_id} is {job.state} and has no result.", kind="not_ready")
        return SampleSet(
            counts=job.result["counts"],
            parts=job.result.get("parts", ()),
            shots_asked=job.request["shots"] * _circuits(job.request),
            shots_done=job.result["shots_done"],
            backend=job.backend,
            calibration_digest=job.request["calibration"],
            seconds=job.result["seconds"],
            metadata=job.result["metadata"],
        )

    def cancel(self, job_id: str) -> CancelOutcome:
        """An accepted cancel is kept: the job ends as cancelled, even where its result was nearly there."""
        with _answering():
            job = self.store.cancel(self.key, job_id)
        if job is None:
            raise ProviderError(f"There is no job {job_id}.", kind="unknown_job")
        stopped = job.cancel_requested and job.state in ("running", "cancelled")
        return CancelOutcome.ACCEPTED if stopped else CancelOutcome.TOO_LATE

    def usage(self, job_id: str) -> Usage | None:
        """What a device would report: shots × (repetition delay + circuit). Nothing for a job without result."""
        job = self.job(job_id)
        if not job.final:
            return None
        if job.result is None:
            return Usage(tasks=0, shots=0, qpu_seconds=0.0, final=True)
        shots = int(job.result["shots_done"])
        tasks = _circuits(job.request)
        return Usage(tasks=tasks, shots=shots, qpu_seconds=shots * job.request["shot_seconds"], final=True)

    def job(self, job_id: str) -> Job:
        with _answering():
            found = self.store.by_id(self.key, [job_id])
        if not found:
            raise ProviderError(f"There is no job {job_id}.", kind="unknown_job")
        return found[0]

    def _remote(self, job: Job) -> RemoteJob:
        cancelling = job.cancel_requested and job.state == "running"
        state = RemoteState.CANCELLING if cancelling else RemoteState(job.state)
        place = self.store.position(job) if job.state == "queued" else None
        return RemoteJob(
            job.job_id, job.key, state, state.upper(), place, error_kind=job.error_kind, error=job.error
        )

    def _known(self, name: str) -> None:
        if name not in self._names or described(self.key, name) is None:
            raise ProviderRefused(f"{self.key} has no backend {name}.", kind="backend_down")

    def _check(self, program: Program, shots: int) -> None:
        self._known(program.backend)
        if not 1 <= shots <= SHOTS_MAX:
            raise ProviderRefused(f"{shots} shots; between 1 and {SHOTS_MAX} are possible.", kind="too_large")
        if program.provider != self.key or digest(program.text.encode()) != program.digest:
            raise ProviderRefused(
                "The program is not what was compiled here; compile it again.", kind="invalid_program"
            )
        if len(program.bindings) > BINDINGS_MAX:
            raise ProviderRefused(f"More than {BINDINGS_MAX} sets of values in one job.", kind="too_large")

    def _request(self, program: Program, shots: int, seed: int) -> dict[str, Any]:
        body = described(self.key, program.backend) or {}
        bound = {"bindings": [dict(values) for values in program.bindings]} if program.bindings else {}
        return {
            **bound,
            "backend": program.backend,
            "text": program.text,
            "shots": shots,
            "seed": seed & (2**53 - 1),  # a number that JSON and NumPy both take
            "shot_seconds": body["rep_delay_seconds"] + program.duration_seconds,
            "calibration": digest_of(body),
            "method": self._method,
        }


def _circuits(request: Mapping[str, Any]) -> int:
    return max(1, len(request.get("bindings", ())))


@cache
def described(provider: str, name: str) -> dict[str, Any] | None:
    """What a backend's digest covers, as JSON, not to be changed; None where it has no snapshot."""
    body = {"provider": provider, "name": name, "region": "local", "shots_max": SHOTS_MAX}
    if name == IDEAL:
        return {
            **body,
            "kind": "ideal simulator",
            "qubits": IDEAL_QUBITS,
            "calibrated_at": None,
            "calibration": {"note": "exact: no noise, so nothing to calibrate"},
            "rep_delay_seconds": 0.0,
        }
    try:
        machine = device(name)
    except OSError:
        return None
    return {
        **body,
        "kind": "noisy simulator",
        "qubits": len(machine.qubits),
        "calibrated_at": machine.calibrated_at.isoformat(),
        "calibration": machine.calibration(),
        "rep_delay_seconds": machine.rep_delay_seconds,
    }


def backend(body: Mapping[str, Any], waiting: int, wait_seconds: float) -> Backend:
    """The record of a described backend, now. Its digest leaves out the queue, which changes by itself."""
    moment = body["calibrated_at"]
    return Backend(
        **{**body, "calibrated_at": moment and datetime.fromisoformat(moment)},
        available=True,
        queue_length=waiting,
        wait_seconds=wait_seconds,
        observed_at=datetime.now(UTC),
        digest=digest_of(body),
    )


@contextmanager
def _answering() -> Iterator[None]:
    """A store that cannot be read is a vendor that does not answer."""
    try:
        yield
    except (sqlite3.Error, OSError) as problem:
        raise ProviderError(f"The simulator's store did not answer: {problem}", kind="timeout") from None
