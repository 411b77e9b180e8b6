"""The second person: reads exactly one revision, proves to be there, signs what they say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from hybridops.audit.keyring import pair
from hybridops.audit.services import record
from hybridops.definitions.drafts import missing, move
from hybridops.definitions.models import Draft, Review
from hybridops.definitions.services import publish
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.domain.presence import Method, Presence, check_presence
from hybridops.domain.states import DraftState
from hybridops.teams.access import actor, may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.trust import dsse
from hybridops.trust.assertion import challenge_of
from hybridops.trust.canonical import digest_of
from hybridops.trust.personal import Text, all_salted, digests

VERDICTS = ("approve", "changes", "reject")
ACCEPTED = (Method.PASSKEY, Method.CODE)
_ENDS = {"approve": DraftState.SIGNED, "changes": DraftState.EDITED, "reject": DraftState.REJECTED}


def check_may_review(user: User, draft: Draft) -> None:
    """Raises unless this is a living person with the right who had no hand in the draft."""
    if not may(user, Permission.REVIEW_DEFINITIONS, draft.team_id) or user.kind != User.PERSON:
        raise NotYours("There is no such draft.")
    if user.pk in draft.editors:
        raise Refused("You wrote part of this, so somebody else reviews it.")


def to_sign(draft: Draft, *, by: Actor, seed: str, verdict: str, reason: str) -> str:
    """The digest that a passkey signs: of the revision shown together with what is said about it."""
    words = all_salted(by.key, {"reason": reason.strip()}, seed)
    return challenge_of(_said(draft, verdict, words)).hex()


def _said(draft: Draft, verdict: str, words: Iterable[Text]) -> dict[str, Any]:
    return {"subject": draft.digest, "verdict": verdict, "personal": digests(words), "limits": {}}


@transaction.atomic(savepoint=False)
def decide(
    *, user: User, draft_id: int, verdict: str, digest_shown: str, reason: str, presence: Presence
) -> Draft:
    """Approves and signs, asks for changes, or rejects the revision whose digest was shown."""
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    check_may_review(user, draft)
    if verdict not in VERDICTS:
        raise BadInput("Choose one of: approve and sign, ask for changes, reject.", field="verdict")
    if draft.state != DraftState.IN_REVIEW or draft.digest != digest_shown:
        raise Conflict("The draft changed while you read it. Your review was not recorded; read it again.")
    if verdict != "approve" and not reason.strip():
        raise BadInput("Give a reason: its author reads it.", field="reason")
    if verdict == "approve" and (lacking := missing(draft)):
        raise Refused(f"It cannot be signed. Missing: {'; '.join(lacking)}.")
    check_presence(presence, accepted=ACCEPTED, now=clock.now())
    _write(draft, user, verdict, reason.strip(), presence)
    signed = None
    if verdict == "approve":
        signed = publish(
            kind=draft.kind, name=draft.name, version=draft.version, document=draft.body, actor=actor(user),
            author_id=draft.author_id, approver_id=user.pk,
        )  # fmt: skip
    move(draft, _ENDS[verdict], f"{user}: {reason.strip() or 'approved'}", user, signed)
    return draft


def _write(draft: Draft, user: User, verdict: str, reason: str, presence: Presence) -> None:
    moment, by = clock.now(), actor(user)
    words = all_salted(by.key, {"reason": reason}, presence.seed)
    statement = {
        "draft": draft.pk,
        "revision": draft.revision,
        **_said(draft, verdict, words),
        "by": by.document(),
        "presence": presence.document(),
        "at": moment.isoformat(),
    }
    signed = dsse.sign(kind="review", name=str(draft), document=statement, pair=pair("decision"))
    try:
        with transaction.atomic():
            Review.objects.create(
                draft=draft, revision=draft.revision, person=user, verdict=verdict, reason=reason,
                digest=draft.digest, envelope=signed, made_at=moment,
            )  # fmt: skip
    except IntegrityError as problem:
        raise Conflict("You have already reviewed this revision.") from problem
    facts = {
        "revision": draft.revision,
        "digest": draft.digest,
        "verdict": verdict,
        "envelope": digest_of(signed),
    }
    record(stream=f"draft:{draft.pk}", action="draft.reviewed", actor=by, facts=facts, texts=words)
