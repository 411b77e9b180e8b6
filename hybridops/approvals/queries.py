"""Requests as people may see them. The count in the rail and the list come from one queryset."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.domain.errors import NotYours
from hybridops.domain.states import RequestState
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


def requests_for(user: User) -> QuerySet[ApprovalRequest]:
    """Every request of the teams whose runs this person sees."""
    teams = teams_with(user, Permission.SEE_RUNS).values("pk")
    return ApprovalRequest.objects.filter(team__in=teams).select_related("requester", "team")


def request_for(user: User, request_id: int) -> ApprovalRequest:
    """One request; raises NotYours whether it is absent or not this person's."""
    found = requests_for(user).filter(pk=request_id).first()
    if found is None:
        raise NotYours("There is nothing here for you.")
    return found


def waiting_for(user: User) -> QuerySet[ApprovalRequest]:
    """The pending requests this person may decide and has not decided, first to lapse first."""
    teams = teams_with(user, Permission.DECIDE).values("pk")
    own = Decision.objects.filter(request=OuterRef("pk"), revision=OuterRef("revision"), person=user)
    rows = requests_for(user).filter(team__in=teams, state=RequestState.PENDING).exclude(requester=user)
    return rows.exclude(Exists(own)).order_by("lapses_at", "id")


def decisions_of(request: ApprovalRequest) -> QuerySet[Decision]:
    """All votes, oldest first; votes of earlier revisions are history."""
    return request.decisions.order_by("made_at", "id")


def by_subject(subject: str) -> ApprovalRequest | None:
    """The newest request about a subject, whatever its state."""
    return ApprovalRequest.objects.filter(subject=subject).order_by("-id").first()


def last_consumed(team_id: int, definition: str, before: int) -> ApprovalRequest | None:
    """The last request of this team and definition that was approved and used: differences are against it."""
    rows = ApprovalRequest.objects.filter(team_id=team_id, state=RequestState.CONSUMED, pk__lt=before)
    return rows.filter(envelope__definition=definition).order_by("-id").first()
