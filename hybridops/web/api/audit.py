"""The trail, for whoever may read it. Reading is an event as well."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from hybridops.audit import queries
from hybridops.audit.services import note_read
from hybridops.domain.errors import NotYours
from hybridops.teams.access import actor, check_may
from hybridops.teams.permissions import Permission
from hybridops.web.api.audit_shapes import EventOut, events_out
from hybridops.web.api.door import Asking, Token
from hybridops.web.api.shapes import NOS, Asked, Id, Page, paged

router = Router(tags=["Audit"])
READS = Token("audit:read")


class Sought(Schema):
    """Any of these; `action` is a beginning, `stream` an object such as `run:12`."""

    person: str = Field("", max_length=120)
    action: str = Field("", max_length=60)
    stream: str = Field("", max_length=80)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class LogOut(Schema):
    """The newest checkpoint as a signed note; `signed` where both its signatures are valid here."""

    events: int
    sealed: int
    signed: bool
    made_at: datetime | None
    checkpoint: str
    alarm: str


@router.get("/audit/events", response={200: Page[EventOut], **NOS}, auth=READS)
def events(request: Asking, sought: Query[Sought], asked: Query[Asked]) -> dict[str, Any]:
    """Newest first."""
    _check(request)
    told = ", ".join(f"{name} {value}" for name, value in sought.model_dump().items() if value)
    note_read(actor=actor(request.auth), what="the list", sought=told[:300])
    return paged(queries.events(queries.Filter(**sought.model_dump())), asked, events_out)


@router.get("/audit/events/{event_id}", response={200: EventOut, **NOS}, auth=READS)
def event(request: Asking, event_id: Id) -> EventOut:
    _check(request)
    note_read(actor=actor(request.auth), what="an event", facts={"event": event_id})
    return events_out([queries.event_at(event_id)])[0]


@router.get("/audit/events/{event_id}/proof", response={200: bytes, **NOS}, auth=READS)
def proof(request: Asking, event_id: Id) -> HttpResponse:
    """Its way to the newest signed root, as a file of its own (c2sp.org/tlog-proof)."""
    _check(request)
    text = queries.proof_file(queries.event_at(event_id), queries.state())
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@router.get("/audit/log", response={200: LogOut, **NOS}, auth=READS)
def log(request: Asking) -> LogOut:
    """How long the log is and what was signed last. Keep the checkpoint: a bundle proves that the log only grew."""
    _check(request)
    now = queries.state()
    names = ("events", "sealed", "signed", "made_at", "alarm")
    return LogOut(**{name: getattr(now, name) for name in names}, checkpoint=now.note)


def _check(request: Asking) -> None:
    try:
        check_may(request.auth, Permission.SEE_AUDIT)
    except NotYours:
        raise NotYours("The audit log needs the Auditor, Operator or Administrator role.") from None
