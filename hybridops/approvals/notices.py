"""The one place where people are told of something: who is told what is an event of the trail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.services import record
from hybridops.domain.actors import SYSTEM


def notify(kind: str, request: ApprovalRequest, *, to: Collection[int], facts: Mapping[str, Any]) -> None:
    """Tells these people of a request, in the caller's transaction: told exactly when it is so.

    Whether a message arrives later changes nothing about the request.
    """
    told = {"to": sorted(to), "subject": request.subject, "digest": request.digest, **facts}
    record(stream=f"request:{request.pk}", action=f"notice.{kind}", actor=SYSTEM, facts=told)
