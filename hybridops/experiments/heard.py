"""What the move of a submission says of where it was sent: told to the breakers in the transaction of the move."""

from __future__ import annotations

from hybridops.backends import breakers
from hybridops.domain.breaker import OF_PROVIDER, Verdict, verdict
from hybridops.domain.states import SubmissionState
from hybridops.experiments.announce import queues_changed
from hybridops.experiments.models import Submission

_S = SubmissionState
_SAYS_NOTHING_YET = frozenset({_S.RESERVED, _S.SUBMITTED, _S.RUNNING})


def hear(row: Submission, target: SubmissionState, fault: str) -> None:
    """`fault` is the kind of the vendor's error, or empty. A job that ran too long was too long, whoever ran it."""
    queues_changed()
    if target in _SAYS_NOTHING_YET:
        return
    of_job = target == _S.FAILED
    kind = "" if of_job and fault == "timeout" else fault
    said = Verdict.SOUND if target == _S.RETRIEVED else verdict(kind)
    breakers.hear(
        provider=row.provider,
        backend=row.backend,
        job=row.key,
        verdict=said,
        kind=kind,
        whole=not of_job and kind in OF_PROVIDER,
    )
