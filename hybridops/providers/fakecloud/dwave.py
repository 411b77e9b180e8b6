"""D-Wave's SAPI, version 3: solvers, and problems in its binary `qp` encoding. Answers come from simulated
annealing with dwave-samplers on the very graph that the solver tells.
"""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from starlette.responses import Response
from starlette.routing import Route

from hybridops.providers.fakecloud import faults, machines
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.endpoint import Asked, route
from hybridops.providers.fakecloud.faults import Fault
from hybridops.providers.fakecloud.jobs import Job

NAME, BASE = "dwave", "/dwave/sapi/v2"
SOLVER = "Advantage_rehearsal1.1"
GRID, SHORE = 6, 4  # a Chimera graph of 6 × 6 cells with 4 + 4 qubits each
BROKEN = (17, 140)  # qubits that this chip lacks
READS_MAX = 10_000
TIMING = {
    "version": "1.0.0",
    "typical_programming_time": 14072.88,
    "default_programming_thermalization": 1000.0,
    "default_annealing_time": 20.0,
    "readout_time_model": "pwl_log_log",
    "readout_time_model_parameters": [0.0, 4.0, 1.5, 1.5],
    "qpu_delay_time_per_sample": 20.54,
    "default_readout_thermalization": 0.0,
    "reverse_annealing_with_reinit_prog_time_delta": 0.0,
    "reverse_annealing_without_reinit_prog_time_delta": 0.0,
    "reverse_annealing_with_reinit_delay_time_delta": 0.0,
    "reverse_annealing_without_reinit_delay_time_delta": 0.0,
    "decorrelation_max_nominal_anneal_time": 2000.0,
    "decorrelation_time_range": [500.0, 10000.0],
}
READ_MICROSECONDS = 20.0 + 10**1.5 + 20.54  # anneal, read out, wait
PROGRAM_MICROSECONDS = 14072.88 + 1000.0
_WORDS = {"queued": "PENDING", "running": "IN_PROGRESS"}


class _Dialect:
    name = NAME

    def refused(self, asked: Asked) -> Response | None:
        if asked.headers.get("x-auth-token") == asked.cloud.credentials[NAME]:
            return None
        return problem(401, "Invalid token or access denied")

    def trouble(self, kind: str, fault: Fault) -> Response:
        if kind == faults.THROTTLED:
            return problem(429, "Too many requests")
        if kind == faults.MAINTENANCE:
            return problem(503, "Solver API is in maintenance")
        return problem(500, "Internal server error")


def problem(code: int, message: str) -> Response:
    return _json({"error_code": code, "error_msg": message}, "error", code)


def _json(body: Any, kind: str, status: int = 200) -> Response:
    """JSON under the media type that the SDK insists on."""
    media = f"application/vnd.dwave.sapi.{kind}+json; version=3.0.0"
    return Response(json.dumps(body), status, headers={"Content-Type": media})


def routes(cloud: Cloud) -> list[Route]:
    dialect = _Dialect()
    return [
        route(cloud, dialect, "GET", f"{BASE}/solvers/remote/", "solvers", _solvers),
        route(cloud, dialect, "POST", f"{BASE}/problems/", "submit", _submit),
        route(cloud, dialect, "GET", f"{BASE}/problems/", "list", _list),
        route(cloud, dialect, "GET", f"{BASE}/problems/{{id}}", "problem", _get),
        route(cloud, dialect, "DELETE", f"{BASE}/problems/{{id}}", "cancel", _cancel),
        route(cloud, dialect, "GET", f"{BASE}/problems/{{id}}/answer", "answer", _answer_page),
    ]


@cache
def solver() -> dict[str, Any]:
    """The QPU as it describes itself."""
    qubits = [qubit for qubit in range(GRID * GRID * 2 * SHORE) if qubit not in BROKEN]
    couplers = [pair for pair in _chimera() if not set(pair) & set(BROKEN)]
    return {
        "identity": {"name": SOLVER, "version": {"graph_id": "01rehearsal"}},
        "status": "ONLINE",
        "description": "A simulated annealer on a Chimera graph",
        "avg_load": 0.1,
        "properties": {
            "category": "qpu",
            "chip_id": SOLVER,
            "topology": {"type": "chimera", "shape": [GRID, GRID, SHORE]},
            "supported_problem_types": ["ising", "qubo"],
            "num_qubits": GRID * GRID * 2 * SHORE,
            "qubits": qubits,
            "couplers": couplers,
            "num_reads_range": [1, READS_MAX],
            "annealing_time_range": [0.5, 2000.0],
            "default_annealing_time": 20.0,
            "h_range": [-4.0, 4.0],
            "j_range": [-1.0, 1.0],
            "extended_j_range": [-2.0, 1.0],
            "quota_conversion_rate": 1,
            "problem_timing_data": TIMING,
            "parameters": {"num_reads": "Number of samples", "answer_mode": "Histogram or raw"},
        },
    }


def _chimera() -> list[list[int]]:
    """Cells of two shores, all across; the left shores join downwards, the right ones sideways."""

    def qubit(row: int, column: int, side: int, place: int) -> int:
        return ((row * GRID + column) * 2 + side) * SHORE + place

    found = []
    for row in range(GRID):
        for column in range(GRID):
            for a in range(SHORE):
                found += [[qubit(row, column, 0, a), qubit(row, column, 1, b)] for b in range(SHORE)]
                if row + 1 < GRID:
                    found.append([qubit(row, column, 0, a), qubit(row + 1, column, 0, a)])
                if column + 1 < GRID:
                    found.append([qubit(row, column, 1, a), qubit(row, column + 1, 1, a)])
    return sorted(found)


def _solvers(asked: Asked) -> Response:
    return _json([solver()], "solver-definition-list")


def _submit(asked: Asked) -> Response:
    """A list of problems; each gets its status or its own error."""
    return _json([_taken(asked, body) for body in asked.json()], "problems")


def _taken(asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    reads = body.get("params", {}).get("num_reads", 1)
    if body["solver"]["name"] != SOLVER or body["type"] not in ("qubo", "ising"):
        return {"error_code": 404, "error_msg": "There is no such solver"}
    if not 1 <= reads <= READS_MAX:
        return {"error_code": 400, "error_msg": "num_reads is out of range"}
    try:
        _decoded(body["data"])
    except (KeyError, IndexError, TypeError, ValueError):
        return {"error_code": 400, "error_msg": "The problem's data cannot be decoded"}
    job = asked.cloud.take(NAME, SOLVER, body, fault=asked.fault, runs_seconds=_microseconds(reads) / 1e6)
    return _told(asked, job)


def _microseconds(reads: int) -> float:
    return PROGRAM_MICROSECONDS + reads * READ_MICROSECONDS


def _decoded(data: dict[str, Any]) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
    """Linear and quadratic terms: a double for each qubit, NaN where it takes no part, then one for each coupler
    between those that do.
    """
    properties = solver()["properties"]
    values = np.frombuffer(base64.b64decode(data["lin"]), dtype="<f8")
    linear = {q: float(v) for q, v in zip(properties["qubits"], values, strict=True) if not math.isnan(v)}
    pairs = [(i, j) for i, j in properties["couplers"] if i in linear and j in linear]
    couplings = np.frombuffer(base64.b64decode(data["quad"]), dtype="<f8")
    return linear, {pair: float(value) for pair, value in zip(pairs, couplings, strict=True)}


def _job(asked: Asked) -> Job | None:
    return asked.cloud.jobs.get(NAME, asked.path["id"])


def _told(asked: Asked, job: Job) -> dict[str, Any]:
    phase = asked.cloud.phase(job, asked.fault)
    body = {
        "id": job.job_id,
        "type": job.request["type"],
        "solver": solver()["identity"],
        "label": job.request.get("label"),
        "status": _WORDS.get(phase, phase.upper()),
        "submitted_on": datetime.fromtimestamp(job.made_at, UTC).isoformat(),
    }
    return body | {"error_message": job.code or "The QPU failed"} if phase == "failed" else body


def _get(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return problem(404, "Problem not found")
    body = _told(asked, job)
    if body["status"] == "COMPLETED":
        body["answer"] = _answer(asked, job)
    return _json(body, "problem")


def _answer_page(asked: Asked) -> Response:
    job = _job(asked)
    if job is None or asked.cloud.phase(job) != "completed":
        return problem(404, "Answer not found")
    return _json({"answer": _answer(asked, job)}, "problem-answer")


def _list(asked: Asked) -> Response:
    label, most = asked.query.get("label"), int(asked.query.get("max_results", 1000))
    jobs = [job for job in asked.cloud.jobs.all(NAME) if label in (None, job.request.get("label"))]
    return _json([_told(asked, job) for job in jobs[:most]], "problems")


def _cancel(asked: Asked) -> Response:
    job = _job(asked)
    if job is None:
        return problem(404, "Problem not found")
    if not asked.cloud.jobs.cancel(job, asked.cloud.clock.now()):
        return problem(409, "Problem has been finished")
    return _json(_told(asked, asked.cloud.jobs.get(NAME, job.job_id) or job), "problem")


def _answer(asked: Asked, job: Job) -> dict[str, Any]:
    if job.result is None:
        asked.cloud.jobs.keep(job, _sampled(job))
    return (asked.cloud.jobs.get(NAME, job.job_id) or job).result or {}


def _sampled(job: Job) -> dict[str, Any]:
    """Reads as packed bits in the order of the active qubits, best first, with how often each was seen."""
    linear, quadratic = _decoded(job.request["data"])
    reads, seed = job.request["params"].get("num_reads", 1), machines.seed_of(job.job_id) % (1 << 31)
    ising = job.request["type"] == "ising"
    sampler = import_module("dwave.samplers").SimulatedAnnealingSampler()
    if ising:
        found = sampler.sample_ising(linear, quadratic, num_reads=reads, seed=seed)
    else:
        terms = {(q, q): value for q, value in linear.items()} | quadratic
        found = sampler.sample_qubo(terms, num_reads=reads, seed=seed)
    found = found.aggregate()
    order, active = np.argsort(found.record.energy), sorted(linear)
    columns = [list(found.variables).index(qubit) for qubit in active]
    rows = (found.record.sample[order][:, columns] > 0).astype(np.uint8)
    times = found.record.num_occurrences[order].astype("<i4")

    def text(values: Any) -> str:
        return base64.b64encode(values.tobytes()).decode()

    return {
        "format": "qp",
        "active_variables": text(np.array(active, dtype="<i4")),
        "energies": text(found.record.energy[order].astype("<f8")),
        "solutions": text(np.packbits(rows, axis=1)),
        "num_occurrences": text(times),
        "num_variables": solver()["properties"]["num_qubits"],
        "timing": {
            "qpu_access_time": _microseconds(reads),
            "qpu_programming_time": PROGRAM_MICROSECONDS,
            "qpu_anneal_time_per_sample": 20.0,
        },
    }
