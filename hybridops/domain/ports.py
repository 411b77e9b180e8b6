"""What the engine asks of the world: the contracts that providers and workflows keep.

Plain records and Protocols, no vendor type and no framework. JSON values are `Any` only here, where
they enter or leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class RemoteState(StrEnum):
    """A provider's job, normalised. UNKNOWN is never terminal."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        return self in (RemoteState.COMPLETED, RemoteState.FAILED, RemoteState.CANCELLED)


class Capability(StrEnum):
    """What an adapter can do. What it does not list, the engine does not count on."""

    IDEMPOTENT_SUBMIT = "idempotent submit"
    FIND_BY_KEY = "find by key"
    CANCEL_QUEUED = "cancel queued"
    CANCEL_RUNNING = "cancel running"
    PARTIAL_RESULTS = "partial results"
    LATE_BILL = "late bill"
    BINDINGS = "several sets of values in one job"


@dataclass(frozen=True, slots=True)
class Backend:
    """One device or simulator as it stood when it was looked at.

    `digest` is the SHA-256 of the record's canonical JSON without itself and without what changes from
    minute to minute: `available`, `queue_length`, `wait_seconds`, `observed_at`.
    `calibration` is JSON (medians and per-qubit values, errors as probabilities, times in seconds).
    """

    provider: str
    name: str
    kind: str  # "ideal simulator" | "noisy simulator" | "qpu" | "annealer"
    available: bool
    qubits: int
    shots_max: int
    calibrated_at: datetime | None
    calibration: Mapping[str, Any]
    queue_length: int | None
    wait_seconds: float | None
    rep_delay_seconds: float
    region: str
    observed_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Program:
    """A circuit compiled for one backend: what will be sent, to the byte.

    `text` is OpenQASM 3; `digest` its SHA-256. `duration_seconds` is one shot without rep_delay, 0 where the
    vendor neither tells nor bills it. `fidelity` is the expected success probability of the circuit on that
    calibration, or None. `bindings` are the sets of values, in radians by name, under which a text with inputs runs,
    one after another.

    For an annealer `text` is canonical JSON (RFC 8785) of a quadratic cost, offset + sum l_i x_i + sum q_ij x_i x_j:
    {"offset": o, "linear": [l_i], "quadratic": [[i, j, q_ij], i < j]}, and where its bits are on the device.
    `qubits` are those used, `depth` is the longest chain, the gates are the terms of the cost.
    """

    provider: str
    backend: str
    text: str
    digest: str
    template_digest: str
    qubits: int
    depth: int
    two_qubit_gates: int
    one_qubit_gates: int
    duration_seconds: float
    fidelity: float | None
    bindings: tuple[Mapping[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Measured bit strings with their counts. Bit i of the string, from the left, is qubit i of the circuit, or
    bit i of the cost.

    With bindings, `parts` are the counts of each in their order, and `counts` and shots the sums over all.
    """

    counts: Mapping[str, int]
    shots_asked: int
    shots_done: int
    backend: str
    calibration_digest: str
    seconds: float
    metadata: Mapping[str, Any]
    parts: Sequence[Mapping[str, int]] = ()

    @property
    def partial(self) -> bool:
        return self.shots_done < self.shots_asked


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """What a provider says of one job. `raw_status` is its own word, kept as it came."""

    job_id: str
    key: str
    state: RemoteState
    raw_status: str
    queue_position: int | None = None
    error_kind: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a provider will bill for one job, in its native units; `final` is False while it may change.

    `tasks` counts the circuits run: one, or one for each set of values.
    """

    tasks: int
    shots: int
    qpu_seconds: float
    final: bool


class CancelOutcome(StrEnum):
    ACCEPTED = "accepted"
    TOO_LATE = "too late"
    UNSUPPORTED = "unsupported"


class Provider(Protocol):
    """One place that runs circuits. Every call may raise ProviderError, hang, repeat itself or lie.

    `compile` takes OpenQASM 3, and for a backend of kind "annealer" the canonical JSON of a quadratic cost; it
    asks nobody and raises BadInput for what does not fit, so a program can be compiled again from the record.
    With IDEMPOTENT_SUBMIT, `submit` with a key that was accepted before returns the same job id and
    makes no second job. `find` may answer None for `consistency_seconds` after an accepted submit.
    `shots` are those of one circuit: a program with bindings runs as many for each. Without BINDINGS such a
    program is refused.
    """

    key: str
    capabilities: frozenset[Capability]
    consistency_seconds: float

    def backends(self) -> Sequence[Backend]: ...
    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program: ...
    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str: ...
    def find(self, key: str) -> RemoteJob | None: ...
    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]: ...
    def result(self, job_id: str) -> SampleSet: ...
    def cancel(self, job_id: str) -> CancelOutcome: ...
    def usage(self, job_id: str) -> Usage | None: ...


@dataclass(frozen=True, slots=True)
class StepInput:
    """Everything a compute step may look at.

    `results` holds the summaries of the stages before it, by stage key; in a rerun also what this stage said
    itself, so that what was cut short by time is cut at the same place; `artifact` fetches bytes by
    digest (verified); `report` tells progress from 0 to 1 with a short sentence. `bindings` are the sets of values
    that each of the `samples` was measured under; empty for a circuit without inputs. `submissions_left` is what the
    approval still allows, where a loop asks what to send next.
    """

    problem: bytes
    parameters: Mapping[str, Any]
    seed: int
    results: Mapping[str, Mapping[str, Any]]
    artifact: Callable[[str], bytes]
    samples: Sequence[SampleSet] = ()
    bindings: Sequence[Sequence[Mapping[str, float]]] = ()
    submissions_left: int | None = None
    deadline_seconds: float = 60.0
    prefer_gpu: bool = True
    report: Callable[[float, str], None] = field(default=lambda share, text: None)


@dataclass(frozen=True, slots=True)
class StepOutput:
    """What a compute step found. `summary` is JSON for pages and later steps (keep it under 64 KB);
    `artifacts` are named bytes, stored by digest under summary["artifacts"][name] by the engine.
    """

    summary: dict[str, Any]
    artifacts: dict[str, bytes] = field(default_factory=dict)
    device: str = "CPU"
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Closed-form resources of one run before anything is compiled: for previews, made without qiskit.

    `circuits_max` is the most sets of values in one submission.
    """

    qubits: int
    depth: int
    one_qubit_gates: int
    two_qubit_gates: int
    circuit_seconds: float
    submissions_max: int
    cpu_seconds: float
    gpu_seconds: float
    circuits_max: int = 1


class Workflow(Protocol):
    """One problem family. `describe` parses and checks an upload or raises BadInput with line and column.

    `describe` tells the problem's "name" and its "size" in words ("24 stops"). `accepts` says which files it reads,
    `quadratic` whether what it sends is a quadratic cost of bits, which an annealer takes as well.
    `steps` maps a stage's `step` name in the signed definition to the function that computes it.
    """

    name: str
    accepts: str
    quadratic: bool
    steps: Mapping[str, Callable[[StepInput], StepOutput]]

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]: ...
    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate: ...
