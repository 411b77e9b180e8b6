"""The only writer of a request's state."""

from __future__ import annotations

from typing import Any

from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Conflict
from hybridops.domain.states import REQUEST_MOVES, RequestState, check_move


def move(request: ApprovalRequest, target: RequestState, why: str, actor: Actor) -> None:
    """Moves a request on: checked against the table, guarded by the state it was read with, with its event."""
    source = RequestState(request.state)
    check_move(REQUEST_MOVES, source, target)
    values: dict[str, Any] = {"state": target}
    if target != RequestState.APPROVED:
        values["ended_at"] = clock.now()
    if ApprovalRequest.objects.filter(pk=request.pk, state=source).update(**values) != 1:
        raise Conflict("Somebody else decided at this moment.")
    request.state = target
    facts = {"from": source, "to": target, "digest": request.digest, "subject": request.subject}
    stream, said = f"request:{request.pk}", {"why": why}
    if actor.kind == "person":
        record(stream=stream, action=f"approval.{target}", actor=actor, facts=facts, personal=said)
    else:
        record(stream=stream, action=f"approval.{target}", actor=actor, facts={**facts, **said})
