"""The gate: ask, decide, consume, expire. Each move is one guarded UPDATE with its event.

This room knows envelopes and people, not runs: who wants to go on asks `consume`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from hybridops.approvals import votes
from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.envelope import Envelope, narrow, read
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.risk import Assessment, Voter, check_may_decide, is_agreed
from hybridops.domain.states import REQUEST_MOVES, RequestState, check_move
from hybridops.trust.canonical import digest_of

VERDICTS = ("approve", "narrow", "changes", "reject")


@transaction.atomic(savepoint=False)
def ask(
    *,
    team_id: int,
    requester_id: int,
    subject: str,
    title: str,
    envelope: Envelope,
    assessment: Assessment,
    evidence: Mapping[str, Any],
    involved: frozenset[int],
    lapses_at: datetime,
    policy_name: str,
    actor: Actor,
) -> ApprovalRequest:
    """Opens a request, or answers the open one for the same digest; the policy may sign it by itself."""
    document = envelope.document()
    digest = digest_of(document)
    known = open_for(subject)
    if known is not None:
        if known.digest != digest:
            raise Conflict("There is an open request for this with other content.")
        return known
    made = ApprovalRequest.objects.create(
        team_id=team_id,
        requester_id=requester_id,
        subject=subject,
        title=title[:120],
        state=RequestState.PENDING,
        envelope=document,
        digest=digest,
        assessment=assessment.document(),
        evidence=dict(evidence),
        involved=sorted(involved),
        asked_at=clock.now(),
        lapses_at=lapses_at,
    )
    facts = {
        "subject": subject,
        "digest": digest,
        "score": assessment.score,
        "lapses_at": lapses_at.isoformat(),
    }
    record(stream=f"request:{made.pk}", action="approval.asked", actor=actor, facts=facts)
    if assessment.by_policy:
        by = Actor("policy", policy_name, policy_name, actor.on_behalf)
        why = f"{assessment.score} points are under the line of {assessment.line}"
        votes.write(made, by, None, frozenset(), "approve", why, {})
        _move(made, RequestState.APPROVED, why, by)
    return made


def open_for(subject: str) -> ApprovalRequest | None:
    """The request about a subject that is pending or approved."""
    states = (RequestState.PENDING, RequestState.APPROVED)
    return ApprovalRequest.objects.filter(subject=subject, state__in=states).first()


@transaction.atomic(savepoint=False)
def decide(
    *,
    request_id: int,
    voter: Voter,
    actor: Actor,
    verdict: str,
    digest_shown: str,
    reason: str = "",
    limits: Mapping[str, Any] | None = None,
) -> ApprovalRequest:
    """One person's vote on exactly what they were shown.

    Raises NotYours or Refused where this person may not, Conflict where the request has changed or
    ended meanwhile, BadInput where the verdict, a limit or a missing reason is wrong.
    """
    request = ApprovalRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise BadInput("There is no such request.")
    check_may_decide(voter, involved=frozenset(request.involved), already=votes.voted(request))
    _check_vote(request, verdict, digest_shown, reason)
    if limits and verdict != "narrow":
        raise BadInput("Limits belong to an approval with limits.", field="verdict")
    if verdict == "narrow":
        limits = dict(limits or {})
        _narrow(request, limits, actor)
    votes.write(request, actor, voter.id, voter.roles, verdict, reason.strip(), limits or {})
    _conclude(request, verdict, reason.strip(), actor)
    return request


def _check_vote(request: ApprovalRequest, verdict: str, digest_shown: str, reason: str) -> None:
    if verdict not in VERDICTS:
        raise BadInput(
            "Choose one of: approve, approve with limits, ask for changes, reject.", field="verdict"
        )
    if request.state != RequestState.PENDING:
        raise Conflict(
            f"This request is {request.state.replace('_', ' ')} already. Your decision was not recorded."
        )
    if request.digest != digest_shown:
        raise Conflict(
            "The request changed while you read it. Your decision was not recorded; read it again."
        )
    if clock.now() >= request.lapses_at:
        raise Conflict("This request lapsed before your decision. Nothing was approved.")
    if verdict != "approve" and not reason.strip():
        raise BadInput("Give a reason: the requester reads it, and it stays in the trail.", field="reason")


def _narrow(request: ApprovalRequest, limits: dict[str, Any], actor: Actor) -> None:
    """A new revision with tighter limits: earlier votes were about another digest and no longer count."""
    tighter = narrow(read(request.envelope), **limits)
    for name, value in limits.items():
        limits[name] = value.isoformat() if isinstance(value, datetime) else str(value)
    request.envelope = tighter.document()
    request.digest = digest_of(request.envelope)
    request.revision += 1
    request.save(update_fields=["envelope", "digest", "revision"])
    facts = {"revision": request.revision, "digest": request.digest, "limits": limits}
    record(stream=f"request:{request.pk}", action="approval.narrowed", actor=actor, facts=facts)


def _conclude(request: ApprovalRequest, verdict: str, reason: str, actor: Actor) -> None:
    if verdict == "reject":
        _move(request, RequestState.REJECTED, reason, actor)
    elif verdict == "changes":
        _move(request, RequestState.CHANGES_REQUESTED, reason, actor)
    elif is_agreed(votes.assessment_of(request), votes.in_favour(request)):
        _move(request, RequestState.APPROVED, "everybody who has to agree has agreed", actor)


def _move(request: ApprovalRequest, target: RequestState, why: str, actor: Actor) -> None:
    """The only writer of a request's state: checked against the table, guarded, with its event."""
    source = RequestState(request.state)
    check_move(REQUEST_MOVES, source, target)
    values: dict[str, Any] = {"state": target}
    if target != RequestState.APPROVED:
        values["ended_at"] = clock.now()
    if ApprovalRequest.objects.filter(pk=request.pk, state=source).update(**values) != 1:
        raise Conflict("Somebody else decided at this moment.")
    request.state = target
    facts = {"from": source, "to": target, "why": why, "digest": request.digest, "subject": request.subject}
    record(stream=f"request:{request.pk}", action=f"approval.{target}", actor=actor, facts=facts)


@transaction.atomic(savepoint=False)
def consume(*, request_id: int, digest: str, actor: Actor) -> Envelope:
    """Uses an approval up, once, for exactly this digest; raises Refused or Conflict otherwise.

    Every vote is verified again here, at the moment it counts: signed for this, by somebody who may still
    decide, and enough of them.
    """
    request = ApprovalRequest.objects.select_for_update().get(pk=request_id)
    if request.digest != digest or digest_of(request.envelope) != digest:
        raise Refused("What would be sent is not what was approved.")
    if clock.now() >= request.lapses_at:
        raise Refused("The approval lapsed before it was used.")
    votes.check_standing(request)
    _move(request, RequestState.CONSUMED, "its submissions are reserved", actor)
    return read(request.envelope)


@transaction.atomic(savepoint=False)
def close(*, request_id: int, target: RequestState, why: str, actor: Actor) -> bool:
    """Withdraws, expires or marks stale an open request; False where it has ended already."""
    request = ApprovalRequest.objects.select_for_update().get(pk=request_id)
    if target not in REQUEST_MOVES[RequestState(request.state)]:
        return False
    _move(request, target, why, actor)
    return True


def lapsed(*, limit: int = 100) -> list[ApprovalRequest]:
    """Open requests past their time: silence is never a yes."""
    states = (RequestState.PENDING, RequestState.APPROVED)
    rows = ApprovalRequest.objects.filter(state__in=states, lapses_at__lte=clock.now())
    return list(rows.order_by("lapses_at")[:limit])


def is_decided(subject: str) -> bool:
    """Whether the newest request about a subject is no longer pending."""
    state = (
        ApprovalRequest.objects.filter(subject=subject)
        .order_by("-id")
        .values_list("state", flat=True)
        .first()
    )
    return state is not None and state != RequestState.PENDING


def team_of(request_id: int) -> int:
    """The team whose inboxes a request stands in."""
    return ApprovalRequest.objects.values_list("team_id", flat=True).get(pk=request_id)
