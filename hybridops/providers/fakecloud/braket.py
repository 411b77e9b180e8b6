"""Amazon Braket and the piece of S3 that holds its results, as botocore's model of 2019-09-01 has them.

A device here compiles on its own side, as Braket's do; a simulator is exact. The caller's region is that of its
signature. A second request under one clientToken gives the first task; another body under it is refused.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response
from starlette.routing import Route

from hybridops.domain.errors import BadInput
from hybridops.providers import qasm
from hybridops.providers.compiling import NOISY_QUBITS_MAX
from hybridops.providers.fakecloud import faults, machines
from hybridops.providers.fakecloud.braket_devices import DEVICES, PROGRAM, SHOTS_MAX, Device, capabilities
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.endpoint import Asked, route, told
from hybridops.providers.fakecloud.faults import Fault
from hybridops.providers.fakecloud.jobs import Job

NAME, ACCOUNT = "braket", "123456789012"
SHOT_SECONDS = 0.0001
PAGE = 20
_GATES = {"cnot": "cx", "v": "sx", "zz": "rzz"}  # Braket's names to ours
_CALL = re.compile(rf"^(\s*)({'|'.join(_GATES)})\b", re.MULTILINE)


class _Dialect:
    name = NAME

    def refused(self, asked: Asked) -> Response | None:
        wanted = f"Credential={asked.cloud.credentials[NAME]}/"
        if wanted in asked.headers.get("authorization", ""):
            return None
        return problem(403, "AccessDeniedException", "The security token included in the request is invalid.")

    def trouble(self, kind: str, fault: Fault) -> Response:
        if kind == faults.THROTTLED:
            return problem(429, "ThrottlingException", "Rate exceeded")
        if kind == faults.MAINTENANCE:
            return problem(424, "DeviceOfflineException", "The device is currently offline.")
        return problem(500, "InternalServiceException", "An internal error occurred.")


def problem(status: int, name: str, message: str) -> Response:
    return told({"message": message}, status, {"x-amzn-errortype": name})


def routes(cloud: Cloud) -> list[Route]:
    dialect = _Dialect()
    return [
        route(cloud, dialect, "POST", "/braket/devices", "SearchDevices", _search_devices),
        route(cloud, dialect, "GET", "/braket/device/{arn:path}", "GetDevice", _get_device),
        route(cloud, dialect, "POST", "/braket/quantum-task", "CreateQuantumTask", _create),
        route(cloud, dialect, "POST", "/braket/quantum-tasks", "SearchQuantumTasks", _search),
        route(cloud, dialect, "PUT", "/braket/quantum-task/{arn:path}/cancel", "CancelQuantumTask", _cancel),
        route(cloud, dialect, "GET", "/braket/quantum-task/{arn:path}", "GetQuantumTask", _get),
        route(cloud, dialect, "GET", "/s3/{bucket}/{key:path}", "GetObject", _get_object),
    ]


def _region(asked: Asked) -> str:
    scope = asked.headers.get("authorization", "").partition("Credential=")[2].split("/")
    return scope[2] if len(scope) > 2 else ""


def _known(asked: Asked, arn: str) -> Device | None:
    """The device, if the caller's region has it."""
    return next((one for one in DEVICES if one.arn == arn and one.region in ("", _region(asked))), None)


def _search_devices(asked: Asked) -> Response:
    return told({"devices": [one.summary() for one in DEVICES if one.region in ("", _region(asked))]})


def _get_device(asked: Asked) -> Response:
    found = _known(asked, unquote(asked.path["arn"]))
    if found is None:
        return problem(404, "ResourceNotFoundException", "Device not found.")
    now = asked.cloud.clock.now()
    waiting = sum(
        job.phase(now) == "queued" for job in asked.cloud.jobs.all(NAME) if job.backend == found.arn
    )
    queue = {"queue": "QUANTUM_TASKS_QUEUE", "queueSize": str(waiting), "queuePriority": "Normal"}
    return told(
        found.summary() | {"deviceCapabilities": json.dumps(capabilities(found)), "deviceQueueInfo": [queue]}
    )


def _create(asked: Asked) -> Response:
    body = asked.json()
    found = _known(asked, body["deviceArn"])
    if found is None:
        return problem(400, "ValidationException", "The device does not exist in this region.")
    if not 1 <= body["shots"] <= SHOTS_MAX:
        return problem(400, "ValidationException", f"Shots must be between 1 and {SHOTS_MAX}.")
    try:
        text = _source(body["action"])
        _fits(text, found)
    except (BadInput, KeyError, TypeError, ValueError) as why:
        return problem(400, "ValidationException", f"The program is not valid: {why}")
    kept = {key: value for key, value in body.items() if key != "clientToken"}
    job = asked.cloud.take(
        NAME,
        found.arn,
        {**kept, "text": text, "region": _region(asked)},
        fault=asked.fault,
        runs_seconds=1.0 + body["shots"] * SHOT_SECONDS,
        token=body["clientToken"],
    )
    if any(job.request.get(name) != value for name, value in kept.items()):
        return problem(400, "ValidationException", "The client token was used with other parameters.")
    return told({"quantumTaskArn": _arn(job)}, 201)


def _source(action: str) -> str:
    """The program of an action in our own OpenQASM."""
    read = json.loads(action)
    if read["braketSchemaHeader"]["name"] != PROGRAM:
        raise ValueError("only OpenQASM programs are taken here")
    return _CALL.sub(lambda found: found[1] + _GATES[found[2]], read["source"])


def _fits(text: str, found: Device) -> None:
    most = found.qubits if found.snapshot == machines.IDEAL else min(found.qubits, NOISY_QUBITS_MAX)
    qasm.parse(text, qubits_max=most)


def _arn(job: Job) -> str:
    return f"arn:aws:braket:{job.request['region']}:{ACCOUNT}:quantum-task/{job.job_id}"


def _job(asked: Asked) -> Job | None:
    return asked.cloud.jobs.get(NAME, unquote(asked.path["arn"]).rsplit("/", 1)[-1])


def _missing() -> Response:
    return problem(404, "ResourceNotFoundException", "The quantum task does not exist.")


def _get(asked: Asked) -> Response:
    job = _job(asked)
    return _missing() if job is None else told(_told(asked, job))


def _told(asked: Asked, job: Job) -> dict[str, Any]:
    phase = asked.cloud.phase(job, asked.fault)
    body: dict[str, Any] = {
        "quantumTaskArn": _arn(job),
        "status": phase.upper(),
        "deviceArn": job.backend,
        "deviceParameters": "{}",
        "shots": job.request["shots"],
        "outputS3Bucket": job.request["outputS3Bucket"],
        "outputS3Directory": f"{job.request['outputS3KeyPrefix']}/{job.job_id}",
        "createdAt": _moment(job.made_at),
        "tags": job.request.get("tags", {}),
    }
    if phase == "queued":
        place = asked.cloud.jobs.ahead(job, asked.cloud.clock.now())
        body["queueInfo"] = {"queue": "QUANTUM_TASKS_QUEUE", "position": str(place)}
    if phase == "completed":
        body |= {"numSuccessfulShots": machines.shots_done(job.request["shots"], job.fault)}
    if phase in ("completed", "failed", "cancelled"):
        body["endedAt"] = _moment(job.cancelled_at or job.ends_at)
    if phase == "failed":
        body["failureReason"] = job.code or "The device failed while it ran this task."
    return body


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _search(asked: Asked) -> Response:
    body = asked.json()
    found = [
        _told(asked, job) for job in asked.cloud.jobs.all(NAME) if job.request["region"] == _region(asked)
    ]
    for one in body["filters"]:
        found = [task for task in found if _passes(task, one)]
    start = int(body.get("nextToken") or 0)
    answer: dict[str, Any] = {"quantumTasks": found[start : start + PAGE]}
    if len(found) > start + PAGE:
        answer["nextToken"] = str(start + PAGE)
    return told(answer)


def _passes(task: dict[str, Any], one: dict[str, Any]) -> bool:
    value, wanted = str(task[one["name"]]), one["values"]
    if one["name"] == "createdAt":
        seen, than = (datetime.fromisoformat(text) for text in (value, wanted[0]))
        return {"GT": seen > than, "GTE": seen >= than, "LT": seen < than, "LTE": seen <= than}[
            one["operator"]
        ]
    return value in wanted


def _cancel(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return _missing()
    if not asked.cloud.jobs.cancel(job, asked.cloud.clock.now()):
        return problem(409, "ConflictException", "The quantum task can no longer be cancelled.")
    return told({"quantumTaskArn": _arn(job), "cancellationStatus": "CANCELLING"})


def _get_object(asked: Asked) -> Response:
    """results.json of a task, once it has completed."""
    directory, _, name = unquote(asked.path["key"]).rpartition("/")
    job = asked.cloud.jobs.get(NAME, directory.rsplit("/", 1)[-1])
    there = (
        job is not None and asked.path["bucket"] == job.request["outputS3Bucket"] and name == "results.json"
    )
    if job is None or not there or asked.cloud.phase(job) != "completed":
        text = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
        return Response(text, 404, media_type="application/xml")
    if job.result is None:
        asked.cloud.jobs.keep(job, _results(job))
        job = asked.cloud.jobs.get(NAME, job.job_id) or job
    return told(job.result)


def _results(job: Job) -> dict[str, Any]:
    """Columns of the measurements are the measured qubits in ascending order, whatever bits they went to."""
    device = next(one for one in DEVICES if one.arn == job.backend)
    text, shots = job.request["text"], machines.shots_done(job.request["shots"], job.fault)
    seed = machines.seed_of(job.job_id)
    counts = machines.counts(text, device.snapshot, shots=shots, seed=seed, placed=False)
    measured = qasm.parse(text).measured
    order = sorted(range(len(measured)), key=measured.__getitem__)
    by_qubit = {"".join(bits[bit] for bit in order): count for bits, count in counts.items()}
    body: dict[str, Any] = {
        "braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result", "version": "1"},
        "measuredQubits": sorted(measured),
        "taskMetadata": {"id": _arn(job), "shots": shots, "deviceId": job.backend},
        "additionalMetadata": {"action": json.loads(job.request["action"])},
    }
    if device.shares:
        return body | {"measurementProbabilities": {bits: n / shots for bits, n in by_qubit.items()}}
    rows = [[int(bit) for bit in bits] for bits, count in by_qubit.items() for _ in range(count)]
    return body | {"measurements": rows}
