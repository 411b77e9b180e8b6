"""After the signature: deprecated, retired. Each move is guarded, explained and an event."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from hybridops.audit.services import record
from hybridops.definitions.models import SignedDocument, WeeklyNote
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.states import DOCUMENT_MOVES, DocumentState, check_move

PROMOTE, KEEP, RETIRE = VERDICTS = ("promote", "keep", "retire")


@transaction.atomic(savepoint=False)
def deprecate(*, document_id: int, until: date, why: str, actor: Actor) -> SignedDocument:
    """It still runs until that day, and says so; raises BadInput for a day that has passed."""
    if until < clock.now().date():
        raise BadInput("Choose a day that has not passed.", field="until")
    return _move(document_id, DocumentState.DEPRECATED, why, actor, {"until": until})


@transaction.atomic(savepoint=False)
def retire(*, document_id: int, why: str, actor: Actor, successor_id: int | None = None) -> SignedDocument:
    """Takes a version off the allowlist; its open runs are refused at their next check, with the successor's name.

    Raises Refused where it would leave nothing: without a policy nothing can be approved.
    """
    row = SignedDocument.objects.get(pk=document_id)
    others = SignedDocument.objects.filter(kind=row.kind, state=DocumentState.ACTIVE).exclude(pk=row.pk)
    if row.kind != "workflow" and not others.exists():
        raise Refused(f"{row} is the only {row.kind} in force. Sign another before you retire it.")
    if successor_id is not None and not others.filter(pk=successor_id).exists():
        raise BadInput("A successor is a document of the same kind that is in force.", field="successor")
    return _move(document_id, DocumentState.RETIRED, why, actor, {"successor_id": successor_id})


def _move(
    document_id: int, target: DocumentState, why: str, actor: Actor, values: dict[str, Any]
) -> SignedDocument:
    """The only writer of a signed document's state."""
    if not why.strip():
        raise BadInput("Say why: who used it reads it.", field="why")
    row = SignedDocument.objects.get(pk=document_id)
    source = DocumentState(row.state)
    if target not in DOCUMENT_MOVES[source]:
        raise Conflict(f"{row} is {source} already.")
    check_move(DOCUMENT_MOVES, source, target)
    told = {"state": target, "why": why.strip()[:300], **values}
    if not SignedDocument.objects.filter(pk=row.pk, state=source).update(**told):
        raise Conflict(f"Somebody else moved {row} at this moment.")
    facts: dict[str, Any] = {"from": source, "to": target, "digest": row.digest}
    facts |= {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    said = {"why": why.strip()}
    record(stream=f"document:{row.pk}", action=f"document.{target}", actor=actor, facts=facts, personal=said)
    row.refresh_from_db()
    return row


@transaction.atomic(savepoint=False)
def decide(
    *, document_id: int, verdict: str, why: str, numbers: dict[str, Any], person_id: int, actor: Actor
) -> WeeklyNote:
    """A person's decision on a workflow beside the numbers they saw. The newest one counts.

    `promote` makes it recommended, `keep` changes nothing, `retire` takes it off the allowlist. Raises Refused where
    an author would promote what they wrote, Conflict where it is retired already.
    """
    if verdict not in VERDICTS or not why.strip():
        raise BadInput("Choose promote, keep or retire, and say why.", field="why")
    row = SignedDocument.objects.get(pk=document_id, kind="workflow")
    if row.state == DocumentState.RETIRED:
        raise Conflict(f"{row} is retired already.")
    if verdict == PROMOTE and row.author_id == person_id:
        raise Refused("Somebody else promotes a workflow, not its author.")
    made = WeeklyNote.objects.create(
        document_id=document_id, person_id=person_id, verdict=verdict, why=why.strip()[:300], numbers=numbers,
        made_at=clock.now(),
    )  # fmt: skip
    facts = {"verdict": verdict, "numbers": numbers}
    said = {"why": why.strip()}
    record(
        stream=f"document:{document_id}", action="document.reviewed", actor=actor, facts=facts, personal=said
    )
    if verdict == RETIRE:
        retire(document_id=document_id, why=why, actor=actor)
    return made
