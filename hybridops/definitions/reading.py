"""Drafts and signed documents as people may see them, and what differs between two documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from hybridops.definitions.drafts import WRITES
from hybridops.definitions.lifecycle import PROMOTE
from hybridops.definitions.models import Draft, Review, SignedDocument, WeeklyNote
from hybridops.definitions.queries import in_force
from hybridops.definitions.services import verified
from hybridops.domain.errors import NotYours, Unsigned
from hybridops.domain.states import DocumentState
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


def drafts_for(user: User) -> QuerySet[Draft]:
    """Drafts of the teams in which this person writes or reviews documents, newest first."""
    seen = {
        pk
        for permission in (*WRITES.values(), Permission.REVIEW_DEFINITIONS)
        for pk in teams_with(user, permission).values_list("pk", flat=True)
    }
    return Draft.objects.filter(team_id__in=seen).select_related("author", "team").order_by("-id")


def draft_for(user: User, draft_id: int) -> Draft:
    """One draft; raises NotYours whether it is absent or not this person's to see."""
    found = drafts_for(user).filter(pk=draft_id).first()
    if found is None:
        raise NotYours("There is no such draft.")
    return found


def reviews_of(draft: Draft) -> QuerySet[Review]:
    return draft.reviews.select_related("person").order_by("id")


def documents() -> QuerySet[SignedDocument]:
    """Every signed document, by kind and name, the newest version first."""
    rows = SignedDocument.objects.select_related("author", "approver", "successor")
    return rows.order_by("kind", "name", "-version")


def document_at(document_id: int) -> SignedDocument:
    found = documents().filter(pk=document_id).first()
    if found is None:
        raise NotYours("There is no such document.")
    return found


def last_notes() -> dict[int, WeeklyNote]:
    """The newest decision on each document."""
    return {note.document_id: note for note in WeeklyNote.objects.select_related("person").order_by("id")}


def notes_of(name: str) -> QuerySet[WeeklyNote]:
    """The decisions on all versions of a workflow, the newest first."""
    rows = WeeklyNote.objects.filter(document__kind="workflow", document__name=name)
    return rows.select_related("person", "document").order_by("-id")


def recommended() -> set[int]:
    """The documents in force whose newest decision is to promote them."""
    notes = WeeklyNote.objects.filter(document__state=DocumentState.ACTIVE).order_by("id")
    last = dict(notes.values_list("document", "verdict"))
    return {pk for pk, verdict in last.items() if verdict == PROMOTE}


def replaced(draft: Draft) -> dict[str, Any]:
    """What is in force under the draft's name, else the signed workflow whose code it runs, or nothing."""
    for name in (draft.name, str(draft.body.get("workflow", ""))):
        try:
            return verified(in_force(draft.kind, name))
        except Unsigned:
            continue
    return {}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(path, before, after) of every value that is not the same; "not set" where one side has none."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [
        (path, old.get(path, "not set"), new.get(path, "not set"))
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    ]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Lists of named things are told apart by their names, so that one more does not move all others."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            name = item.get("name") or item.get("key") or number
            yield from _flat(item, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value)) or "none"
    elif path:
        yield path, "yes" if value is True else "no" if value is False else str(value) or "none"
