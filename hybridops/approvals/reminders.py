"""While people are waited for: reminders at a quarter, half and three quarters of the time, then escalation.

Time is counted from the moment the request is pending. A request that nobody can satisfy any more is
escalated at once; whatever happens here, it is never weaker than before.
"""

from __future__ import annotations

from django.db import transaction

from hybridops.approvals import votes
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.notices import notify
from hybridops.approvals.queries import missing_people
from hybridops.domain import clock
from hybridops.domain.decide import may_decide, missing_words
from hybridops.domain.states import RequestState
from hybridops.teams.access import voters

QUARTERS = 3


def remind() -> list[ApprovalRequest]:
    """Tells whom it concerns, once for each quarter that has passed; answers which requests were told of."""
    rows = ApprovalRequest.objects.filter(state=RequestState.PENDING, lapses_at__gt=clock.now())
    told = [row for row in rows.filter(reminders__lt=QUARTERS) if _remind(row)]
    return told + [row for row in rows.filter(escalated_at=None) if _escalate(row)]


def _quarters(request: ApprovalRequest) -> int:
    whole = (request.lapses_at - request.asked_at).total_seconds()
    passed = (clock.now() - request.asked_at).total_seconds()
    return min(QUARTERS, int(4 * passed / whole)) if whole > 0 else QUARTERS


@transaction.atomic
def _remind(request: ApprovalRequest) -> bool:
    quarters = _quarters(request)
    rows = ApprovalRequest.objects.filter(pk=request.pk, state=RequestState.PENDING, reminders__lt=quarters)
    if not rows.update(reminders=quarters):
        return False
    done = votes.voted(request)
    to = [
        pk
        for pk, one in voters(request.team_id).items()
        if pk not in done and may_decide(one, request.involved)
    ]
    notify(
        "reminder", request, to=to, facts={"quarters": quarters, "lapses_at": request.lapses_at.isoformat()}
    )
    return True


@transaction.atomic
def _escalate(request: ApprovalRequest) -> bool:
    missing = missing_people(request)
    if not missing and _quarters(request) < QUARTERS:
        return False
    rows = ApprovalRequest.objects.filter(pk=request.pk, state=RequestState.PENDING, escalated_at=None)
    if not rows.update(escalated_at=clock.now()):
        return False
    group = votes.assessment_of(request).escalate_to
    to = [pk for pk, one in voters(request.team_id).items() if one.active and group in one.roles]
    why = f"{missing_words(missing)} would be needed" if missing else "three quarters of its time have passed"
    notify("escalation", request, to=to, facts={"group": group, "why": why})
    return True
