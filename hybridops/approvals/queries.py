"""Requests as people may see them. The count in the rail and the list come from one queryset."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.domain.decide import Needed, Voter, unfilled
from hybridops.domain.decide import may_decide as can
from hybridops.domain.errors import NotYours
from hybridops.domain.states import RequestState
from hybridops.teams.access import teams_with, voters
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


def requests_for(user: User) -> QuerySet[ApprovalRequest]:
    """Every request of the teams whose runs this person sees."""
    teams = teams_with(user, Permission.SEE_RUNS).values("pk")
    rows = ApprovalRequest.objects.filter(team__in=teams)
    return rows.select_related("requester", "team", "claimed_by")


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
    mine = Q(person=user) | Q(on_behalf=user)
    own = Decision.objects.filter(mine, request=OuterRef("pk"), revision=OuterRef("revision"))
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


def is_decided(subject: str) -> bool:
    """Whether the newest request about a subject is no longer pending."""
    request = by_subject(subject)
    return request is not None and request.state != RequestState.PENDING


def all_about(subject: str) -> QuerySet[ApprovalRequest]:
    """Every request about a subject, oldest first, for callers that may see what it is about."""
    return ApprovalRequest.objects.filter(subject=subject).order_by("id")


def last_consumed(request: ApprovalRequest) -> ApprovalRequest | None:
    """What was approved and used last for the same team and definition: differences are against it."""
    rows = ApprovalRequest.objects.filter(
        team=request.team_id, state=RequestState.CONSUMED, ended_at__lt=request.asked_at
    )
    same = rows.filter(envelope__definition=request.envelope["definition"])
    return same.order_by("-ended_at", "-id").first()


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


def tiers_waiting(user: User) -> list[str]:
    """The tiers in which requests wait that this person sees."""
    rows = requests_for(user).filter(state=RequestState.PENDING).values_list("assessment__tier", flat=True)
    return sorted(set(rows))


def decided_since(user: User, since: datetime) -> QuerySet[ApprovalRequest]:
    """Requests with a person's vote since a moment that are pending no more, newest vote first."""
    voted = Decision.objects.filter(made_at__gte=since, person__isnull=False).values("request")
    rows = requests_for(user).exclude(state=RequestState.PENDING).filter(pk__in=voted)
    newest = Decision.objects.filter(request=OuterRef("pk")).order_by("-made_at").values("made_at")[:1]
    return rows.prefetch_related("decisions").annotate(voted_at=Subquery(newest)).order_by("-voted_at", "-pk")


def passed_since(user: User, since: datetime) -> int:
    """How many requests the policy answered by itself since a moment."""
    by_policy = Q(person=None, verdict="approve", made_at__gte=since)
    return Decision.objects.filter(by_policy, request__in=requests_for(user).values("pk")).count()


def deciders(request: ApprovalRequest) -> list[str]:
    """The names of those who may decide on a request: roles of its team, not involved, active people."""
    able = [one.id for one in eligible(request.team_id, request.involved)]
    return [str(person) for person in User.objects.filter(pk__in=able).order_by("name")]


def eligible(team_id: int, involved: Collection[int]) -> list[Voter]:
    """Everybody whose yes would count."""
    return [one for one in voters(team_id).values() if can(one, involved)]


def missing_for(need: Sequence[Needed], team_id: int, involved: Collection[int]) -> Mapping[str, int]:
    """Which places nobody could fill: a question that nobody can answer is not asked."""
    return unfilled(need, [one.roles for one in eligible(team_id, involved)]) if need else {}


def missing_people(request: ApprovalRequest) -> Mapping[str, int]:
    """The same for a request that waits: people leave."""
    need = [Needed(**item) for item in request.assessment["need"]]
    return missing_for(need, request.team_id, request.involved)


def changed_since(request: ApprovalRequest, digest_shown: str) -> Sequence[tuple[str, Any, Any]]:
    """What is different from the revision that was shown: field, then, now. Empty for bytes nobody asked about."""
    was = request.revisions.filter(digest=digest_shown).first()
    if was is None:
        return []
    names = sorted(request.envelope.keys() | was.envelope.keys())
    pairs = [(name, was.envelope.get(name), request.envelope.get(name)) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def recorded_since(user: User, since: datetime) -> QuerySet[ApprovalRequest]:
    """The requests since a moment whose facts are kept, for a dry run of another policy."""
    return requests_for(user).filter(asked_at__gte=since).order_by("-asked_at", "-id")


def may_decide(user: User, request: ApprovalRequest) -> bool:
    """Whether the request waits for this person."""
    return request.state == RequestState.PENDING and waiting_for(user).filter(pk=request.pk).exists()


def subjects_touched_by(person_id: int) -> set[str]:
    """What the requests are about in which somebody asked, decided, commented or stood in for somebody."""
    voted = Q(decisions__person=person_id) | Q(decisions__on_behalf=person_id)
    said = Q(requester=person_id) | Q(comments__person=person_id) | Q(emergency__reviews__person=person_id)
    return set(ApprovalRequest.objects.filter(voted | said).values_list("subject", flat=True))


def open_about_money(user: User) -> QuerySet[ApprovalRequest]:
    """The pending and the approved, not yet used requests of the teams whose costs this person sees, oldest first."""
    teams = teams_with(user, Permission.SEE_COSTS).values("pk")
    rows = ApprovalRequest.objects.filter(
        team__in=teams, state__in=(RequestState.PENDING, RequestState.APPROVED)
    )
    return rows.select_related("team").order_by("lapses_at", "id")
