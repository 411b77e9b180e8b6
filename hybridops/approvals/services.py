"""The gate: ask, decide, consume, expire. Each move is one guarded UPDATE with its event.

This room knows envelopes and people, not runs: who wants to go on asks `consume`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from hybridops.approvals import breakglass, claims, delegations, freezes, votes
from hybridops.approvals.models import ApprovalRequest, Revision
from hybridops.approvals.moves import move
from hybridops.approvals.notices import say
from hybridops.approvals.queries import eligible
from hybridops.approvals.votes import Vote
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.assess import Assessment
from hybridops.domain.decide import Voter, check_may_decide, is_agreed
from hybridops.domain.envelope import Envelope, narrow, read
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.presence import Presence, check_presence
from hybridops.domain.states import REQUEST_MOVES, RequestState
from hybridops.teams.models import User
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
    """Opens a request, or answers the open one for the same digest; the policy may answer it by itself."""
    document = envelope.document()
    digest = digest_of(document)
    known = open_for(subject)
    if known is not None:
        if known.digest != digest:
            raise Conflict("There is an open request for this with other content.")
        return known
    if envelope.assessment != digest_of(assessment.document()):
        raise Refused("The envelope is about another assessment.")
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
    _keep_revision(made)
    facts = {
        "subject": subject,
        "digest": digest,
        "score": assessment.score,
        "tier": assessment.tier,
        "involved": sorted(involved | {requester_id}),
        "lapses_at": lapses_at.isoformat(),
    }
    record(stream=f"request:{made.pk}", action="approval.asked", actor=actor, facts=facts)
    _answer_by_policy(made, assessment, Actor("policy", policy_name, policy_name, actor.on_behalf))
    if made.state == RequestState.PENDING:
        able = [one.id for one in eligible(team_id, made.involved)]
        say("asked", made, to=able, facts={})
    return made


def _answer_by_policy(request: ApprovalRequest, assessment: Assessment, by: Actor) -> None:
    """What the signed policy says by itself, on the same edges as people: yes, no, or nothing."""
    if assessment.denied:
        votes.write(request, Vote("reject", by, reason=assessment.denied))
        move(request, RequestState.REJECTED, assessment.denied, by)
    elif assessment.by_policy:
        why = f"{assessment.score} points: {assessment.tier}"
        votes.write(request, Vote("approve", by, reason=why))
        move(request, RequestState.APPROVED, why, by)


def _keep_revision(request: ApprovalRequest) -> None:
    Revision.objects.create(
        request=request,
        number=request.revision,
        digest=request.digest,
        envelope=request.envelope,
        made_at=clock.now(),
    )


def open_for(subject: str) -> ApprovalRequest | None:
    """The request about a subject that is pending or approved."""
    states = (RequestState.PENDING, RequestState.APPROVED)
    return ApprovalRequest.objects.filter(subject=subject, state__in=states).first()


@transaction.atomic(savepoint=False)
def decide(
    *,
    user: User,
    request_id: int,
    voter: Voter,
    actor: Actor,
    verdict: str,
    digest_shown: str,
    presence: Presence,
    reason: str = "",
    limits: Mapping[str, Any] | None = None,
    on_behalf_id: int | None = None,
) -> ApprovalRequest:
    """One person's vote on exactly what they were shown, made while they proved to be there.

    Raises NotYours or Refused where this person may not (now), Conflict where the request has changed or
    ended meanwhile, BadInput where the verdict, a limit or a missing reason is wrong.
    """
    request = ApprovalRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise BadInput("There is no such request.")
    check_open(request, voter=voter, digest_shown=digest_shown)
    _check_vote(verdict, reason)
    assessment = votes.assessment_of(request)
    _check_yes(request, assessment, voter, verdict, reason)
    if limits and verdict != "narrow":
        raise BadInput("Limits belong to an approval with limits.", field="verdict")
    if on_behalf_id is not None:
        already, involved = votes.voted(request), frozenset(request.involved)
        giver = delegations.check_in_place_of(user, on_behalf_id, request.team_id, involved, already)
        actor = Actor(actor.kind, actor.id, actor.name, str(giver))
    check_presence(presence, accepted=assessment.step_up, now=clock.now())
    if verdict == "narrow":
        _narrow(request, dict(limits or {}), actor)
    vote = Vote(verdict, actor, voter.id, on_behalf_id, voter.roles, reason.strip(), limits or {}, presence)
    votes.write(request, vote)
    _conclude(request, assessment, verdict, reason.strip(), actor)
    ApprovalRequest.objects.filter(pk=request.pk).update(claimed_by=None, claimed_until=None)
    return request


def _check_yes(
    request: ApprovalRequest, assessment: Assessment, voter: Voter, verdict: str, reason: str
) -> None:
    """What stands in the way of a yes only: a freeze, or a rule that is overridden without a word."""
    if verdict not in votes.YES:
        return
    freezes.check_may_approve(request.team_id, voter.id)
    if assessment.to_override and not reason.strip():
        raise BadInput(
            f"Give a reason: this approval overrides a rule, {'; '.join(assessment.to_override)}.",
            field="reason",
        )


def check_open(request: ApprovalRequest, *, voter: Voter, digest_shown: str) -> None:
    """What stands in the way whatever is proved: asked before a code is used up, and again under the lock."""
    check_may_decide(voter, involved=frozenset(request.involved), already=votes.voted(request))
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
    claims.check_free(request, voter.id)


def _check_vote(verdict: str, reason: str) -> None:
    if verdict not in VERDICTS:
        raise BadInput(
            "Choose one of: approve, approve with limits, ask for changes, reject.", field="verdict"
        )
    if verdict != "approve" and not reason.strip():
        raise BadInput("Give a reason: the requester reads it, and it stays in the trail.", field="reason")


def _narrow(request: ApprovalRequest, limits: dict[str, Any], actor: Actor) -> None:
    """A new revision with tighter limits: earlier votes were about another digest and no longer count."""
    tighter = narrow(read(request.envelope), **limits)
    request.envelope = tighter.document()
    request.digest = digest_of(request.envelope)
    request.revision += 1
    request.lapses_at = min(request.lapses_at, tighter.not_after)
    request.save(update_fields=["envelope", "digest", "revision", "lapses_at"])
    _keep_revision(request)
    told = {name: votes.shown(value) for name, value in limits.items()}
    facts = {"revision": request.revision, "digest": request.digest, "limits": told}
    record(stream=f"request:{request.pk}", action="approval.narrowed", actor=actor, facts=facts)


def _conclude(
    request: ApprovalRequest, assessment: Assessment, verdict: str, reason: str, actor: Actor
) -> None:
    if verdict == "reject":
        move(request, RequestState.REJECTED, reason, actor)
    elif verdict == "changes":
        move(request, RequestState.CHANGES_REQUESTED, reason, actor)
    elif is_agreed(assessment.need, votes.in_favour(request)):
        move(request, RequestState.APPROVED, "everybody who has to agree has agreed", actor)
    if request.state != RequestState.PENDING:
        _tell_answer(request)


def _tell_answer(request: ApprovalRequest) -> None:
    answer = str(request.state).replace("_", " ")
    say("decided", request, to=[request.requester_id], facts={"answer": answer})


@transaction.atomic(savepoint=False)
def consume(*, request_id: int, digest: str, actor: Actor) -> Envelope:
    """Uses an approval up, once, for exactly this digest; raises Refused or Conflict otherwise.

    Every vote is verified again here, at the moment it counts: signed for this, proved to be made by
    somebody who was there and may still decide, and enough of them, also while approvals are frozen.
    """
    request = ApprovalRequest.objects.select_for_update().get(pk=request_id)
    if request.digest != digest or digest_of(request.envelope) != digest:
        raise Refused("What would be sent is not what was approved.")
    if clock.now() >= request.lapses_at:
        raise Refused("The approval lapsed before it was used.")
    if not breakglass.stands(request):
        freezes.check_thawed(request.team_id, votes.check_standing(request))
    move(request, RequestState.CONSUMED, "its submissions are reserved", actor)
    return read(request.envelope)


def close_for(subject: str, target: RequestState, *, why: str, actor: Actor) -> None:
    """Closes what is open about a subject, if anything is."""
    request = open_for(subject)
    if request is not None:
        close(request_id=request.pk, target=target, why=why, actor=actor)


@transaction.atomic(savepoint=False)
def close(*, request_id: int, target: RequestState, why: str, actor: Actor) -> bool:
    """Withdraws, expires or marks stale an open request; False where it has ended already."""
    request = ApprovalRequest.objects.select_for_update().get(pk=request_id)
    if target not in REQUEST_MOVES[RequestState(request.state)]:
        return False
    move(request, target, why, actor)
    if target == RequestState.EXPIRED:
        _tell_answer(request)
    return True


def lapsed(*, limit: int = 100) -> list[ApprovalRequest]:
    """Open requests past their time: silence is never a yes."""
    states = (RequestState.PENDING, RequestState.APPROVED)
    rows = ApprovalRequest.objects.filter(state__in=states, lapses_at__lte=clock.now())
    return list(rows.order_by("lapses_at")[:limit])


def team_of(request_id: int) -> int:
    """The team whose inboxes a request stands in."""
    return ApprovalRequest.objects.values_list("team_id", flat=True).get(pk=request_id)


@transaction.atomic(savepoint=False)
def involve(*, subject: str, person_id: int, actor: Actor) -> list[int]:
    """Somebody who takes part from now on does not decide: the open requests about it that this changed."""
    open_ones = ApprovalRequest.objects.select_for_update().filter(
        subject=subject, state__in=(RequestState.PENDING, RequestState.APPROVED)
    )
    changed = [row for row in open_ones if person_id not in row.involved]
    for row in changed:
        ApprovalRequest.objects.filter(pk=row.pk).update(involved=sorted({*row.involved, person_id}))
        record(
            stream=f"request:{row.pk}", action="approval.involved", actor=actor, facts={"person": person_id}
        )
    return [row.pk for row in changed]
