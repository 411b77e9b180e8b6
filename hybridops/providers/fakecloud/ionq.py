"""IonQ's API v0.4: jobs, results as probabilities, backends with characterizations, the estimate of a job's cost.

As at IonQ a program is looked at after it was taken: a bad one ends as a failed job with a code.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from hybridops.domain.errors import BadInput
from hybridops.providers import qasm
from hybridops.providers.compiling import NOISY_QUBITS_MAX
from hybridops.providers.fakecloud import faults, machines
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.endpoint import Asked, route, told
from hybridops.providers.fakecloud.faults import Fault
from hybridops.providers.fakecloud.jobs import Job

NAME, BASE = "ionq", "/ionq/v0.4"
PAGE = 100
CHARACTERIZATION = "617a1f8b-59d4-435d-aa33-695433d7155e"
# Name → the machine under it, and qubits.
BACKENDS = {"simulator": (machines.IDEAL, 20), "qpu.forte-1": ("heron-torino", 36)}
TIMING = {"readout": 0.00013, "reset": 0.00002, "1q": 0.00011, "2q": 0.00095, "t1": 100, "t2": 1}
RATES = {"cost_1q_gate": 0.0001645, "cost_2q_gate": 0.001121, "job_cost_minimum": 25.7899}
_WORDS = {"queued": "ready", "running": "started", "cancelled": "canceled"}


class _Dialect:
    name = NAME

    def refused(self, asked: Asked) -> Response | None:
        if asked.headers.get("authorization") == f"apiKey {asked.cloud.credentials[NAME]}":
            return None
        return problem(401, "Unauthorized", "The API key is not valid.")

    def trouble(self, kind: str, fault: Fault) -> Response:
        if kind == faults.THROTTLED:
            return problem(429, "Too Many Requests", "Slow down.")
        if kind == faults.MAINTENANCE:
            return problem(503, "Service Unavailable", "The service is in maintenance.")
        return problem(500, "Internal Server Error", "An unexpected error occurred.")


def problem(status: int, name: str, message: str) -> Response:
    return told({"error": name, "message": message, "statusCode": status}, status)


def routes(cloud: Cloud) -> list[Route]:
    dialect, one = _Dialect(), f"{BASE}/backends/{{name}}"
    return [
        route(cloud, dialect, "GET", f"{BASE}/backends", "backends", _backends),
        route(
            cloud, dialect, "GET", f"{one}/characterizations/{{id}}", "characterization", _characterization
        ),
        route(cloud, dialect, "GET", f"{BASE}/jobs/estimate", "estimate", _estimate),
        route(cloud, dialect, "POST", f"{BASE}/jobs", "create", _create),
        route(cloud, dialect, "GET", f"{BASE}/jobs", "list", _list),
        route(cloud, dialect, "GET", f"{BASE}/jobs/{{id}}", "job", _get),
        route(cloud, dialect, "PUT", f"{BASE}/jobs/{{id}}/status/cancel", "cancel", _cancel),
        route(cloud, dialect, "GET", f"{BASE}/jobs/{{id}}/results/probabilities", "probabilities", _results),
    ]


def _backends(asked: Asked) -> Response:
    now, jobs, found = asked.cloud.clock.now(), asked.cloud.jobs.all(NAME), []
    for name, (snapshot, qubits) in BACKENDS.items():
        waits = [
            job.starts_at - job.made_at for job in jobs if job.backend == name and job.phase(now) == "queued"
        ]
        body: dict[str, Any] = {
            "backend": name,
            "status": "available",
            "qubits": qubits,
            "average_queue_time": 1000 * max(waits, default=0.0),
            "last_updated": _moment(now),
        }
        found.append(body if snapshot == machines.IDEAL else body | {"characterization_id": CHARACTERIZATION})
    return told(found)


def _characterization(asked: Asked) -> Response:
    snapshot, qubits = BACKENDS.get(asked.path["name"], (machines.IDEAL, 0))
    machine = machines.machine(snapshot)
    if machine is None or asked.path["id"] != CHARACTERIZATION:
        return problem(404, "Not Found", "There is no such characterization.")
    medians = machine.calibration()
    errors = {
        "1q": medians["one_qubit_error"],
        "2q": medians["two_qubit_error"],
        "spam": medians["readout_error"],
    }
    return told(
        {
            "id": CHARACTERIZATION,
            "backend": asked.path["name"],
            "qubits": qubits,
            "date": _moment(machine.calibrated_at.timestamp()),
            "fidelity": {name: {"median": 1 - error} for name, error in errors.items()},
            "timing": TIMING,
        }
    )


def _estimate(asked: Asked) -> Response:
    given = {
        name: int(asked.query.get(name, start))
        for name, start in (("shots", 1000), ("1q_gates", 0), ("2q_gates", 0))
    }
    gates = RATES["cost_1q_gate"] * given["1q_gates"] + RATES["cost_2q_gate"] * given["2q_gates"]
    return told(
        {
            "estimated_unit": "usd",
            "estimated_total_cost": max(RATES["job_cost_minimum"], given["shots"] * gates),
            "rate_card": {"sku": "fakecloud", "unit": "gates", **RATES},
            "estimated_at": _moment(asked.cloud.clock.now()),
            "estimated_execution_time": 1000,
            "current_predicted_queue_time": 0,
        }
    )


def _create(asked: Asked) -> Response:
    body = asked.json()
    if body.get("backend") not in BACKENDS or body.get("type") != "ionq.qasm3.v1":
        return problem(400, "Bad Request", "The backend or type is not one that is played here.")
    code, seconds = _preflight(body)
    fault = Fault(faults.FAILS, code=code) if code else asked.fault
    job = asked.cloud.take(
        NAME, body["backend"], {**body, "seconds": seconds}, fault=fault, runs_seconds=1.0 + seconds
    )
    return told({"id": job.job_id, "status": "submitted", "session_id": None}, 201)


def _preflight(body: dict[str, Any]) -> tuple[str, float]:
    """The code with which this will fail, or nothing, and the seconds that it will be billed."""
    snapshot, qubits = BACKENDS[body["backend"]]
    try:
        read = qasm.parse(body["input"]["data"])
    except BadInput:
        return "PreflightError", 0.0
    if len(read.qubits) > (qubits if snapshot == machines.IDEAL else min(qubits, NOISY_QUBITS_MAX)):
        return "NotEnoughQubits", 0.0
    if snapshot == machines.IDEAL:
        return "", 0.0
    shot = sum(TIMING["2q" if len(gate.on) == 2 else "1q"] for gate in read.gates)
    return "", body["shots"] * (shot + TIMING["readout"] + TIMING["reset"])


def _job(asked: Asked) -> Job | None:
    return asked.cloud.jobs.get(NAME, asked.path["id"])


def _missing() -> Response:
    return problem(404, "Not Found", "There is no such job.")


def _get(asked: Asked) -> Response:
    job = _job(asked)
    return _missing() if job is None else told(_told(asked, job))


def _told(asked: Asked, job: Job) -> dict[str, Any]:
    phase = asked.cloud.phase(job, asked.fault)
    failed, done = phase == "failed", phase == "completed"
    stats = {"billed_quantum_compute_time_us": round(job.request["seconds"] * 1e6)} if done else {}
    return {
        "id": job.job_id,
        "status": _WORDS.get(phase, phase),
        "type": job.request["type"],
        "backend": job.backend,
        "shots": job.request["shots"],
        "name": job.request.get("name"),
        "metadata": job.request.get("metadata"),
        "submitted_at": _moment(job.made_at),
        "execution_duration_ms": round(1000 * (job.ends_at - job.starts_at)) if done else None,
        "failure": {"code": job.code or "InternalError", "message": "The job did not succeed"}
        if failed
        else None,
        "stats": stats,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _list(asked: Asked) -> Response:
    jobs, start = asked.cloud.jobs.all(NAME), int(asked.query.get("next") or 0)
    size = int(asked.query.get("limit", PAGE))
    page = [_told(asked, job) for job in jobs[start : start + size]]
    return told({"jobs": page, "next": str(start + size) if len(jobs) > start + size else None})


def _cancel(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return _missing()
    if not asked.cloud.jobs.cancel(job, asked.cloud.clock.now()):
        return problem(409, "Conflict", "The job can no longer be canceled.")
    return told({"id": job.job_id, "status": "canceled"})


def _results(asked: Asked) -> Response:
    job = _job(asked)
    if job is None or asked.cloud.phase(job) != "completed":
        return _missing()
    if job.result is None:
        asked.cloud.jobs.keep(job, _shares(job))
        job = _job(asked) or job
    return told(job.result)


def _shares(job: Job) -> dict[str, float]:
    """By decimal number whose lowest bit is qubit 0; of the exact simulator as many shots as make it smooth."""
    snapshot, _ = BACKENDS[job.backend]
    text, shots, seed = job.request["input"]["data"], job.request["shots"], machines.seed_of(job.job_id)
    shots = shots if snapshot else max(shots, 100_000)
    counts = machines.counts(text, snapshot, shots=shots, seed=seed, placed=False)
    return {str(int(bits[::-1], 2)): count / shots for bits, count in counts.items()}
