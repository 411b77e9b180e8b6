"""Amazon Braket's words and ours: states, errors, gates, calibrations, results. Asks nobody, imports no SDK."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from hybridops.domain.errors import ProviderError
from hybridops.domain.ports import Backend, RemoteJob, RemoteState
from hybridops.providers import qasm, remote
from hybridops.providers.remote import Meaning

PROGRAM = "braket.ir.openqasm.program"
KEY_TAG, CALIBRATION_TAG = "hybridops-key", "hybridops-calibration"
STATES = {
    "CREATED": RemoteState.ACCEPTED,
    "QUEUED": RemoteState.QUEUED,
    "RUNNING": RemoteState.RUNNING,
    "CANCELLING": RemoteState.CANCELLING,
    "COMPLETED": RemoteState.COMPLETED,
    "FAILED": RemoteState.FAILED,
    "CANCELLED": RemoteState.CANCELLED,
}
# Every exception of botocore's model of Braket, and what AWS answers before a service is reached.
ERRORS = {
    "AccessDeniedException": Meaning("auth"),
    "ConflictException": Meaning("conflict", certain=False),
    "DeviceOfflineException": Meaning("backend_down"),
    "DeviceRetiredException": Meaning("backend_down"),
    "InternalServiceException": Meaning("provider_fault", certain=False),
    "ResourceNotFoundException": Meaning("unknown_job"),
    "ServiceQuotaExceededException": Meaning("budget"),
    "ThrottlingException": Meaning("rate_limit"),
    "ValidationException": Meaning("invalid_program"),
    "UnrecognizedClientException": Meaning("auth"),
    "InvalidSignatureException": Meaning("auth"),
    "ExpiredTokenException": Meaning("auth"),
    "NoSuchKey": Meaning("not_ready"),
    "NoSuchBucket": Meaning("auth"),
}
SPENDING = "spending limit"  # what a ValidationException says when the account's own limit is reached
_GATES = {"cx": "cnot", "sx": "v", "rzz": "zz"}  # our names to Braket's
_UNITS = {"S": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def capabilities(told: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told["deviceCapabilities"])
    return found


def offered(told: Mapping[str, Any]) -> bool:
    """Whether a device takes our programs at all."""
    return told["deviceStatus"] != "RETIRED" and PROGRAM in capabilities(told).get("action", {})


def backend_of(told: Mapping[str, Any], *, provider: str, region: str) -> Backend:
    """A device as it describes itself; `region` is where a device without one of its own is asked."""
    known = capabilities(told)
    service, exact = known["service"], told["deviceType"] == "SIMULATOR"
    body = {
        "provider": provider,
        "name": name_of(told["deviceArn"]),
        "kind": "ideal simulator" if exact else "qpu",
        "qubits": int(known["paradigm"]["qubitCount"]),
        "shots_max": int(service["shotsRange"][1]),
        "calibrated_at": None if exact else moment(service["updatedAt"]),
        "calibration": calibration(known.get("standardized") or {}),
        "rep_delay_seconds": 0.0,
        "region": told["deviceArn"].split(":")[3] or region,
    }
    online = told["deviceStatus"] == "ONLINE"
    return remote.seen(body, available=online, queue_length=_waiting(told), wait_seconds=None)


def _waiting(told: Mapping[str, Any]) -> int | None:
    """Tasks in the queue; Braket also says ">2000"."""
    for queue in told.get("deviceQueueInfo", ()):
        if queue["queue"] == "QUANTUM_TASKS_QUEUE" and queue.get("queuePriority", "Normal") == "Normal":
            digits = "".join(filter(str.isdigit, queue["queueSize"]))
            return int(digits) if digits else None
    return None


def name_of(arn: str) -> str:
    """Maker and device, as they end the ARN: "iqm/Garnet"."""
    return "/".join(arn.split("/")[-2:])


def moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def calibration(told: Mapping[str, Any]) -> dict[str, Any]:
    """Medians of what a device tells in Braket's standardized properties; what it does not tell is left out."""
    single = list((told.get("oneQubitProperties") or {}).values())
    double = list((told.get("twoQubitProperties") or {}).values())
    values = {
        "t1_seconds": [_seconds(one["T1"]) for one in single if one.get("T1")],
        "t2_seconds": [_seconds(one["T2"]) for one in single if one.get("T2")],
        "readout_error": _errors(single, "oneQubitFidelity", readout=True),
        "one_qubit_error": _errors(single, "oneQubitFidelity", readout=False),
        "two_qubit_error": _errors(double, "twoQubitGateFidelity", readout=False),
    }
    medians = {name: float(f"{median(found):.4g}") for name, found in values.items() if found}
    return {"note": "as the device tells it", **medians} if medians else {"note": "the device tells none"}


def _seconds(told: Mapping[str, Any]) -> float:
    return float(told["value"]) * _UNITS.get(told.get("unit", "S"), 1.0)


def _errors(of: Sequence[Mapping[str, Any]], name: str, *, readout: bool) -> list[float]:
    """1 - fidelity of each; the fidelities of read-outs are named so."""
    return [
        1.0 - float(one["fidelity"])
        for each in of
        for one in each.get(name, ())[: None if readout else 1]
        if ("READOUT" in one["fidelityType"]["name"]) == readout
    ]


def written(read: qasm.Circuit) -> str:
    """Braket's OpenQASM: no include, gates by its own names."""
    named = tuple(gate._replace(name=_GATES.get(gate.name, gate.name)) for gate in read.gates)
    lines = qasm.write(qasm.Circuit(read.qubits, named, read.measured), hardware=False).splitlines(
        keepends=True
    )
    return "".join(line for line in lines if not line.startswith("include"))


def remote_job(task: Mapping[str, Any]) -> RemoteJob:
    state, place = remote.state_of(STATES, task["status"]), (task.get("queueInfo") or {}).get("position", "")
    failed = state is RemoteState.FAILED
    return RemoteJob(
        job_id=task["quantumTaskArn"],
        key=task.get("tags", {}).get(KEY_TAG, ""),
        state=state,
        raw_status=task["status"],
        queue_position=int(place) if place.isdecimal() else None,
        error_kind="provider_fault" if failed else None,
        error=remote.sentence(task.get("failureReason") or "No reason given") if failed else None,
    )


def counts_of(text: bytes, shots: int) -> dict[str, int]:
    """Counts of a result, whose columns are `measuredQubits`; shares of a device that tells only those, in whole
    shots that add up.
    """
    try:
        found = json.loads(text)
        columns = sorted(range(len(found["measuredQubits"])), key=found["measuredQubits"].__getitem__)
        if found.get("measurements"):
            rows = Counter("".join(str(row[column]) for column in columns) for row in found["measurements"])
        else:
            shares = found["measurementProbabilities"]
            rows = remote.whole(
                {"".join(bits[column] for column in columns): share for bits, share in shares.items()}, shots
            )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise ProviderError("The task's results.json cannot be read.", kind="malformed") from None
    return {bits: int(count) for bits, count in sorted(rows.items())}
