"""A provider that samples our small circuits without noise, at once: routing runs end to end within a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from math import cos, sin
from typing import Any

import numpy as np

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
from hybridops.trust.canonical import digest

GATE = re.compile(r"^(h|rz|rx|cx)(?:\(([^)]*)\))? (.*);$")
NOTE = "a snapshot of 2026-03-27 replayed by a simulator"
JOBS: dict[str, tuple[str, SampleSet, int]] = {}


class Ideal:
    """Two backends: `ideal` and `heron-torino`, which differ in what they say of themselves."""

    capabilities = frozenset({Capability.FIND_BY_KEY, Capability.IDEMPOTENT_SUBMIT})
    consistency_seconds = 0.0

    def __init__(self, key: str = "local") -> None:
        self.key = key

    def backends(self) -> Sequence[Backend]:
        return [_backend("ideal", "ideal simulator"), _backend("heron-torino", "noisy simulator")]

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        text = circuit + "".join(f"// ${qubit}\n" for qubit in range(4))
        noisy = backend.kind != "ideal simulator"
        named = (self.key, backend.name, text, digest(text.encode()), digest(b"template"))
        return Program(*named, 12, 131, 208, 300, 1e-5, 0.62 if noisy else None)

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        job = f"job-{key[:8]}"
        if job not in JOBS:
            found = SampleSet(
                sample(program.text, shots, seed), shots, shots, program.backend, "c" * 64, 0.4, {}
            )
            JOBS[job] = (key, found, 0)
        return job

    def find(self, key: str) -> RemoteJob | None:
        return next(
            (RemoteJob(job, key, RemoteState.QUEUED, "QUEUED") for job in JOBS if JOBS[job][0] == key), None
        )

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        """The first question finds a job running, the second finds it done."""
        found = []
        for job in job_ids:
            key, samples, asked = JOBS[job]
            JOBS[job] = (key, samples, asked + 1)
            state = RemoteState.COMPLETED if asked else RemoteState.RUNNING
            found.append(RemoteJob(job, key, state, state.upper()))
        return found

    def result(self, job_id: str) -> SampleSet:
        return JOBS[job_id][1]

    def cancel(self, job_id: str) -> CancelOutcome:
        return CancelOutcome.UNSUPPORTED

    def usage(self, job_id: str) -> Usage | None:
        shots = JOBS[job_id][1].shots_done
        return Usage(1, shots, shots * 2.5e-4, final=True)


def _backend(name: str, kind: str) -> Backend:
    columns = ["qubit", "t1_seconds", "t2_seconds", "one_qubit_error", "readout_error"]
    qubits = [[q, 1.8e-4 + q * 1e-5, 1.2e-4, 3e-4, 0.014 + (0.035 if q == 3 else 0)] for q in range(20)]
    calibration: dict[str, Any] = {
        "note": NOTE,
        "two_qubit_error": 0.0062,
        "columns": columns,
        "qubits": qubits,
        "couplers": [[q, q + 1, 0.005 + q / 1000] for q in range(19)],
    }
    noisy = kind != "ideal simulator"
    return Backend(
        provider="local",
        name=name,
        kind=kind,
        available=True,
        qubits=20,
        shots_max=8192,
        calibrated_at=datetime(2026, 3, 27, 5, 10, tzinfo=UTC) if noisy else None,
        calibration=calibration if noisy else {},
        queue_length=3 if noisy else 0,
        wait_seconds=40.0 if noisy else 0.0,
        rep_delay_seconds=2.4e-4 if noisy else 0.0,
        region="here",
        observed_at=datetime.now(UTC),
        digest=digest(name.encode()),
    )


def sample(text: str, shots: int, seed: int) -> dict[str, int]:
    """Counts of an ideal device; qubit 0 is the leftmost bit."""
    qubits = int(re.search(r"qubit\[(\d+)\]", text)[1])  # type: ignore[index]
    state = np.zeros((2,) * qubits, dtype=complex)
    state[(0,) * qubits] = 1
    for line in text.splitlines():
        if found := GATE.match(line):
            on = [int(number) for number in re.findall(r"q\[(\d+)\]", found[3])]
            state = _apply(state, found[1], float(found[2] or 0), on)
    chances = np.abs(state.reshape(-1)) ** 2
    drawn = np.random.default_rng(seed).multinomial(shots, chances / chances.sum())
    return {f"{at:0{qubits}b}": int(count) for at, count in enumerate(drawn) if count}


def _apply(state: np.ndarray, name: str, angle: float, on: list[int]) -> np.ndarray:
    if name == "cx":
        state = np.moveaxis(state, on, (0, 1)).copy()
        state[1] = state[1, ::-1].copy()
        return np.moveaxis(state, (0, 1), on)
    half = angle / 2
    matrices = {
        "h": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
        "rz": np.diag([np.exp(-1j * half), np.exp(1j * half)]),
        "rx": np.array([[cos(half), -1j * sin(half)], [-1j * sin(half), cos(half)]]),
    }
    return np.moveaxis(np.tensordot(matrices[name], state, axes=(1, on[0])), 0, on[0])
