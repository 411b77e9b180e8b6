"""The one place where people are told of a request: who is told what is an event, and a mail that decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import ROUND_UP, Decimal
from typing import Any

from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.services import record
from hybridops.domain.actors import SYSTEM
from hybridops.outbox.services import tell

_CENT = Decimal("0.01")
_LAPSES = "It lapses {lapses:%d %B %Y, %H:%M} UTC."
# What happened → the kind of notice, its subject, its words.
WORDS: Mapping[str, tuple[str, str, str]] = {
    "asked": ("approval.asked", "{title} waits for your decision", f"{{requester}} asks for up to ${{cap}}. {_LAPSES}"),
    "reminder": ("approval.reminder", "{title} still waits for a decision", f"{{requester}} asked. {_LAPSES}"),
    "escalation": ("approval.escalated", "{title} was escalated to you", f"{{why}}. {_LAPSES}"),
    "alarm": (
        "approval.alarm",
        "{title} was approved in an emergency",
        "The page says who approved it alone, and why. Say whether it was in order.",
    ),
    "decided": ("approval.decided", "{title}: {answer}", "Your request {request} is {answer}. The page says why."),
    "comment": ("approval.comment", "{by} wrote on {title}", "Read it on the page of {request}."),
}  # fmt: skip


def notify(kind: str, request: ApprovalRequest, *, to: Collection[int], facts: Mapping[str, Any]) -> None:
    """Tells these people of what concerns the gate itself: that they were told is an event.

    In the caller's transaction: told exactly when it is so. Whether a message arrives changes nothing.
    """
    told = {"to": sorted(to), "subject": request.subject, "digest": request.digest, **facts}
    record(stream=f"request:{request.pk}", action=f"notice.{kind}", actor=SYSTEM, facts=told)
    say(kind, request, to=to, facts=facts)


def say(kind: str, request: ApprovalRequest, *, to: Collection[int], facts: Mapping[str, Any]) -> None:
    """The same for what is an event already: asked, decided, commented."""
    name, subject, text = WORDS[kind]
    said = {
        "title": request.title,
        "request": str(request),
        "requester": str(request.requester),
        "cap": Decimal(request.envelope["cost_usd_max"]).quantize(_CENT, ROUND_UP),
        "lapses": request.lapses_at,
        **facts,
    }
    which = facts.get("quarters") or facts.get("comment") or request.revision
    tell(
        kind=name,
        occasion=f"request:{request.pk}:{kind}:{which}",
        to=sorted(to),
        team_id=request.team_id,
        subject=subject.format(**said),
        text=text.format(**said),
        path=f"/approvals/{request.pk}/",
        data={"request": request.pk, "about": request.subject, "what": kind},
    )
