"""The four machines and the one list of run states.

Stages, approval requests, submissions and reservations each have a table of legal moves. A run has no
table: its state is a projection of the machines (see `milestone`), cached on its row by the one
function that makes moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hybridops.domain.errors import IllegalMove


class StageState(StrEnum):
    WAITING = "waiting"  # for the stages it needs
    READY = "ready"  # a worker may take it
    RUNNING = "running"  # a worker holds its lease
    HELD = "held"  # for a person, a provider, or a spending stop; the reason says which
    DONE = "done"
    FELL_BACK = "fell_back"  # could not do its work; the definition's fallback goes on without it
    SKIPPED = "skipped"
    FAILED = "failed"


class RequestState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    STALE = "stale"  # approved, but what would be sent has changed since
    CONSUMED = "consumed"


class SubmissionState(StrEnum):
    RESERVED = "reserved"  # intent and money are on disk, nothing was sent
    SUBMITTED = "submitted"
    RUNNING = "running"
    UNKNOWN = "unknown"  # sent, and nobody knows whether it was taken
    RETRIEVED = "retrieved"
    REFUSED = "refused"  # the provider certainly did not take it
    FAILED = "failed"
    CANCELLED = "cancelled"


class ReservationState(StrEnum):
    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"  # its run had ended and left it behind


class DraftState(StrEnum):
    EDITED = "edited"  # its author works on it
    IN_REVIEW = "in_review"  # a second person reads exactly this revision
    SIGNED = "signed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class DocumentState(StrEnum):
    ACTIVE = "active"
    DEPRECATED = "deprecated"  # still runs, and says until when
    RETIRED = "retired"


class NoticeState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    GIVEN_UP = "given_up"  # until a person tries again, or leaves it out
    DROPPED = "dropped"  # whoever was to be told may no longer see it, or a person left it out


class BreakerState(StrEnum):
    CLOSED = "closed"  # everything passes
    OPEN = "open"  # nothing passes for a time, then one trial
    HALF_OPEN = "half_open"  # the trial is on its way
    HELD = "held"  # nothing passes until a person closes it


class RunState(StrEnum):
    QUEUED = "queued"
    VALIDATED = "validated"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    RESERVED = "reserved"
    SUBMITTED = "submitted"
    RUNNING = "running"
    RETRIEVED = "retrieved"
    SCORED = "scored"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    DEGRADED = "degraded"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDINGS = frozenset(
    {
        RunState.ACCEPTED,
        RunState.NOT_ACCEPTED,
        RunState.DEGRADED,
        RunState.REFUSED,
        RunState.EXPIRED,
        RunState.CANCELLED,
        RunState.FAILED,
    }
)

_S, _A, _P, _R, _N = StageState, RequestState, SubmissionState, ReservationState, NoticeState
_D, _W, _B = DocumentState, DraftState, BreakerState

STAGE_MOVES: Mapping[StageState, frozenset[StageState]] = {
    _S.WAITING: frozenset({_S.READY, _S.SKIPPED}),
    _S.READY: frozenset({_S.RUNNING, _S.SKIPPED}),
    _S.RUNNING: frozenset({_S.DONE, _S.HELD, _S.READY, _S.WAITING, _S.FELL_BACK, _S.FAILED, _S.SKIPPED}),
    _S.HELD: frozenset({_S.READY, _S.SKIPPED}),
    # Only when what was approved has changed since: it is compiled, quoted and asked about again.
    _S.DONE: frozenset({_S.READY, _S.WAITING}),
    _S.FELL_BACK: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.FAILED: frozenset(),
}
REQUEST_MOVES: Mapping[RequestState, frozenset[RequestState]] = {
    _A.PENDING: frozenset(
        {_A.APPROVED, _A.REJECTED, _A.CHANGES_REQUESTED, _A.EXPIRED, _A.WITHDRAWN, _A.STALE}
    ),
    _A.APPROVED: frozenset({_A.CONSUMED, _A.EXPIRED, _A.WITHDRAWN, _A.STALE}),
    _A.REJECTED: frozenset(),
    _A.CHANGES_REQUESTED: frozenset(),
    _A.EXPIRED: frozenset(),
    _A.WITHDRAWN: frozenset(),
    _A.STALE: frozenset(),
    _A.CONSUMED: frozenset(),
}
SUBMISSION_MOVES: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    _P.RESERVED: frozenset({_P.SUBMITTED, _P.UNKNOWN, _P.REFUSED, _P.CANCELLED}),
    _P.SUBMITTED: frozenset({_P.RUNNING, _P.RETRIEVED, _P.FAILED, _P.CANCELLED}),
    _P.RUNNING: frozenset({_P.RETRIEVED, _P.FAILED, _P.CANCELLED}),
    _P.UNKNOWN: frozenset({_P.SUBMITTED, _P.REFUSED, _P.FAILED}),
    _P.RETRIEVED: frozenset(),
    _P.REFUSED: frozenset(),
    _P.FAILED: frozenset(),
    _P.CANCELLED: frozenset(),
}
RESERVATION_MOVES: Mapping[ReservationState, frozenset[ReservationState]] = {
    _R.HELD: frozenset({_R.SETTLED, _R.RELEASED, _R.EXPIRED}),
    _R.SETTLED: frozenset(),
    _R.RELEASED: frozenset(),
    _R.EXPIRED: frozenset(),
}
NOTICE_MOVES: Mapping[NoticeState, frozenset[NoticeState]] = {
    _N.QUEUED: frozenset({_N.SENT, _N.GIVEN_UP, _N.DROPPED}),
    _N.GIVEN_UP: frozenset({_N.QUEUED, _N.DROPPED}),
    _N.SENT: frozenset({_N.QUEUED}),  # a person asks for it once more
    _N.DROPPED: frozenset(),
}
DRAFT_MOVES: Mapping[DraftState, frozenset[DraftState]] = {
    _W.EDITED: frozenset({_W.IN_REVIEW, _W.WITHDRAWN}),
    _W.IN_REVIEW: frozenset({_W.EDITED, _W.SIGNED, _W.REJECTED, _W.WITHDRAWN}),
    _W.SIGNED: frozenset(),
    _W.REJECTED: frozenset(),
    _W.WITHDRAWN: frozenset(),
}
DOCUMENT_MOVES: Mapping[DocumentState, frozenset[DocumentState]] = {
    _D.ACTIVE: frozenset({_D.DEPRECATED, _D.RETIRED}),
    _D.DEPRECATED: frozenset({_D.RETIRED}),
    _D.RETIRED: frozenset(),
}
BREAKER_MOVES: Mapping[BreakerState, frozenset[BreakerState]] = {
    _B.CLOSED: frozenset({_B.OPEN, _B.HELD}),
    _B.OPEN: frozenset({_B.HALF_OPEN, _B.CLOSED, _B.HELD}),
    _B.HALF_OPEN: frozenset({_B.CLOSED, _B.OPEN, _B.HELD}),
    _B.HELD: frozenset({_B.CLOSED}),
}


def check_move[S: StrEnum](moves: Mapping[S, frozenset[S]], source: S, target: S) -> None:
    """Raises IllegalMove unless the table has this move."""
    if target not in moves[source]:
        raise IllegalMove(f"{type(source).__name__} has no move from {source} to {target}")


OPEN_STAGES = frozenset({_S.WAITING, _S.READY, _S.RUNNING, _S.HELD})
LIVE_SUBMISSION = frozenset({_P.RESERVED, _P.SUBMITTED, _P.RUNNING, _P.UNKNOWN})


@dataclass(frozen=True, slots=True)
class StageFact:
    """One stage as the projection sees it."""

    key: str
    kind: str
    state: StageState


def milestone(
    stages: Iterable[StageFact], submissions: Iterable[SubmissionState], outcome: RunState | None
) -> RunState:
    """The run's state: what blocks progress now; waiting for a person outranks everything that runs.

    A pure function of the machines and of the recorded outcome; called by the writer of moves only.
    """
    if outcome is not None:
        return outcome
    by_kind = {stage.kind: stage.state for stage in stages}
    sent = set(submissions)
    gate = by_kind.get("gate")
    if gate == _S.HELD:
        return RunState.AWAITING_APPROVAL
    if by_kind.get("score") == _S.DONE:
        return RunState.SCORED
    for states, shown in _BY_SUBMISSION:
        if sent & states:
            return shown
    if gate == _S.DONE:
        return RunState.APPROVED
    if by_kind.get("validate") == _S.DONE:
        return RunState.VALIDATED
    return RunState.QUEUED


_BY_SUBMISSION: tuple[tuple[frozenset[SubmissionState], RunState], ...] = (
    (frozenset({_P.RUNNING}), RunState.RUNNING),
    (frozenset({_P.SUBMITTED, _P.UNKNOWN}), RunState.SUBMITTED),
    (frozenset({_P.RESERVED}), RunState.RESERVED),
    (frozenset({_P.RETRIEVED}), RunState.RETRIEVED),
)
