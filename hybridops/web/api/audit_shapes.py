"""Events as programs read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ninja import Schema

from hybridops.audit.models import AuditEvent
from hybridops.audit.queries import Seen, seen


class EventOut(Schema):
    """`leaf` is its place in the log, null while it has none; `leaf_hash` is what a proof is about."""

    id: int
    stream: str
    seq: int
    at: datetime
    action: str
    who: str
    facts: dict[str, Any]
    leaf: int | None
    leaf_hash: str


def events_out(events: Sequence[AuditEvent]) -> list[EventOut]:
    """Names and texts of all of them in one question."""
    return [_event_out(found) for found in seen(events)]


def _event_out(found: Seen) -> EventOut:
    event = found.event
    leaf = getattr(event, "leaf", None)
    return EventOut(
        id=event.pk,
        stream=event.stream,
        seq=event.seq,
        at=event.at,
        action=event.action,
        who=found.who,
        facts=dict(found.facts),
        leaf=leaf and leaf.index,
        leaf_hash=bytes(event.leaf_hash).hex(),
    )
