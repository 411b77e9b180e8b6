"""IBM Quantum's words and ours: states, error codes, tags, backends, results. Asks nobody, imports no SDK."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.domain.ports import Backend, RemoteJob, RemoteState, Usage
from hybridops.providers import devices, remote
from hybridops.providers.remote import Meaning

NATIVE = {"cz", "sx", "x", "rz"}  # what our compiler writes
# As the API writes them, in capitals.
STATES = {
    "QUEUED": RemoteState.QUEUED,
    "RUNNING": RemoteState.RUNNING,
    "COMPLETED": RemoteState.COMPLETED,
    "FAILED": RemoteState.FAILED,
    "CANCELLED": RemoteState.CANCELLED,
    "CANCELLED - RAN TOO LONG": RemoteState.FAILED,
}
RAN_TOO_LONG = 1305  # said of a cancelled job: nobody wanted that, so it has failed
_CERTAIN, _OPEN = True, False
# Codes of IBM's public registry; those that a submission may be answered with tell whether it was taken.
CODES = {
    1002: Meaning("invalid_program", _CERTAIN),
    1003: Meaning("invalid_program", _CERTAIN),
    1004: Meaning("backend_down", _CERTAIN),
    1005: Meaning("backend_down", _CERTAIN),
    1006: Meaning("provider_fault", _OPEN),
    1007: Meaning("backend_down", _CERTAIN),
    1008: Meaning("provider_fault", _OPEN),
    1009: Meaning("backend_down", _CERTAIN),
    1010: Meaning("provider_fault", _OPEN),
    1011: Meaning("provider_fault", _OPEN),
    1200: Meaning("auth", _CERTAIN),
    1201: Meaning("auth", _CERTAIN),
    1202: Meaning("rate_limit", _CERTAIN),
    1204: Meaning("invalid_program", _CERTAIN),
    1205: Meaning("invalid_program", _CERTAIN),
    RAN_TOO_LONG: Meaning("timeout", _OPEN),
}
# By HTTP status, where the body has no code that is known.
STATUSES = {
    400: Meaning("invalid_program", _CERTAIN),
    401: Meaning("auth", _CERTAIN),
    403: Meaning("auth", _CERTAIN),
    404: Meaning("unknown_job", _CERTAIN),
    409: Meaning("budget", _CERTAIN),  # of a submission: usage exceeds the instance's limit
    413: Meaning("too_large", _CERTAIN),
    429: Meaning("rate_limit", _CERTAIN),
}
_FAULT, _UNKNOWN = Meaning("provider_fault", _OPEN), remote.UNKNOWN
_BOUND = "hb-sets"
_TAG_CHARACTERS = 18  # of a digest in one tag: the registry knows a longest tag (1205) and does not tell it


def fault(status: int) -> Meaning:
    """What an HTTP status means that is in no table. 503 is IBM's answer during maintenance."""
    if status == 503:
        return Meaning("backend_down", _OPEN)
    return _FAULT if status >= 500 else _UNKNOWN


def told_by(text: str) -> tuple[int, str]:
    """Code and message of an error's body; 0 and nothing where it is another."""
    try:
        body = json.loads(text)
        first = body["errors"][0] if "errors" in body else body["error"]
        return int(first.get("code") or 0), str(first.get("message") or "")
    except (AttributeError, LookupError, TypeError, ValueError):
        return 0, ""


def key_tag(key: str) -> str:
    """The tag by which a job is found; short, and the same for the same key."""
    return f"ho-{_base32(hashlib.sha256(key.encode()).digest())[:_TAG_CHARACTERS]}"


def tags(key: str, calibration: str, *, bound: bool = False) -> list[str]:
    """The key's tag, the calibration's whole digest in three pieces, and whether its circuits are one template's."""
    text = _base32(bytes.fromhex(calibration))
    pieces = [text[at : at + _TAG_CHARACTERS] for at in range(0, len(text), _TAG_CHARACTERS)]
    told = [key_tag(key), *(f"hc{number}-{piece}" for number, piece in enumerate(pieces))]
    return [*told, _BOUND] if bound else told


def is_bound(given: Sequence[str]) -> bool:
    """Whether `tags` said that its circuits are one template under sets of values."""
    return _BOUND in given


def calibration_of(given: Sequence[str]) -> str:
    """The digest that `tags` wrote, or nothing."""
    text = "".join(tag[4:] for tag in sorted(given) if tag.startswith("hc") and tag[3:4] == "-").upper()
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8)).hex()
    except ValueError:
        return ""


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def backend_of(
    told: Mapping[str, Any],
    configuration: Mapping[str, Any],
    properties: Mapping[str, Any],
    *,
    provider: str,
    region: str,
) -> Backend | None:
    """A machine as /backends and its own two pages describe it; None where our compiler has not its gates.

    Its calibration holds every value that a compilation looks at, so a compilation can be repeated later.
    """
    if not NATIVE.issubset(configuration["basis_gates"]):
        return None
    name = str(told["name"])
    machine = devices.read(name, configuration, properties)
    calibration = machine.calibration() | {"note": "as IBM tells it", "machine": machine.table()}
    body = {
        "provider": provider,
        "name": name,
        "kind": "qpu",
        "qubits": machine.size,
        "shots_max": int(configuration["max_shots"]),
        "calibrated_at": machine.calibrated_at.isoformat(),
        "calibration": calibration,
        "rep_delay_seconds": machine.rep_delay_seconds,
        "region": region,
    }
    status = told.get("status") or {}
    open_now = str(status.get("name", "")).lower() == "online"
    return remote.seen(body, available=open_now, queue_length=told.get("queue_length"), wait_seconds=None)


def state_of(job: Mapping[str, Any]) -> RemoteState:
    """A cancelled job that ran too long was not cancelled by anybody who wanted that."""
    told = job["state"]
    state = remote.state_of(STATES, str(told["status"]).upper())
    if state is RemoteState.CANCELLED and _reason_code(job) == RAN_TOO_LONG:
        return RemoteState.FAILED
    return state


def _reason_code(job: Mapping[str, Any]) -> int:
    code = job["state"].get("reason_code") or job["state"].get("reasonCode") or 0
    return int(code) if str(code).isdecimal() else 0


def remote_job(job: Mapping[str, Any], key: str = "") -> RemoteJob:
    state, code = state_of(job), _reason_code(job)
    failed = state is RemoteState.FAILED
    reason = str(job["state"].get("reason") or "No reason given")
    return RemoteJob(
        job_id=job["id"],
        key=key,
        state=state,
        raw_status=str(job["state"]["status"]),
        error_kind=CODES.get(code, Meaning("provider_fault")).kind if failed else None,
        error=remote.sentence(f"{code}: {reason}" if code else reason) if failed else None,
    )


def usage_of(job: Mapping[str, Any], metrics: Mapping[str, Any], shots: int) -> Usage:
    """IBM charges seconds of the machine, also those of failed and cancelled jobs; final once it says so."""
    usage = metrics.get("usage") or {}
    final = str(usage.get("status", "pending")).lower() != "pending"
    done = state_of(job) is RemoteState.COMPLETED
    seconds = float(usage.get("qpu_charge_time_seconds") or 0.0)
    tasks = len(job["params"]["pubs"]) if done else 0
    return Usage(tasks=tasks, shots=shots if done else 0, qpu_seconds=seconds, final=final)


def counts_of(answer: Mapping[str, Any]) -> list[dict[str, int]]:
    """Counts of each circuit in the sampler's JSON: shots as hexadecimal numbers, whose lowest bit is bit 0."""
    return [_counts(found["data"]["c"]) for found in answer["results"]]


def _counts(bits: Mapping[str, Any]) -> dict[str, int]:
    size = int(bits["num_bits"])
    counted = Counter(format(int(sample, 16), f"0{size}b")[::-1] for sample in bits["samples"])
    return {text: int(count) for text, count in sorted(counted.items())}
