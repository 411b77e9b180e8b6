"""Break-glass: one person approves at once, under a cap, with a ticket, and everybody is told.

It is looked at afterwards by so many distinct people within so many hours. Until a late one is looked
at, that person's emergency door stays shut.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from hybridops.approvals import votes
from hybridops.approvals.models import AfterReview, ApprovalRequest, BreakGlass
from hybridops.approvals.moves import move
from hybridops.approvals.notices import notify
from hybridops.approvals.queries import request_for
from hybridops.approvals.votes import EMERGENCY, Vote
from hybridops.audit.keyring import pair
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.decide import DECIDING, may_decide
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.domain.policy import BreakGlass as Door
from hybridops.domain.presence import Presence, check_presence
from hybridops.domain.states import RequestState
from hybridops.teams.access import actor, check_may, may, teams_with, voter, voters
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.trust import dsse
from hybridops.trust.canonical import digest_of
from hybridops.trust.personal import all_salted, digests

USE = Permission.BREAK_GLASS


@transaction.atomic(savepoint=False)
def use(
    *,
    user: User,
    request_id: int,
    digest_shown: str,
    reason: str,
    ticket: str,
    presence: Presence,
    door: Door | None,
) -> ApprovalRequest:
    """Approves one pending request in an emergency; raises Refused where the policy or the person's past says no.

    `door` is what the policy in force says about emergencies, None where it has no such door.
    """
    seen = request_for(user, request_id)
    check_may(user, USE, seen.team_id)
    request = ApprovalRequest.objects.select_for_update().get(pk=request_id)
    if door is None:
        raise Refused("The policy has no emergency door.")
    _check_person(user, request)
    _check_request(request, digest_shown, door)
    if not reason.strip() or not ticket.strip():
        raise BadInput("Give the reason and the ticket: everybody reads them.", field="reason")
    check_presence(presence, accepted=door.step_up, now=clock.now())
    made = BreakGlass.objects.create(
        request=request,
        person=user,
        reason=reason.strip(),
        ticket=ticket.strip()[:80],
        of=door.review.of,
        need=door.review.count,
        used_at=clock.now(),
        review_due_at=clock.now() + door.review_within,
    )
    by = actor(user)
    vote = Vote(
        EMERGENCY,
        by,
        user.pk,
        reason=made.reason,
        ticket=made.ticket,
        limits=limits_of(door),
        presence=presence,
    )
    votes.write(request, vote)
    move(request, RequestState.APPROVED, f"break-glass, {made.ticket}: {made.reason}", by)
    _alarm(request, made)
    return request


def limits_of(door: Door) -> dict[str, Any]:
    """What is signed beside an emergency approval: the cap, the proofs that count."""
    return {"usd_max": door.usd_max, "step_up": list(door.step_up)}


def use_to_sign(
    request: ApprovalRequest, *, by: Actor, seed: str, door: Door | None, reason: str, ticket: str
) -> str:
    """What a passkey signs for an emergency: the request, the words, and the limits of the door."""
    if door is None:
        raise Refused("The policy has no emergency door.")
    words = all_salted(by.key, {"reason": reason.strip(), "ticket": ticket.strip()[:80]}, seed)
    return votes.challenge(request.digest, verdict=EMERGENCY, words=words, limits=limits_of(door))


def _check_person(user: User, request: ApprovalRequest) -> None:
    if user.kind != User.PERSON or user.pk in {*request.involved, request.requester_id}:
        raise Refused(
            "You asked for this run or made part of it, so somebody else decides, in an emergency too."
        )
    if late := overdue(user).first():
        raise Refused(
            f"Your use on {late.request} was not looked at in time. Until it is, the emergency door stays shut."
        )


def _check_request(request: ApprovalRequest, digest_shown: str, door: Door) -> None:
    if request.state != RequestState.PENDING or clock.now() >= request.lapses_at:
        raise Conflict("This request does not wait for a decision any more.")
    if request.digest != digest_shown:
        raise Conflict("The request changed while you read it. Nothing was approved; read it again.")
    if votes.assessment_of(request).denied:
        raise Refused("The policy denies this, and no emergency opens it.")
    if Decimal(request.envelope["cost_usd_max"]) > door.usd_max:
        raise Refused(f"The emergency door ends at ${door.usd_max}; this may cost more.")


def _alarm(request: ApprovalRequest, made: BreakGlass) -> None:
    to = [pk for pk, one in voters(request.team_id).items() if one.active and one.roles & DECIDING]
    facts = {"by": made.person_id, "review_due_at": made.review_due_at.isoformat()}
    notify("alarm", request, to=to, facts=facts)


def stands(request: ApprovalRequest) -> bool:
    """Whether a request was approved in an emergency; raises Refused where that does not hold any more."""
    vote = request.decisions.filter(revision=request.revision, verdict=EMERGENCY).first()
    if vote is None or vote.person is None:
        return False
    said = votes.signed(request, vote)
    if said["by"]["id"] != str(vote.person_id) or vote.person_id in {*request.involved, request.requester_id}:
        raise Refused("The emergency approval was signed by somebody else.")
    if not may(vote.person, USE, request.team_id) or vote.person.kind != User.PERSON:
        raise Refused(f"{vote.person} may not use the emergency door any more.")
    if Decimal(request.envelope["cost_usd_max"]) > Decimal(said["limits"]["usd_max"]):
        raise Refused("It may cost more than the emergency door allows.")
    votes.check_proof(said, votes.methods_in(said["limits"]["step_up"]))
    return True


@transaction.atomic(savepoint=False)
def review(*, user: User, use_id: int, in_order: bool, text: str, presence: Presence) -> BreakGlass:
    """One person's look at a use afterwards, signed; enough distinct people end it."""
    made = BreakGlass.objects.select_for_update().filter(pk=use_id).first()
    if made is None:
        raise NotYours("There is nothing here for you.")
    request = request_for(user, made.request_id)
    if user.pk == made.person_id:
        raise Refused("Somebody else looks at what you did.")
    if not may_review(user, made):
        raise NotYours("There is nothing here for you.")
    if made.reviews.filter(person=user).exists():
        raise Refused("You have looked at this already.")
    if not text.strip():
        raise BadInput("Say what you found.", field="text")
    check_presence(presence, accepted=votes.assessment_of(request).step_up, now=clock.now())
    _write_review(made, request, user, in_order, text.strip(), presence)
    if made.reviewed_at is None and made.reviews.count() >= made.need:
        made.reviewed_at = clock.now()
        made.save(update_fields=["reviewed_at"])
    return made


def to_sign(made: BreakGlass | None, *, by: Actor, seed: str, in_order: bool, text: str) -> str:
    """What a passkey signs for a look at a use."""
    if made is None:
        raise Refused("There is nothing to look at.")
    words = all_salted(by.key, {"reason": text.strip()}, seed)
    verdict, limits = _found(in_order), _about(made)
    return votes.challenge(made.request.digest, verdict=verdict, words=words, limits=limits)


def _found(in_order: bool) -> str:
    return "in order" if in_order else "not in order"


def _about(made: BreakGlass) -> dict[str, str]:
    return {"use": str(made.pk)}


def _write_review(
    made: BreakGlass, request: ApprovalRequest, user: User, in_order: bool, text: str, presence: Presence
) -> None:
    by = actor(user)
    words = all_salted(by.key, {"reason": text}, presence.seed)
    statement = {
        "request": request.pk,
        "subject": request.digest,
        "verdict": _found(in_order),
        "personal": digests(words),
        "limits": _about(made),
        "by": by.document(),
        "at": clock.now().isoformat(),
        "presence": presence.document(),
    }
    envelope = dsse.sign(kind="review", name=str(request), document=statement, pair=pair("decision"))
    AfterReview.objects.create(
        use=made, person=user, in_order=in_order, text=text, envelope=envelope, made_at=clock.now()
    )
    facts = {"use": made.pk, "in_order": in_order, "digest": request.digest, "envelope": digest_of(envelope)}
    record(stream=f"request:{request.pk}", action="approval.reviewed", actor=by, facts=facts, texts=words)


def of(request: ApprovalRequest) -> BreakGlass | None:
    """The use of the emergency door by which a request was approved, with what was found afterwards."""
    rows = BreakGlass.objects.filter(request=request).select_related("person")
    return rows.prefetch_related("reviews__person").first()


def may_review(user: User, made: BreakGlass) -> bool:
    """Whether this person's look is one of those that are due."""
    request, person = made.request, voter(user, made.request.team_id)
    involved = {*request.involved, request.requester_id, made.person_id}
    return may_decide(person, involved) and made.of in person.roles


def is_due_from(user: User, made: BreakGlass) -> bool:
    """Whether this person may look at it, has not, and it is not looked at by enough."""
    looked = any(one.person_id == user.pk for one in made.reviews.all())
    return made.reviewed_at is None and not looked and may_review(user, made)


def overdue(user: User) -> QuerySet[BreakGlass]:
    """This person's uses that nobody looked at in time."""
    rows = BreakGlass.objects.filter(person=user, reviewed_at=None, review_due_at__lte=clock.now())
    return rows.select_related("request")


def to_review(user: User) -> QuerySet[BreakGlass]:
    """The uses in this person's teams that are not looked at yet, the most urgent first."""
    teams = teams_with(user, Permission.SEE_RUNS).values("pk")
    rows = BreakGlass.objects.filter(request__team__in=teams, reviewed_at=None)
    return rows.select_related("request", "person").order_by("review_due_at")
