"""A workflow that does nothing, quickly, and a provider that does what its script says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from hybridops.domain.errors import ProviderRefused, ProviderUnclear
from hybridops.domain.ports import (
    Backend,
    CancelOutcome,
    Capability,
    Estimate,
    Program,
    RemoteJob,
    RemoteState,
    SampleSet,
    StepInput,
    StepOutput,
    Usage,
)
from hybridops.trust.canonical import digest

HOOKS: dict[str, Callable[[StepInput], None]] = {}
ANSWER = {"quantum": 90.0}
CONTROL: dict[str, float] = {}
MAY_REUSE = ("baseline", "narrow")
INPUTS: dict[str, list[float]] = {}
BINDINGS: list[list[dict[str, float]]] = []  # what each submission in turn asks for
TEMPLATE = """OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q;
bit[1] c;
input float[64] theta;
rx(2*theta) q[0];
c[0] = measure q[0];
"""


def _hooked(name: str, summary: dict[str, object]) -> Callable[[StepInput], StepOutput]:
    def step(given: StepInput) -> StepOutput:
        HOOKS.get(name, lambda _: None)(given)
        return StepOutput(dict(summary))

    return step


def _encode(given: StepInput) -> StepOutput:
    HOOKS.get("encode", lambda _: None)(given)
    circuit, told = b"OPENQASM 3.0; // a fake", {"qubits": 4, "template_digest": digest(b"template")}
    if INPUTS:
        circuit, told = TEMPLATE.encode(), {**told, "inputs": dict(INPUTS), "bindings_max": 2}
    return StepOutput({"circuit": told, "angles": {"gamma": [0.1]}}, {"circuit": circuit})


def _score(given: StepInput) -> StepOutput:
    HOOKS.get("score", lambda _: None)(given)
    arms = {"heuristic": 100.0, "baseline": 95.0, "random": 99.0, "quantum": ANSWER["quantum"]}
    return StepOutput({"arms": {name: {"objective": value} for name, value in arms.items()}})


def _control(given: StepInput) -> StepOutput:
    return StepOutput({"control": dict(CONTROL)})


def _more(given: StepInput) -> StepOutput:
    HOOKS.get("more", lambda _: None)(given)
    rounds = len(given.samples)
    return StepOutput(
        {"more": rounds < given.parameters["rounds"], "bindings": BINDINGS[rounds] if INPUTS else []}
    )


class Fake:
    name = "fake"
    accepts = "Any file"
    quadratic = True
    steps = {
        "check": _hooked("check", {}),
        "work": _hooked("work", {}),
        "encode": _encode,
        "control": _control,
        "more": _more,
        "score": _score,
        "answer_classically": _hooked("answer_classically", {}),
    }

    def describe(self, data: bytes, filename: str) -> dict[str, object]:
        return {"stops": len(data)}

    def estimate(self, problem: object, parameters: object) -> Estimate:
        return Estimate(4, 10, 10, 10, 1e-5, 3, 1.0, 1.0)


@dataclass
class Cloud:
    """The outside world of one test: it survives our crashes. `script` names what goes wrong, in order."""

    jobs: dict[str, RemoteJob] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    script: list[str] = field(default_factory=list)
    finishes: RemoteState = RemoteState.COMPLETED
    shots: dict[str, int] = field(default_factory=dict)
    bound: list[Sequence[Mapping[str, float]]] = field(default_factory=list)
    calibration: str = "a"
    late_bills: int = 0
    cancel: CancelOutcome = CancelOutcome.ACCEPTED
    cancelled: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    regions: dict[str, str] = field(default_factory=dict)


CLOUD = Cloud()
_ONE_AT_A_TIME = Lock()  # an id is given once, also where workers come together


class Scripted:
    """A provider with two backends whose state lives in CLOUD."""

    capabilities = frozenset(
        {
            Capability.FIND_BY_KEY,
            Capability.IDEMPOTENT_SUBMIT,
            Capability.CANCEL_QUEUED,
            Capability.BINDINGS,
        }
    )
    consistency_seconds = 0.0

    def __init__(self, key: str = "scripted") -> None:
        self.key = key

    def backends(self) -> Sequence[Backend]:
        return [_backend(name) for name in ("aster", "kelvin")]

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        text = f"{circuit} for {backend.name}"
        return Program(
            self.key, backend.name, text, digest(text.encode()), digest(b"template"), 4, 9, 5, 9, 1e-5, 0.9
        )

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        CLOUD.calls.append(f"submit {key}")
        fault = CLOUD.script.pop(0) if CLOUD.script else ""
        if fault == "refused":
            raise ProviderRefused("aster is shut until 14:00", kind="backend_down")
        if fault == "silent":
            raise ProviderUnclear("no answer in 30 s", kind="timeout")
        with _ONE_AT_A_TIME:
            if key not in CLOUD.jobs:
                CLOUD.jobs[key] = RemoteJob(f"job-{len(CLOUD.jobs) + 1}", key, RemoteState.QUEUED, "QUEUED")
                CLOUD.shots[key] = shots * max(1, len(program.bindings))
                CLOUD.bound.append(program.bindings)
        if fault == "lost":
            raise ProviderUnclear("the answer was lost", kind="timeout")
        return CLOUD.jobs[key].job_id

    def find(self, key: str) -> RemoteJob | None:
        CLOUD.calls.append(f"find {key}")
        return CLOUD.jobs.get(key)

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        for key, job in CLOUD.jobs.items():
            if job.job_id in job_ids and not job.state.final:
                end = RemoteState.CANCELLED if job.job_id in CLOUD.cancelled else CLOUD.finishes
                moved = RemoteState.RUNNING if job.state == RemoteState.QUEUED else end
                CLOUD.jobs[key] = replace(job, state=moved, raw_status=moved.upper())
        return [job for job in CLOUD.jobs.values() if job.job_id in job_ids]

    def result(self, job_id: str) -> SampleSet:
        key = next(key for key, job in CLOUD.jobs.items() if job.job_id == job_id)
        asked = CLOUD.shots[key]
        done = asked // 2 if "partial" in CLOUD.script else asked
        return SampleSet({"0101": done}, asked, done, "aster", CLOUD.calibration, 0.1, {})

    def cancel(self, job_id: str) -> CancelOutcome:
        CLOUD.calls.append(f"cancel {job_id}")
        if CLOUD.cancel == CancelOutcome.ACCEPTED:
            CLOUD.cancelled.add(job_id)
        return CLOUD.cancel

    def usage(self, job_id: str) -> Usage | None:
        CLOUD.late_bills -= 1
        key = next(key for key, job in CLOUD.jobs.items() if job.job_id == job_id)
        return Usage(1, CLOUD.shots[key], 0.1, final=CLOUD.late_bills < 0)


def _backend(name: str) -> Backend:
    region = CLOUD.regions.get(name, "here")
    return Backend(
        provider="scripted",
        name=name,
        kind="noisy simulator",
        available=True,
        qubits=20,
        shots_max=10_000,
        calibrated_at=datetime(2026, 1, 1, tzinfo=UTC),
        calibration={"version": CLOUD.calibration},
        queue_length=3,
        wait_seconds=10.0 if name == "aster" else 60.0,
        rep_delay_seconds=2.5e-4,
        region=region,
        observed_at=datetime.now(UTC),
        digest=digest(f"{name} {CLOUD.calibration} {region}".encode()),
    )
