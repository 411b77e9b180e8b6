"""D-Wave's words and ours: states, errors, solvers, answers. Asks nobody, imports no SDK."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from hybridops.domain.ports import Backend, RemoteJob, RemoteState, Usage
from hybridops.providers import remote
from hybridops.providers.embedding import Placed
from hybridops.providers.remote import Meaning
from hybridops.trust.canonical import digest_of

STATES = {
    "PENDING": RemoteState.QUEUED,
    "IN_PROGRESS": RemoteState.RUNNING,
    "COMPLETED": RemoteState.COMPLETED,
    "FAILED": RemoteState.FAILED,
    "CANCELLED": RemoteState.CANCELLED,
}
# By the code that SAPI puts into an error, which is the HTTP status or one of its own.
CODES = {
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
# The exceptions of the SDK's REST client, for those that carry no code.
ERRORS = {
    "RequestError": remote.UNKNOWN,
    "ResourceBadRequestError": CODES[400],
    "ResourceAuthenticationError": CODES[401],
    "ResourceAccessForbiddenError": CODES[403],
    "ResourceNotFoundError": CODES[404],
    "ResourceConflictError": CODES[409],
    "ResourceLimitsExceededError": CODES[429],
    "ResourceBadResponseError": Meaning("malformed", certain=False),
    "InternalServerError": Meaning("provider_fault", certain=False),
    "RequestTimeout": Meaning("timeout", certain=False),
}


def meaning(code: int) -> Meaning:
    if code in CODES:
        return CODES[code]
    return Meaning("provider_fault", certain=False) if 500 <= code < 600 else remote.UNKNOWN


def offered(solver: Mapping[str, Any]) -> bool:
    """Whether a solver is a QPU that takes a cost on its own graph."""
    properties = solver["properties"]
    return properties.get("category") == "qpu" and "qubo" in properties["supported_problem_types"]


def backend_of(solver: Mapping[str, Any], *, provider: str, region: str) -> Backend:
    """A QPU. Its graph is large and kept beside; the record names it by its digest."""
    properties = solver["properties"]
    identity = solver["identity"]
    graph = {"qubits": properties["qubits"], "couplers": properties["couplers"]}
    body = {
        "provider": provider,
        "name": str(identity["name"]),
        "kind": "annealer",
        "qubits": len(properties["qubits"]),
        "shots_max": int(properties["num_reads_range"][1]),
        "calibrated_at": None,
        "calibration": {
            "note": "a working graph; D-Wave tells no error rates",
            "graph_id": str((identity.get("version") or {}).get("graph_id") or ""),
            "graph": digest_of(graph),
            "topology": properties.get("topology", {}),
            "coupler_count": len(properties["couplers"]),
            "timing": properties.get("problem_timing_data", {}),
        },
        "rep_delay_seconds": 0.0,
        "region": region,
    }
    online = str(solver["status"]).upper() == "ONLINE"
    return remote.seen(body, available=online, queue_length=None, wait_seconds=None)


def remote_job(told: Mapping[str, Any]) -> RemoteJob:
    state = remote.state_of(STATES, told["status"])
    failed = state is RemoteState.FAILED
    reason = str(told.get("error_message") or "D-Wave gives no reason")
    return RemoteJob(
        job_id=told["id"],
        key=str(told.get("label") or ""),
        state=state,
        raw_status=told["status"],
        error_kind="provider_fault" if failed else None,
        error=remote.sentence(reason) if failed else None,
    )


def usage_of(told: Mapping[str, Any]) -> Usage | None:
    """The QPU's access time is what is charged, for completed problems."""
    state = remote.state_of(STATES, told["status"])
    if not state.final:
        return None
    if state is not RemoteState.COMPLETED:
        return Usage(tasks=0, shots=0, qpu_seconds=0.0, final=True)
    answer = told["answer"]
    reads = int(_integers(answer["num_occurrences"]).sum())
    seconds = float(answer["timing"]["qpu_access_time"]) / 1e6
    return Usage(tasks=1, shots=reads, qpu_seconds=seconds, final=True)


def counts_of(answer: Mapping[str, Any], placed: Placed) -> tuple[dict[str, int], float]:
    """Counts of the cost's own bits from an answer in `qp` format, and the share of chains that did not agree."""
    times, active = _integers(answer["num_occurrences"]), _integers(answer["active_variables"])
    packed = np.frombuffer(base64.b64decode(answer["solutions"]), dtype=np.uint8)
    rows = np.unpackbits(packed.reshape(len(times), -1), axis=1)[:, : len(active)]
    bits, broken = placed.unplaced(active.tolist(), rows)
    counts: Counter[str] = Counter()
    for row, count in zip(bits, times.tolist(), strict=True):
        counts["".join(map(str, row.tolist()))] += count
    return dict(sorted(counts.items())), broken


def _integers(text: str) -> Any:
    return np.frombuffer(base64.b64decode(text), dtype="<i4")
