"""Requests as people may see them. The count in the rail and the list come from one queryset."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

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
    if user.kind != User.PERSON:
        return requests_for(user).none()
    teams = teams_with(user, Permission.DECIDE).values("pk")
    own = Decision.objects.filter(request=OuterRef("pk"), revision=OuterRef("revision"), person=user)
    rows = requests_for(user).filter(team__in=teams, state=RequestState.PENDING).exclude(requester=user)
    rows = rows.exclude(Exists(own)).order_by("lapses_at", "id")
    involved = [pk for pk, people in rows.values_list("pk", "involved") if user.pk in people]
    return rows.exclude(pk__in=involved)  # in Python: SQLite cannot look into a JSON list


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


def by_runs(run_ids: Iterable[int]) -> dict[int, ApprovalRequest]:
    """The newest request about each of these runs, for callers that may see the runs."""
    subjects = [f"run:{pk}" for pk in run_ids]
    rows = ApprovalRequest.objects.filter(subject__in=subjects).order_by("id")
    return {int(row.subject.removeprefix("run:")): row for row in rows}


def waiting_for_others(user: User) -> QuerySet[ApprovalRequest]:
    """Pending requests this person sees and cannot decide, first to lapse first."""
    mine = waiting_for(user).values("pk")
    rows = requests_for(user).filter(state=RequestState.PENDING).exclude(pk__in=mine)
    return rows.order_by("lapses_at", "id")


def decided_since(user: User, since: datetime) -> QuerySet[ApprovalRequest]:
    """Requests with a person's vote since a moment that are pending no more, newest vote first."""
    voted = Decision.objects.filter(request=OuterRef("pk"), made_at__gte=since, person__isnull=False)
    rows = requests_for(user).exclude(state=RequestState.PENDING).filter(Exists(voted))
    newest = Max("decisions__made_at")
    return rows.prefetch_related("decisions").annotate(voted_at=newest).order_by("-voted_at", "-pk")


def passed_since(user: User, since: datetime) -> int:
    """How many requests the policy answered by itself since a moment."""
    by_policy = Q(person=None, verdict="approve", made_at__gte=since)
    return Decision.objects.filter(by_policy, request__in=requests_for(user).values("pk")).count()


def deciders(request: ApprovalRequest) -> list[str]:
    """The names of those who may decide on a request: roles of its team, not involved, active people."""
    people = User.objects.filter(
        memberships__team=request.team_id,
        memberships__role__in=("reviewer", "finance"),
        is_active=True,
        kind=User.PERSON,
    )
    found = people.exclude(pk__in=[*request.involved, request.requester_id]).distinct().order_by("name")
    return [str(person) for person in found]


def may_decide(user: User, request: ApprovalRequest) -> bool:
    """Whether the request waits for this person."""
    return request.state == RequestState.PENDING and waiting_for(user).filter(pk=request.pk).exists()
