"""Votes: each is written with a signed statement, and counted again from its signature when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from hybridops.approvals import delegations
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.audit import keyring
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.assess import Assessment, read
from hybridops.domain.decide import is_agreed, may_decide
from hybridops.domain.envelope import narrow
from hybridops.domain.envelope import read as read_envelope
from hybridops.domain.errors import Conflict, Refused
from hybridops.domain.presence import Method, Presence, check_presence
from hybridops.teams.access import voters
from hybridops.trust import dsse
from hybridops.trust.assertion import challenge_of, check_assertion
from hybridops.trust.canonical import digest_of
from hybridops.trust.personal import Text, all_salted, digests

YES = ("approve", "narrow")
EMERGENCY = "break glass"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person, or the policy, says. `presence` is empty for the policy only."""

    verdict: str
    actor: Actor
    person_id: int | None = None
    on_behalf_id: int | None = None
    roles: frozenset[str] = frozenset()
    reason: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    presence: Presence | None = None
    ticket: str = ""

    @property
    def words(self) -> tuple[Text, ...]:
        """What was said, salted as it was signed."""
        seed = self.presence.seed if self.presence else ""
        return all_salted(self.actor.key, {"reason": self.reason, "ticket": self.ticket}, seed)


def write(request: ApprovalRequest, vote: Vote) -> None:
    """Writes the vote with a signed statement over the digest; a second vote by one person is a Conflict."""
    moment, words = clock.now(), vote.words
    limits = {key: shown(value) for key, value in vote.limits.items()}
    statement = {
        **_meant(request, request.revision, request.digest, vote.verdict),
        "by": vote.actor.document(),
        "on_behalf": vote.on_behalf_id,
        "roles": sorted(vote.roles),
        "personal": digests(words),
        "limits": limits,
        "at": moment.isoformat(),
        "presence": vote.presence.document() if vote.presence else {"method": "policy"},
    }
    envelope = dsse.sign(
        kind="decision", name=str(request), document=statement, pair=keyring.pair("decision")
    )
    by = f"{vote.actor.name} for {vote.actor.on_behalf}" if vote.on_behalf_id else vote.actor.name
    try:
        with transaction.atomic():
            Decision.objects.create(
                request=request,
                revision=request.revision,
                person_id=vote.person_id,
                by=by,
                on_behalf_id=vote.on_behalf_id,
                roles=sorted(vote.roles),
                presence=vote.presence.method if vote.presence else "",
                verdict=vote.verdict,
                reason=vote.reason,
                limits=limits,
                digest=request.digest,
                envelope=envelope,
                made_at=moment,
            )
    except IntegrityError as problem:
        raise Conflict("You have already decided on this revision.") from problem
    facts = {
        "digest": request.digest,
        "revision": request.revision,
        "verdict": vote.verdict,
        "presence": statement["presence"]["method"],
        "envelope": digest_of(envelope),
    }
    record(
        stream=f"request:{request.pk}", action="approval.voted", actor=vote.actor, facts=facts, texts=words
    )


def shown(value: Any) -> str:
    """A limit as it is signed."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _meant(request: ApprovalRequest, revision: int, digest: str, verdict: str) -> dict[str, Any]:
    """What a signature has to be about to count for this vote."""
    return {
        "request": request.pk,
        "revision": revision,
        "subject": digest,
        "assessment": digest_of(request.assessment),
        "verdict": verdict,
    }


def assessment_of(request: ApprovalRequest) -> Assessment:
    """The assessment as it was made when the question was asked."""
    return read(request.assessment)


def voted(request: ApprovalRequest) -> frozenset[int]:
    """Who has voted on the current revision, or in whose place somebody has."""
    rows = request.decisions.filter(revision=request.revision, person__isnull=False)
    pairs = rows.values_list("person_id", "on_behalf_id")
    return frozenset(pk for pair in pairs for pk in pair if pk is not None)


def in_favour(request: ApprovalRequest) -> dict[int, frozenset[str]]:
    """Who agreed to the current revision, with the roles they had."""
    rows = request.decisions.filter(revision=request.revision, verdict__in=YES)
    return {row.person_id: frozenset(row.roles) for row in rows if row.person_id}


def check_standing(request: ApprovalRequest) -> frozenset[int]:
    """Who agreed and still counts; raises Refused unless that is enough.

    Everybody signed exactly this, proved to be there as the tier asks, and may still decide today.
    """
    assessment = assessment_of(request)
    if assessment.denied or digest_of(request.assessment) != request.envelope["assessment"]:
        raise Refused("What was assessed is not what was approved.")
    standing, policy = _standing(request, assessment.step_up)
    if not (is_agreed(assessment.need, standing) if assessment.need else assessment.by_policy and policy):
        raise Refused("The votes that still count are not enough. Submit it again for a new decision.")
    return frozenset(standing)


def _standing(
    request: ApprovalRequest, accepted: tuple[Method, ...]
) -> tuple[dict[int, frozenset[str]], bool]:
    """The people whose yes counts, with today's roles, and whether the policy itself said yes."""
    rows = list(request.decisions.filter(revision=request.revision, verdict__in=YES))
    today, standing, policy = voters(request.team_id), {}, False
    for vote in rows:
        said = signed(request, vote)
        if vote.person_id is None:
            policy = policy or said["by"]["kind"] == "policy"
            continue
        person = today.get(vote.person_id)
        if (
            person is None
            or said["by"]["id"] != str(vote.person_id)
            or said["on_behalf"] != vote.on_behalf_id
        ):
            continue
        check_proof(said, accepted)
        if may_decide(person, request.involved) and delegations.stands(vote, today, request.involved):
            standing[person.id] = person.roles
    return standing, policy


def signed(request: ApprovalRequest, vote: Decision) -> Mapping[str, Any]:
    """What a vote's signature says, where it is for this very vote; raises Refused or Unsigned."""
    said, _ = dsse.verify(vote.envelope, kind="decision", trusted=keyring.trusted("decision"))
    meant = _meant(request, request.revision, request.digest, vote.verdict)
    if any(said.get(name) != value for name, value in meant.items()):
        raise Refused("A decision was signed for something else.")
    return said


def methods_in(text: str) -> tuple[Method, ...]:
    """The methods in a signed list of them."""
    return tuple(Method(name) for name in text.split(", ") if name)


def check_proof(said: Mapping[str, Any], accepted: tuple[Method, ...]) -> None:
    """Raises Refused unless the signed proof of presence was good at the moment of the vote."""
    proof = said["presence"]
    if proof.get("method") not in list(Method):
        raise Refused("A decision does not say how it was proved who made it.")
    presence = Presence(
        Method(proof["method"]), datetime.fromisoformat(proof["at"]), proof.get("evidence", {})
    )
    check_presence(presence, accepted=accepted, now=datetime.fromisoformat(said["at"]))
    if presence.method == Method.PASSKEY:
        check_assertion(presence.evidence, challenge=challenge_of(said))


def challenge(subject: str, *, verdict: str, words: Iterable[Text], limits: Mapping[str, Any]) -> str:
    """What a passkey signs for an answer to a subject."""
    told = {key: shown(value) for key, value in limits.items()}
    said = {"subject": subject, "verdict": verdict, "personal": digests(words), "limits": told}
    return challenge_of(said).hex()


def to_sign(
    request: ApprovalRequest,
    *,
    by: Actor,
    seed: str,
    verdict: str,
    reason: str = "",
    limits: Mapping[str, Any] | None = None,
) -> str:
    """The same for a reviewer's vote. A narrowing is signed as what it leaves, which nobody has asked for yet."""
    subject, limits = request.digest, limits or {}
    if verdict == "narrow":
        subject = digest_of(narrow(read_envelope(request.envelope), **limits).document())
    words = all_salted(by.key, {"reason": reason.strip()}, seed)
    return challenge(subject, verdict=verdict, words=words, limits=limits)
