"""Deciding in somebody's place: for a while, by one who may decide anyway, never passed on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from hybridops.approvals.models import Decision, Delegation
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.decide import Voter, may_decide
from hybridops.domain.errors import BadInput, NotYours, Refused
from hybridops.teams.access import actor, check_may, voter, voters
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission

LONGEST = timedelta(days=31)


@transaction.atomic(savepoint=False)
def delegate(
    *, user: User, team_id: int, taker_id: int, starts_at: datetime, ends_at: datetime, why: str
) -> Delegation:
    """Lets a colleague decide in this person's place; raises BadInput where that is not possible."""
    check_may(user, Permission.DECIDE, team_id)
    taker = voters(team_id).get(taker_id)
    if taker is None or taker.id == user.pk or not may_decide(taker, ()):
        raise BadInput("Choose a colleague who may decide in this team.", field="taker")
    if not (starts_at < ends_at <= starts_at + LONGEST and ends_at > clock.now()):
        raise BadInput("Say from when to when, at most 31 days, and not in the past.", field="ends_at")
    if not why.strip():
        raise BadInput("Say why, in a few words.", field="why")
    made = Delegation.objects.create(
        team_id=team_id,
        giver=user,
        taker_id=taker_id,
        why=why.strip()[:200],
        starts_at=starts_at,
        ends_at=ends_at,
    )
    facts = {
        "delegation": made.pk,
        "taker": taker_id,
        "from": starts_at.isoformat(),
        "to": ends_at.isoformat(),
    }
    record(stream=f"team:{team_id}", action="delegation.given", actor=actor(user), facts=facts)
    return made


@transaction.atomic(savepoint=False)
def revoke(*, user: User, delegation_id: int) -> None:
    """Takes one's own delegation back: what was decided under it and not used yet counts no more."""
    row = Delegation.objects.filter(pk=delegation_id, giver=user).first()
    if row is None:
        raise NotYours("There is nothing here for you.")
    if Delegation.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=clock.now()):
        facts = {"delegation": row.pk}
        record(stream=f"team:{row.team_id}", action="delegation.revoked", actor=actor(user), facts=facts)


def given_to(user: User, team_id: int) -> QuerySet[Delegation]:
    """The delegations under which this person may decide now."""
    return _current(clock.now()).filter(team=team_id, taker=user).select_related("giver")


def of(user: User) -> QuerySet[Delegation]:
    """What this person gave or took that has not ended."""
    rows = Delegation.objects.filter(Q(giver=user) | Q(taker=user), revoked_at=None, ends_at__gt=clock.now())
    return rows.select_related("giver", "taker", "team").order_by("starts_at")


def _current(at: datetime) -> QuerySet[Delegation]:
    return Delegation.objects.filter(revoked_at=None, starts_at__lte=at, ends_at__gt=at)


def check_in_place_of(
    user: User, giver_id: int, team_id: int, involved: Collection[int], already: Collection[int]
) -> User:
    """Who is stood in for; raises Refused where nobody delegated, or where the giver could not decide either."""
    row = given_to(user, team_id).filter(giver=giver_id).first()
    if row is None:
        raise Refused("That person has not delegated to you, or it has ended.")
    if giver_id in already:
        raise Refused(f"{row.giver} has decided on this revision already.")
    if not may_decide(voter(row.giver, team_id), involved):
        raise Refused(f"{row.giver} may not decide on this, so nobody does in that place.")
    return row.giver


def stands(vote: Decision, today: Mapping[int, Voter], involved: Collection[int]) -> bool:
    """Whether a vote in somebody's place still counts: not revoked, and the giver may still decide."""
    if vote.on_behalf_id is None:
        return True
    giver = today.get(vote.on_behalf_id)
    held = _current(vote.made_at).filter(giver=vote.on_behalf_id, taker=vote.person_id)
    return giver is not None and may_decide(giver, involved) and held.exists()


def deciders(team_id: int) -> list[User]:
    """Everybody in a team who may decide: to whom one can delegate, and who can be a freeze approver."""
    able = [one.id for one in voters(team_id).values() if may_decide(one, ())]
    return list(User.objects.filter(pk__in=able).order_by("name"))


@transaction.atomic(savepoint=False)
def end_all(*, person_id: int, actor: Actor) -> None:
    """Ends what somebody who left gave or took; the place is the giver's again, or nobody's."""
    mine = Q(giver=person_id) | Q(taker=person_id)
    for row in Delegation.objects.filter(mine, revoked_at=None, ends_at__gt=clock.now()):
        Delegation.objects.filter(pk=row.pk).update(revoked_at=clock.now())
        facts = {"delegation": row.pk, "giver": row.giver_id, "taker": row.taker_id}
        record(stream=f"team:{row.team_id}", action="delegation.ended", actor=actor, facts=facts)
