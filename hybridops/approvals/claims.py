"""A claim says who is deciding, for a quarter of an hour at most. What makes a decision safe is elsewhere."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import may_decide, request_for
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.errors import NotYours, Refused
from hybridops.domain.states import RequestState
from hybridops.teams.access import actor
from hybridops.teams.models import User

LEASE = timedelta(minutes=15)


@transaction.atomic(savepoint=False)
def claim(*, user: User, request_id: int) -> ApprovalRequest:
    """Shows others that this person is deciding; again prolongs it. Raises Refused where another claim stands."""
    request = request_for(user, request_id)
    if not may_decide(user, request):
        raise NotYours("There is nothing here for you.")
    now = clock.now()
    free = Q(claimed_by=None) | Q(claimed_by=user) | Q(claimed_until__lte=now)
    rows = ApprovalRequest.objects.filter(free, pk=request.pk, state=RequestState.PENDING)
    if not rows.update(claimed_by=user, claimed_until=now + LEASE):
        raise Refused(held_words(ApprovalRequest.objects.get(pk=request.pk)))
    record(stream=f"request:{request.pk}", action="approval.claimed", actor=actor(user), facts={})
    return request


@transaction.atomic(savepoint=False)
def release(*, user: User, request_id: int) -> ApprovalRequest:
    """Gives one's own claim back; doing it twice changes nothing."""
    request = request_for(user, request_id)
    rows = ApprovalRequest.objects.filter(pk=request.pk, claimed_by=user)
    if rows.update(claimed_by=None, claimed_until=None):
        record(stream=f"request:{request.pk}", action="approval.released", actor=actor(user), facts={})
    return request


def is_held(request: ApprovalRequest) -> bool:
    """Whether somebody's claim stands now."""
    return request.claimed_until is not None and clock.now() < request.claimed_until


def check_free(request: ApprovalRequest, user_id: int) -> None:
    """Raises Refused, with the name, while somebody else's claim stands."""
    if is_held(request) and request.claimed_by_id != user_id:
        raise Refused(held_words(request))


def held_words(request: ApprovalRequest) -> str:
    if request.claimed_until is None:
        return "This request has ended meanwhile."
    until = f"{request.claimed_until:%H:%M} UTC"
    return f"{request.claimed_by} is deciding on this until {until}, or until they release it."
