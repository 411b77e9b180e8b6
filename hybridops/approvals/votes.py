"""Votes: each is written with a signed statement, and counted again from its signature when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.audit.keyring import pair
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Conflict, NotYours, Refused
from hybridops.domain.risk import Assessment, Factor, check_may_decide, is_agreed
from hybridops.teams.access import voter
from hybridops.trust import dsse
from hybridops.trust.canonical import digest_of

YES = ("approve", "narrow")


def write(
    request: ApprovalRequest,
    actor: Actor,
    person_id: int | None,
    roles: frozenset[str],
    verdict: str,
    reason: str,
    limits: Mapping[str, Any],
) -> None:
    """Writes the vote with a signed statement over the digest; a second vote by one person is a Conflict."""
    moment = clock.now()
    statement = {
        "request": request.pk,
        "revision": request.revision,
        "subject": request.digest,
        "assessment": digest_of(request.assessment),
        "verdict": verdict,
        "by": actor.document(),
        "reason": reason,
        "limits": {key: str(value) for key, value in limits.items()},
        "at": moment.isoformat(),
        "presence": "policy" if person_id is None else "signed-in session",
    }
    try:
        with transaction.atomic():
            Decision.objects.create(
                request=request,
                revision=request.revision,
                person_id=person_id,
                by=actor.name,
                roles=sorted(roles),
                verdict=verdict,
                reason=reason,
                limits=statement["limits"],
                digest=request.digest,
                envelope=dsse.sign(
                    kind="decision", name=str(request), document=statement, pair=pair("decision")
                ),
                made_at=moment,
            )
    except IntegrityError as problem:
        raise Conflict("You have already decided on this revision.") from problem
    facts = {"digest": request.digest, "revision": request.revision, "verdict": verdict, "reason": reason}
    record(stream=f"request:{request.pk}", action="approval.voted", actor=actor, facts=facts)


def assessment_of(request: ApprovalRequest) -> Assessment:
    """The assessment as it was made when the question was asked."""
    body = dict(request.assessment)
    return Assessment(**{**body, "factors": tuple(Factor(**item) for item in body["factors"])})


def voted(request: ApprovalRequest) -> frozenset[int]:
    """Who has voted on the current revision."""
    rows = request.decisions.filter(revision=request.revision, person__isnull=False)
    return frozenset(rows.values_list("person_id", flat=True))


def in_favour(request: ApprovalRequest) -> dict[int, frozenset[str]]:
    """Who agreed to the current revision, with the roles they had."""
    rows = request.decisions.filter(revision=request.revision, verdict__in=YES)
    return {row.person_id: frozenset(row.roles) for row in rows if row.person_id}


def check_standing(request: ApprovalRequest) -> None:
    """Raises Refused unless everybody who has to agree signed exactly this and may still decide."""
    assessment, policy = assessment_of(request), False
    standing: dict[int, frozenset[str]] = {}
    rows = request.decisions.filter(revision=request.revision, verdict__in=YES).select_related("person")
    for vote in rows:
        by = _signer(request, vote)
        if vote.person is None:
            policy = by["kind"] == "policy"
        elif by["id"] == str(vote.person_id):
            standing |= _may_still(request, vote)
    asked = assessment.reviewers + assessment.finance
    if not (is_agreed(assessment, standing) if asked else assessment.by_policy and policy):
        raise Refused("The votes that still count are not enough. Submit it again for a new decision.")


def _signer(request: ApprovalRequest, vote: Decision) -> Mapping[str, Any]:
    """Who signed a vote, where the signature is for this very vote; raises Refused or Unsigned."""
    said, _ = dsse.verify(vote.envelope, kind="decision", trusted=[pair("decision").public])
    meant = {
        "request": request.pk,
        "revision": request.revision,
        "subject": request.digest,
        "assessment": digest_of(request.assessment),
        "verdict": vote.verdict,
    }
    if meant.items() - {name: said.get(name) for name in meant}.items():
        raise Refused("A decision was signed for something else.")
    by: Mapping[str, Any] = said["by"]
    return by


def _may_still(request: ApprovalRequest, vote: Decision) -> dict[int, frozenset[str]]:
    """This person with today's roles, or nobody where they may no longer decide."""
    assert vote.person is not None
    person = voter(vote.person, request.team_id)
    try:
        check_may_decide(person, involved=frozenset(request.involved), already=frozenset())
    except (NotYours, Refused):
        return {}
    return {person.id: person.roles}
