"""IonQ's words and ours: states, failure codes, backends, results. Asks nobody."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hybridops.domain.ports import Backend, RemoteJob, RemoteState, Usage
from hybridops.providers import qasm, remote
from hybridops.providers.qasm import Gate
from hybridops.providers.remote import Meaning

KEY, CALIBRATION, BITS = "hybridops-key", "hybridops-calibration", "hybridops-bits"
SIMULATOR = "simulator"
SHOTS_MAX = 10_000
STATES = {
    "submitted": RemoteState.ACCEPTED,
    "ready": RemoteState.QUEUED,
    "started": RemoteState.RUNNING,
    "completed": RemoteState.COMPLETED,
    "failed": RemoteState.FAILED,
    "canceled": RemoteState.CANCELLED,
}
# What a failed job's code means: the kinds of errors that the engine and its people know.
FAILURES = {
    **dict.fromkeys(("CompilationError", "InvalidInput", "PreflightError", "UnsupportedGate"), "invalid_program"),
    **dict.fromkeys(
        (
            "NotEnoughQubits", "QuantumCircuitComplexityError", "TooLongPredictedExecutionTime",
            "TooManyControls", "TooManyGates", "TooManyShots",
        ),
        "too_large",
    ),
    **dict.fromkeys(("ContractExpiredError", "QuotaExhaustedError", "UnknownBillingError"), "budget"),
    **dict.fromkeys(
        (
            "DebiasingError", "InternalError", "OptimizationError", "QuantumComputerError", "SimulationError",
            "SystemCancel",
        ),
        "provider_fault",
    ),
    "SimulationTimeout": "timeout",
}  # fmt: skip
STATUSES = {
    400: Meaning("invalid_program"),
    401: Meaning("auth"),
    402: Meaning("budget"),
    403: Meaning("auth"),
    404: Meaning("unknown_job"),
    409: Meaning("conflict"),
    413: Meaning("too_large"),
    422: Meaning("invalid_program"),
    429: Meaning("rate_limit"),
    503: Meaning("backend_down", certain=False),
}


def meaning(status: int) -> Meaning:
    if status in STATUSES:
        return STATUSES[status]
    return Meaning("provider_fault", certain=False) if status >= 500 else remote.UNKNOWN


def backend_of(
    told: Mapping[str, Any], characterization: Mapping[str, Any] | None, *, provider: str, region: str
) -> Backend:
    """A backend and, where it has one, its newest characterization."""
    exact = told["backend"] == SIMULATOR
    body = {
        "provider": provider,
        "name": str(told["backend"]),
        "kind": "ideal simulator" if exact else "qpu",
        "qubits": int(told["qubits"]),
        "shots_max": SHOTS_MAX,
        "calibrated_at": None if characterization is None else _moment(characterization["date"]),
        "calibration": _calibration(characterization or {}),
        "rep_delay_seconds": 0.0,
        "region": region,
    }
    waits = float(told.get("average_queue_time") or 0.0) / 1000
    return remote.seen(body, available=told["status"] == "available", queue_length=None, wait_seconds=waits)


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _calibration(told: Mapping[str, Any]) -> dict[str, Any]:
    """Median errors and times in seconds; what is not told is left out."""
    fidelity, timing = told.get("fidelity") or {}, told.get("timing") or {}
    errors = {
        name: float(f"{1 - float(fidelity[part]['median']):.4g}")
        for name, part in (("one_qubit_error", "1q"), ("two_qubit_error", "2q"), ("readout_error", "spam"))
        if part in fidelity
    }
    times = {
        f"{name}_seconds": float(timing[part])
        for name, part in (
            ("t1", "t1"), ("t2", "t2"), ("one_qubit", "1q"), ("two_qubit", "2q"), ("readout", "readout"),
            ("reset", "reset"),
        )
        if part in timing
    }  # fmt: skip
    return {"note": "medians as IonQ tells them" if errors else "IonQ tells none", **errors, **times}


def without_rzz(read: qasm.Circuit) -> qasm.Circuit:
    """The same circuit in gates of stdgates.inc, which has no rzz."""
    return qasm.Circuit(read.qubits, tuple(_standard(read.gates)), read.measured)


def _standard(gates: tuple[Gate, ...]) -> Iterator[Gate]:
    for gate in gates:
        if gate.name == "rzz":
            yield from (Gate("cx", gate.on), Gate("rz", gate.on[1:], gate.angle), Gate("cx", gate.on))
        else:
            yield gate


def expected(read: qasm.Circuit, calibration: Mapping[str, Any]) -> tuple[float, float | None]:
    """Seconds of a shot, gates one after another, and the product of the median fidelities; 0 and None unknown.

    The vendor compiles, so both are of the circuit before that.
    """
    double = sum(len(gate.on) == 2 for gate in read.gates)
    counts = {"one_qubit": len(read.gates) - double, "two_qubit": double, "readout": len(read.measured)}
    once = float(calibration.get("readout_seconds", 0.0)) + float(calibration.get("reset_seconds", 0.0))
    gates = sum(
        counts[name] * float(calibration.get(f"{name}_seconds", 0.0)) for name in counts if name != "readout"
    )
    if not all(f"{name}_error" in calibration for name in counts):
        return once + gates, None
    return once + gates, math.prod(
        (1 - calibration[f"{name}_error"]) ** count for name, count in counts.items()
    )


def remote_job(job: Mapping[str, Any]) -> RemoteJob:
    state, failure = remote.state_of(STATES, job["status"]), job.get("failure") or {}
    failed, code = state is RemoteState.FAILED, str(failure.get("code") or "")
    reason = f"{code}: {failure.get('message') or ''}" if code else "No reason given"
    return RemoteJob(
        job_id=job["id"],
        key=metadata(job).get(KEY, ""),
        state=state,
        raw_status=job["status"],
        error_kind=FAILURES.get(code, "provider_fault") if failed else None,
        error=remote.sentence(reason) if failed else None,
    )


def metadata(job: Mapping[str, Any]) -> Mapping[str, str]:
    return job.get("metadata") or {}


def usage_of(job: Mapping[str, Any]) -> Usage | None:
    """Credit is charged for completed jobs and released for others; seconds where the job was billed by them."""
    state = remote.state_of(STATES, job["status"])
    if not state.final:
        return None
    if state is not RemoteState.COMPLETED:
        return Usage(tasks=0, shots=0, qpu_seconds=0.0, final=True)
    micro = (job.get("stats") or {}).get("billed_quantum_compute_time_us") or 0
    return Usage(tasks=1, shots=int(job["shots"]), qpu_seconds=float(micro) / 1e6, final=True)


def shares_of(answer: Mapping[str, float], bits: int) -> dict[str, float]:
    """Probabilities by our bit string: IonQ's keys are decimal numbers whose lowest bit is qubit 0."""
    found: Counter[str] = Counter()
    for number, share in answer.items():
        text = format(int(number), f"0{bits}b")[::-1][:bits]
        found[text] += float(share)  # type: ignore[assignment]
    return dict(sorted(found.items()))
