"""The freeze calendar: from then to then only the listed people approve. Requests wait, and lapse as always."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hybridops.approvals.models import Freeze
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.decide import may_decide
from hybridops.domain.errors import BadInput, NotYours, Refused
from hybridops.teams.access import actor, check_may, voters
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


def organisation_time(moment: datetime) -> datetime:
    """What somebody wrote on the calendar, in the organisation's time zone."""
    return (
        timezone.make_aware(moment, timezone.get_default_timezone()) if timezone.is_naive(moment) else moment
    )


@transaction.atomic(savepoint=False)
def freeze(
    *, user: User, team_id: int, starts_at: datetime, ends_at: datetime, why: str, approvers: Collection[int]
) -> Freeze:
    """Puts a freeze on a team's calendar. Without an approver nothing is approved until it ends."""
    check_may(user, Permission.OPERATE, team_id)
    starts_at, ends_at = organisation_time(starts_at), organisation_time(ends_at)
    if not clock.now() < ends_at or not starts_at < ends_at:
        raise BadInput("A freeze ends after it starts, and not in the past.", field="ends_at")
    if not why.strip():
        raise BadInput("Say why, in a few words.", field="why")
    able = {one.id for one in voters(team_id).values() if may_decide(one, ())}
    if not set(approvers) <= able:
        raise BadInput("Only people who decide in this team can be freeze approvers.", field="approvers")
    made = Freeze.objects.create(
        team_id=team_id,
        why=why.strip()[:200],
        starts_at=starts_at,
        ends_at=ends_at,
        approvers=sorted(set(approvers)),
        made_by=user,
    )
    facts = {
        "freeze": made.pk,
        "from": starts_at.isoformat(),
        "to": ends_at.isoformat(),
        "approvers": made.approvers,
    }
    record(
        stream=f"team:{team_id}",
        action="freeze.set",
        actor=actor(user),
        facts=facts,
        personal={"why": made.why},
    )
    return made


@transaction.atomic(savepoint=False)
def lift(*, user: User, freeze_id: int) -> Freeze:
    """Ends a freeze before its time; doing it twice changes nothing."""
    row = Freeze.objects.filter(pk=freeze_id).first()
    if row is None:
        raise NotYours("There is nothing here for you.")
    check_may(user, Permission.OPERATE, row.team_id)
    if Freeze.objects.filter(pk=row.pk, lifted_at=None).update(lifted_at=clock.now()):
        record(
            stream=f"team:{row.team_id}", action="freeze.lifted", actor=actor(user), facts={"freeze": row.pk}
        )
    return row


def standing(team_id: int) -> Freeze | None:
    """The freeze that stands for a team now; of several, the one that ends last."""
    now = clock.now()
    rows = Freeze.objects.filter(team=team_id, lifted_at=None, starts_at__lte=now, ends_at__gt=now)
    return rows.order_by("-ends_at").first()


def calendar(team_ids: Collection[int]) -> QuerySet[Freeze]:
    """What stands or comes in these teams, in order."""
    rows = Freeze.objects.filter(team__in=team_ids, lifted_at=None, ends_at__gt=clock.now())
    return rows.select_related("team", "made_by").order_by("starts_at")


def words(row: Freeze) -> str:
    names = [str(user) for user in User.objects.filter(pk__in=row.approvers).order_by("name")]
    until = timezone.localtime(row.ends_at, timezone.get_default_timezone())
    who = f"Only {' or '.join(names)} can approve" if names else "Nobody can approve"
    return f"{who} until {until:%d %b, %H:%M} {settings.TIME_ZONE}: {row.why}"


def check_may_approve(team_id: int, user_id: int) -> None:
    """Raises Refused during a freeze for everybody who is not listed."""
    row = standing(team_id)
    if row is not None and user_id not in row.approvers:
        raise Refused(f"Approvals are frozen. {words(row)}.")


def check_thawed(team_id: int, agreed: Collection[int]) -> None:
    """Raises Refused where a freeze stands and none of those who agreed is listed."""
    row = standing(team_id)
    if row is not None and not set(agreed) & set(row.approvers):
        raise Refused("Approvals are frozen, and nobody who agreed may approve until that ends.")
