"""The REST client of dwave-cloud-client, made so that it does nothing behind our back.

By itself it repeats every request ten times and, from DEBUG on, writes its configuration with the token into the
log. This one asks once, gets the token only after it was made, and its loggers stay above DEBUG.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any


def client(token: str, *, endpoint: str | None, ca: str | None, timeout_seconds: float) -> tuple[Any, Any]:
    """The SDK's resources `Solvers` and `Problems`."""
    for name in ("dwave.cloud", "dwave.cloud.api"):
        logging.getLogger(name).setLevel(logging.INFO)
    from dwave.cloud.api.client import SolverAPIClient
    from dwave.cloud.api.resources import Problems, Solvers

    made = []
    for resource in (Solvers, Problems):
        api = SolverAPIClient(
            endpoint=endpoint,
            timeout=(timeout_seconds, timeout_seconds),
            retry={"total": 0, "backoff_factor": 0.0, "backoff_max": 0.0},
            verify=ca or True,
        )
        api.session.headers["X-Auth-Token"] = token
        made.append(resource(client=api))
    return made[0], made[1]


def errors() -> tuple[type[Exception], ...]:
    """What the client raises."""
    from requests import RequestException

    return (RequestException,)


def job(
    solver: Mapping[str, Any], linear: Any, quadratic: Any, offset: float, *, reads: int, label: str
) -> Any:
    """A problem in the SDK's encoding for this solver's graph."""
    from dwave.cloud.api.models import ProblemJob
    from dwave.cloud.coders import encode_problem_as_qp

    return ProblemJob(
        data=encode_problem_as_qp(structured(solver), linear, quadratic, offset, undirected_biases=True),
        params={"num_reads": reads, "answer_mode": "histogram"},
        solver=dict(solver["identity"]),
        type="qubo",
        label=label,
    )


def structured(solver: Mapping[str, Any]) -> Any:
    """The SDK's own description of a solver, which knows its encoding and its times."""
    from dwave.cloud.solver import StructuredSolver

    return StructuredSolver(None, dict(solver))


def seconds(solver: Mapping[str, Any], qubits: int) -> float:
    """Seconds that one read takes on the QPU, by the SDK's formula; without what programming takes once."""
    made = structured(solver)
    both = [made.estimate_qpu_access_time(num_qubits=qubits, num_reads=reads) for reads in (1, 2)]
    return float(both[1] - both[0]) / 1e6
