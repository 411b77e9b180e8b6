"""From a first draft to a signature: saved under a revision, checked, tried, read by a second person, signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction

from hybridops.audit.services import record
from hybridops.definitions.models import Draft, SignedDocument
from hybridops.definitions.services import PARSERS
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.domain.states import DRAFT_MOVES, DraftState, check_move
from hybridops.outbox.services import tell
from hybridops.teams.access import actor, check_may, may, people_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.trust.canonical import digest_of

OPEN = (DraftState.EDITED, DraftState.IN_REVIEW)
WRITES: Mapping[str, Permission] = {
    "workflow": Permission.PROPOSE_DEFINITIONS,
    "policy": Permission.MANAGE_POLICY,
    "pricebook": Permission.MANAGE_BUDGETS,
}


@transaction.atomic(savepoint=False)
def start(
    *,
    user: User | None,
    team_id: int,
    kind: str,
    body: Mapping[str, Any],
    source: str = "",
    source_name: str = "",
    findings: Sequence[Mapping[str, Any]] = (),
    why: str = "",
) -> Draft:
    """A new draft of the next version of what the body calls itself. Without a user it is the installation's own."""
    if kind not in WRITES:
        raise BadInput(f"There is no kind of document called {kind!r}.", field="kind")
    if user is not None:
        check_may(user, WRITES[kind], team_id)
    name, version = str(body["name"]), next_version(kind, str(body["name"]))
    written = {**body, "version": version}
    made = Draft.objects.create(
        team_id=team_id, kind=kind, name=name, version=version, body=written, digest=digest_of(written),
        author=user, editors=[user.pk] if user else [], source=source, source_name=source_name[:120],
        findings=list(findings), why=why[:300], made_at=clock.now(), changed_at=clock.now(),
    )  # fmt: skip
    _record(made, "started", user, {"source": source})
    return made


def next_version(kind: str, name: str) -> int:
    rows = SignedDocument.objects.filter(kind=kind, name=name).order_by("-version")
    return (rows.values_list("version", flat=True).first() or 0) + 1


def check_writes(user: User, draft: Draft) -> None:
    """Raises NotYours unless this person may work on drafts of this kind in its team."""
    if not may(user, WRITES[draft.kind], draft.team_id):
        raise NotYours("There is no such draft.")


@transaction.atomic(savepoint=False)
def save(*, user: User, draft_id: int, body: Mapping[str, Any], seen_revision: int) -> Draft:
    """A new revision; raises Conflict where somebody saved since `seen_revision`: nobody's work is overwritten.

    A dry run of another body no longer counts; static findings of the source stay.
    """
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    check_writes(user, draft)
    if draft.state != DraftState.EDITED:
        raise Conflict(f"This draft is {draft.state.replace('_', ' ')}; it is changed no more.")
    if draft.revision != seen_revision:
        raise Conflict(
            "Somebody saved this draft while you worked on it. Your text was not saved; compare the two."
        )
    written = {**body, "name": draft.name, "version": draft.version}
    PARSERS[draft.kind](written)
    draft.body, draft.digest = written, digest_of(written)
    draft.revision += 1
    draft.changed_at = clock.now()
    draft.editors = sorted({*draft.editors, user.pk})
    draft.save(update_fields=["body", "digest", "revision", "changed_at", "editors"])
    _record(draft, "saved", user, {})
    return draft


@transaction.atomic(savepoint=False)
def note_trial(*, draft_id: int, trial: Mapping[str, Any]) -> None:
    """What a dry run found; it names the digest it ran, so that a later save makes it stale."""
    Draft.objects.filter(pk=draft_id).update(trial=dict(trial))


def missing(draft: Draft) -> list[str]:
    """What keeps a draft from being reviewed, in words; empty where nothing does."""
    told = [f"{one['where']}: {one['what']}" for one in draft.findings if one["grave"]]
    try:
        PARSERS[draft.kind](draft.body)
    except (BadInput, Refused) as problem:
        told.append(str(problem))
    if draft.kind == "workflow" and not (
        draft.trial.get("digest") == draft.digest and draft.trial.get("passed")
    ):
        told.append("a dry run of this revision that passed")
    if draft.version != next_version(draft.kind, draft.name):
        told.append(f"version {draft.version} is signed by now; start from it again")
    if not reviewers(draft):
        told.append("a second person who may review it")
    return told


def reviewers(draft: Draft) -> list[int]:
    """Who may review: they hold the permission and had no hand in it."""
    return [pk for pk in people_with(Permission.REVIEW_DEFINITIONS, draft.team_id) if pk not in draft.editors]


@transaction.atomic(savepoint=False)
def ask_review(*, user: User, draft_id: int) -> Draft:
    """Hands exactly this revision to a second person; raises Refused with what is missing."""
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    check_writes(user, draft)
    if lacking := missing(draft):
        raise Refused(f"It cannot be reviewed yet. Missing: {'; '.join(lacking)}.")
    move(draft, DraftState.IN_REVIEW, f"{user} asks for a review", user)
    tell(
        kind="definition.review",
        occasion=f"draft:{draft.pk}:{draft.revision}",
        to=reviewers(draft),
        team_id=draft.team_id,
        subject=f"{draft.body.get('title', draft.name)} version {draft.version} waits for a review",
        text=f"{user} proposes it.",
        path=f"/definitions/{draft.pk}/",
    )
    return draft


@transaction.atomic(savepoint=False)
def withdraw(*, user: User, draft_id: int) -> Draft:
    """Its author's side gives it up."""
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    check_writes(user, draft)
    move(draft, DraftState.WITHDRAWN, f"withdrawn by {user}", user)
    return draft


def move(
    draft: Draft, target: DraftState, why: str, user: User | None, document: SignedDocument | None = None
) -> None:
    """The only writer of a draft's state: by the table, guarded, with its event."""
    source = DraftState(draft.state)
    if target not in DRAFT_MOVES[source]:
        raise Conflict(f"This draft is {source.replace('_', ' ')}. Nothing was changed; read it again.")
    check_move(DRAFT_MOVES, source, target)
    seen = Draft.objects.filter(pk=draft.pk, state=source, revision=draft.revision)
    if not seen.update(state=target, why=why[:300], document=document, changed_at=clock.now()):
        raise Conflict("Somebody else changed this draft at this moment. Read it again.")
    draft.state, draft.why, draft.document = target, why[:300], document
    _record(draft, target, user, {"from": source}, {"why": why})


def _record(
    draft: Draft,
    verb: str,
    user: User | None,
    facts: Mapping[str, Any],
    said: Mapping[str, str] | None = None,
) -> None:
    told = {"kind": draft.kind, "name": draft.name, "version": draft.version, "revision": draft.revision}
    told |= {"digest": draft.digest, **facts}
    who = actor(user) if user else SYSTEM
    record(stream=f"draft:{draft.pk}", action=f"draft.{verb}", actor=who, facts=told, personal=said)


def open_of(person_id: int, teams: Collection[int]) -> int:
    """How many drafts of somebody are on their way in these teams."""
    return Draft.objects.filter(author=person_id, team__in=teams, state__in=OPEN).count()


@transaction.atomic(savepoint=False)
def take_over(*, of: int, to: int, teams: Collection[int]) -> list[int]:
    """Drafts on their way get another author. Both are editors, and neither reviews them."""
    rows = list(
        Draft.objects.select_for_update().filter(author=of, team__in=teams, state__in=OPEN).order_by("pk")
    )
    for row in rows:
        Draft.objects.filter(pk=row.pk).update(author=to, editors=sorted({*row.editors, of, to}))
    return [row.pk for row in rows]
