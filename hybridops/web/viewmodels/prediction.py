"""The stave of a run that does not exist yet: who would work when, from the estimate and the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from hybridops.engine.preview import Preview
from hybridops.web.figures import Bar, Kind, Lane, Stave

ANSWER_SECONDS = 30 * 60.0  # drawn for a person where nobody has answered yet


def predicted(seen: Preview, *, answer_seconds: float | None, now: datetime) -> Stave:
    """Classical work, the person if one has to agree, the queue, the QPU, the score."""
    backend, quote = seen.chosen.backend, seen.chosen.quote
    shots = int(seen.definition.check_parameters(seen.wanted.parameters).get("shots", 1))
    asks = seen.chosen.assessment is not None and not seen.chosen.assessment.by_policy
    qpu = shots * (backend.rep_delay_seconds + seen.estimate.circuit_seconds)
    waits = ANSWER_SECONDS if answer_seconds is None else answer_seconds
    pieces = (
        (Lane.CPU, seen.estimate.cpu_seconds, "Classical work", Kind.WORK),
        (Lane.GPU, seen.estimate.gpu_seconds, "Narrow the search", Kind.WORK),
        (Lane.PERSON, waits if asks else 0.0, "Approval", Kind.WORK),
        (Lane.QPU, backend.wait_seconds or 0.0, f"Queue of {backend.name}", Kind.WAIT),
        (Lane.QPU, qpu if quote is not None else 0.0, backend.name, Kind.WORK),
        (Lane.CPU, 1.0, "Score", Kind.WORK),
    )
    bars, at = [], now
    for lane, seconds, name, kind in pieces:
        if seconds > 0:
            bars.append(Bar(lane, at, at + timedelta(seconds=seconds), name, kind))
            at = bars[-1].end
    return Stave(tuple(bars), now=now, deadline=seen.wanted.deadline)
