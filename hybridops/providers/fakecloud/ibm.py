"""IBM Quantum's REST as qiskit-ibm-runtime 0.51 uses it in job mode, and the exchange of an API key for a token.

Machines are snapshots with their own configuration and properties, under their own names. A circuit has to be
on the machine's gates and couplers already, as IBM wants it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.routing import Route

from hybridops.domain.errors import BadInput
from hybridops.providers import devices, qasm
from hybridops.providers.fakecloud import faults, ibm_qiskit, machines
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.endpoint import Asked, route, told
from hybridops.providers.fakecloud.faults import Fault
from hybridops.providers.fakecloud.jobs import Job
from hybridops.providers.noise import schedule
from hybridops.trust.canonical import digest

NAME = "ibm"
TOKEN_SECONDS, TOKEN_ENDS = 3600, 4_102_444_800  # told to who asks; what stands in the token (2100)
PAGE = 200
RAN_TOO_LONG = 1305
MACHINES = {f"ibm_{origin}": name for name, origin in devices.SNAPSHOTS.items()}
_WORDS = {phase: phase.capitalize() for phase in ("queued", "running", "completed", "failed", "cancelled")}


class _Dialect:
    name = NAME

    def refused(self, asked: Asked) -> Response | None:
        if asked.headers.get("authorization") == f"Bearer {token(asked.cloud.credentials[NAME])}":
            return None
        return problem(401, 1201, "Invalid credentials.")

    def trouble(self, kind: str, fault: Fault) -> Response:
        if kind == faults.THROTTLED:
            return problem(429, 1202, "Too many requests received: the limit is 5 per minute.")
        if kind == faults.MAINTENANCE:
            return problem(503, 0, "The service is in maintenance.")
        return problem(500, 1010, "Error returned at backend level.")


class _Iam:
    name = "iam"

    def refused(self, asked: Asked) -> Response | None:
        return None

    def trouble(self, kind: str, fault: Fault) -> Response:
        return told({"errorCode": "BXNIM0513S", "errorMessage": "Service not available."}, 503)


def token(api_key: str) -> str:
    """The token of a key: no secret, since the stage lets nobody else in. It is a JWT because IBM's SDK reads
    its times, and they are always the same, so that it can be compared.
    """
    claims = {"sub": digest(api_key.encode())[:16], "iat": 0, "exp": TOKEN_ENDS}
    parts: tuple[dict[str, object], ...] = ({"alg": "RS256", "typ": "JWT"}, claims, {})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )


def problem(status: int, code: int, message: str) -> Response:
    return told({"errors": [{"code": code, "message": message}], "trace": "fakecloud"}, status)


def routes(cloud: Cloud) -> list[Route]:
    dialect, base = _Dialect(), "/ibm/api/v1"
    return [
        route(cloud, _Iam(), "POST", "/ibm/identity/token", "token", _exchange),
        route(cloud, dialect, "GET", f"{base}/backends", "backends", _backends),
        route(
            cloud, dialect, "GET", f"{base}/backends/{{name}}/configuration", "configuration", _configuration
        ),
        route(cloud, dialect, "GET", f"{base}/backends/{{name}}/properties", "properties", _properties),
        route(cloud, dialect, "GET", f"{base}/backends/{{name}}/status", "status", _status),
        route(cloud, dialect, "POST", f"{base}/jobs", "create", _create),
        route(cloud, dialect, "GET", f"{base}/jobs", "list", _list),
        route(cloud, dialect, "GET", f"{base}/jobs/{{id}}", "job", _get),
        route(cloud, dialect, "GET", f"{base}/jobs/{{id}}/results", "results", _results),
        route(cloud, dialect, "GET", f"{base}/jobs/{{id}}/metrics", "metrics", _metrics),
        route(cloud, dialect, "POST", f"{base}/jobs/{{id}}/cancel", "cancel", _cancel),
        route(cloud, dialect, "GET", f"{base}/instances/usage", "usage", _usage),
    ]


def _exchange(asked: Asked) -> Response:
    form = parse_qs(asked.body.decode())
    key = asked.cloud.credentials[NAME]
    if form.get("apikey") != [key]:
        return told({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}, 400)
    ends = int(time.time()) + TOKEN_SECONDS
    return told(
        {"access_token": token(key), "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "expiration": ends}
    )


def _backends(asked: Asked) -> Response:
    now, jobs = asked.cloud.clock.now(), asked.cloud.jobs.all(NAME)
    found = []
    for name, snapshot in MACHINES.items():
        found.append(
            {
                "name": name,
                "status": {"name": "online", "reason": "available"},
                "qubits": devices.device(snapshot).size,
                "queue_length": sum(job.backend == name and job.phase(now) == "queued" for job in jobs),
            }
        )
    return told({"devices": found})


def _missing_machine() -> Response:
    return problem(404, 1007, "Backend not found.")


@cache
def _page(snapshot: str, part: int) -> Response:
    """Configuration (0) or properties (1) of a machine: large, and always the same."""
    return told(devices.raw(snapshot)[part])


def _configuration(asked: Asked) -> Response:
    snapshot = MACHINES.get(asked.path["name"])
    return _missing_machine() if snapshot is None else _page(snapshot, 0)


def _properties(asked: Asked) -> Response:
    snapshot = MACHINES.get(asked.path["name"])
    return _missing_machine() if snapshot is None else _page(snapshot, 1)


def _status(asked: Asked) -> Response:
    name = asked.path["name"]
    if name not in MACHINES:
        return _missing_machine()
    now = asked.cloud.clock.now()
    waiting = sum(job.backend == name and job.phase(now) == "queued" for job in asked.cloud.jobs.all(NAME))
    return told({"state": True, "status": "active", "message": "available", "length_queue": waiting})


def _create(asked: Asked) -> Response:
    body = asked.json()
    if body.get("backend") not in MACHINES:
        return _missing_machine()
    if body.get("program_id") != "sampler":
        return problem(404, 1006, "Only the sampler is played here.")
    try:
        pubs = [(*ibm_qiskit.text_of(sent), int(shots)) for sent, _, shots in body["params"]["pubs"]]
        seconds = sum(_shot_seconds(body["backend"], text) * shots for text, _, shots in pubs)
    except (BadInput, TypeError, ValueError) as why:
        return problem(400, 1002, f"Error in the validation process of the job: {why}")
    if seconds > float(body.get("cost", 1e9)):
        return problem(400, 1002, "The job would run longer than its own limit.")
    request = {**body, "seconds": seconds, "pubs": pubs}
    job = asked.cloud.take(NAME, body["backend"], request, fault=asked.fault, runs_seconds=seconds)
    return told({"id": job.job_id, "backend": job.backend})


def _shot_seconds(name: str, text: str) -> float:
    machine = devices.device(MACHINES[name])
    return machine.rep_delay_seconds + schedule(qasm.parse(text), machine).seconds


def _job(asked: Asked) -> Job | None:
    return asked.cloud.jobs.get(NAME, asked.path["id"])


def _missing() -> Response:
    return problem(404, 1291, "Job not found.")


def _get(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return _missing()
    return told(_told(asked, job, whole=asked.query.get("exclude_params") != "true"))


def _told(asked: Asked, job: Job, *, whole: bool) -> dict[str, Any]:
    phase = asked.cloud.phase(job, asked.fault)
    state: dict[str, Any] = {"status": _WORDS[phase]}
    if phase == "failed":
        code = int(job.code or 1010)
        word = "Cancelled" if code == RAN_TOO_LONG else "Failed"
        state = {"status": word, "reason": "The job did not succeed", "reason_code": code}
    body = {
        "id": job.job_id,
        "backend": job.backend,
        "state": state,
        "status": state["status"],
        "program": {"id": "sampler"},
        "created": datetime.fromtimestamp(job.made_at, UTC).isoformat().replace("+00:00", "Z"),
        "tags": job.request.get("tags", []),
        "estimated_running_time_seconds": job.request["seconds"],
    }
    return body | {"params": job.request["params"]} if whole else body


def _list(asked: Asked) -> Response:
    wanted = set(asked.queries.get("tags", []))
    jobs = [job for job in asked.cloud.jobs.all(NAME) if wanted.issubset(job.request.get("tags", []))]
    start, size = int(asked.query.get("offset", 0)), int(asked.query.get("limit", PAGE))
    page = [_told(asked, job, whole=False) for job in jobs[start : start + size]]
    return told({"jobs": page, "count": len(jobs), "limit": size, "offset": start})


def _results(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return _missing()
    if asked.cloud.phase(job) != "completed":
        return Response("", 204)
    if job.result is None:
        asked.cloud.jobs.keep(job, _sampled(job))
        job = _job(asked) or job
    return told(job.result)


def _sampled(job: Job) -> dict[str, Any]:
    """A shot is a hexadecimal number whose lowest bit is bit 0; the SDK's sampler asks for its own objects."""
    found = [_counted(job, number) for number in range(len(job.request["pubs"]))]
    if job.request["params"].get("support_qiskit"):
        return ibm_qiskit.encoded(found)
    results = [{"data": {register: _shots(counts)}, "metadata": {}} for register, counts in found]
    return {"results": results, "metadata": {"version": 2}}


def _counted(job: Job, number: int) -> tuple[str, dict[str, int]]:
    """The register and the counts of one circuit of a job."""
    text, register, asked = job.request["pubs"][number]
    shots, seed = machines.shots_done(asked, job.fault), machines.seed_of(f"{job.job_id}{number or ''}")
    return register, machines.counts(text, MACHINES[job.backend], shots=shots, seed=seed, placed=True)


def _shots(counts: Mapping[str, int]) -> dict[str, Any]:
    samples = [hex(int(bits[::-1], 2)) for bits, count in counts.items() for _ in range(count)]
    return {"samples": samples, "num_bits": len(next(iter(counts)))}


def _metrics(asked: Asked) -> Response:
    """The machine's time: of a cancelled job, that until its end."""
    job = _job(asked)
    if job is None:
        return _missing()
    now = asked.cloud.clock.now()
    phase = job.phase(now)
    ended = min(job.cancelled_at or job.ends_at, now)
    seconds = job.request["seconds"] if phase == "completed" else max(0.0, ended - job.starts_at)
    final = phase in ("completed", "failed", "cancelled")
    usage = {"status": "finalized" if final else "pending", "qpu_charge_time_seconds": seconds}
    return told({"usage": usage, "position_in_queue": asked.cloud.jobs.ahead(job, now)})


def _cancel(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return _missing()
    if not asked.cloud.jobs.cancel(job, asked.cloud.clock.now()):
        return problem(409, 1290, "The job can no longer be cancelled.")
    return Response(None, 204)


def _usage(asked: Asked) -> Response:
    used = sum(
        job.request["seconds"]
        for job in asked.cloud.jobs.all(NAME)
        if job.phase(asked.cloud.clock.now()) == "completed"
    )
    return told(
        {"usage_consumed_seconds": used, "usage_limit_seconds": None, "usage_remaining_seconds": None}
    )
