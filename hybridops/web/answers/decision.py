"""Should exactly this run, and with what limits?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.approvals.votes import YES
from hybridops.domain.states import RequestState
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, marked
from hybridops.web.answers.changes import DOWN, UP, Change

_S = RequestState


def answer(
    request: ApprovalRequest, votes: Sequence[Decision], found: Sequence[Change], since: str
) -> SafeString:
    """`since` names the request it is compared with, or is empty for a first one."""
    if request.state == _S.PENDING:
        return joined([_wants(request), _compared(found, since)])
    return joined([_ended(request, votes)])


def _cap(request: ApprovalRequest) -> Decimal:
    return Decimal(request.envelope["cost_usd_max"])


def _wants(request: ApprovalRequest) -> SafeString:
    backend = request.envelope["programs"][0]["backend"]
    cap = bold(f"up to {fmt.money(_cap(request))}")
    return format_html("{} wants to spend {} on {}.", request.requester, cap, backend)


def _compared(found: Sequence[Change], since: str) -> str:
    if not since:
        return "It is the first request of this workflow, so it is compared with the signed defaults."
    if not found:
        return format_html("Compared with {}, {}.", since, bold("nothing changed"))
    told = marked(f"{counted(len(found), 'thing')} changed")
    counts = ((UP, "raise the risk", "raises the risk"), (DOWN, "lower it", "lowers it"))
    effects = [
        counted(many, one if many == 1 else more, one if many == 1 else more)
        for effect, more, one in counts
        if (many := sum(1 for change in found if change.effect == effect))
    ]
    rest = f": {listed(effects)}" if effects else ", and no risk with it"
    return format_html("Compared with {}, {}{}.", since, told, rest)


def _ended(request: ApprovalRequest, votes: Sequence[Decision]) -> str:
    last = votes[-1] if votes else None
    cap = fmt.money(_cap(request))
    match request.state:
        case _S.APPROVED | _S.CONSUMED if last is not None:
            words = bold(f"{last.by} approved this")
            return format_html("{} at {}, up to {}.", words, _when(last.made_at), bold(cap))
        case _S.REJECTED if last is not None and last.person_id is None:
            return format_html("{}: {} Nothing was charged.", bold("The policy denies this"), last.reason)
        case _S.REJECTED if last is not None:
            return format_html(
                "{} at {}: “{}” Nothing was charged.",
                bold(f"{last.by} rejected this"),
                _when(last.made_at),
                short(last.reason),
            )
        case _S.CHANGES_REQUESTED if last is not None:
            return format_html(
                "{} at {}: “{}”",
                bold(f"{last.by} asked for changes"),
                _when(last.made_at),
                short(last.reason),
            )
        case _S.EXPIRED:
            lapsed = bold("Nobody decided in time.")
            return format_html("{} It lapsed at {} and nothing was charged.", lapsed, _when(request.ended_at))
        case _S.STALE:
            return "What would be sent has changed since the approval, so it no longer counts. A new request follows."
        case _S.WITHDRAWN:
            return "The run ended before anybody decided, so the question was withdrawn. Nothing was charged."
    return "This request has ended."


def _when(moment: datetime | None) -> str:
    """09:59 of today, or 09:59 on 3 Nov."""
    clock = fmt.clock(moment)
    if moment is None or timezone.localdate(moment) == timezone.localdate():
        return clock
    return f"{clock} on {fmt.day(moment)}"


def short(reason: str) -> str:
    """A reason as it fits into a sentence; the whole of it stands below."""
    words = reason.split()
    return reason if len(words) <= 24 else " ".join([*words[:24], "…"])


def missing_votes(request: ApprovalRequest, votes: Sequence[Decision]) -> str:
    """Who still has to agree, in words."""
    need = request.assessment["need"]
    whole = sum(one["count"] for one in need)
    given = len([v for v in votes if v.revision == request.revision and v.verdict in YES])
    parts = [needed(one["of"], one["count"]) for one in need]
    return f"Needs {listed(parts)}. {given} of {whole} so far." if whole > 1 else ""


def needed(of: str, count: int) -> str:
    """one reviewer, two reviewers, one person of finance"""
    if of in ("reviewer", "operator", "auditor", "analyst", "administrator"):
        return counted(count, of)
    return f"{counted(count, 'person', 'people')} of {of}"


def nobody_can(missing: Mapping[str, int]) -> str:
    """Said while too few people are left to agree: it is escalated, and lapses as always."""
    if not missing:
        return ""
    parts = [needed(of, count) for of, count in sorted(missing.items())]
    return f"Nobody can approve this as things stand: {listed(parts)} more would be needed. It was escalated."


def may_not(reader_id: int, request: ApprovalRequest, names: Sequence[str], *, voted: bool) -> str:
    """Why this reader does not decide, and who can."""
    others = f" {listed(names)} can." if names else " Nobody else in this team can; add a reviewer."
    if reader_id == request.requester_id:
        return f"You asked for this run, so somebody else decides.{others}"
    if reader_id in request.involved:
        return f"You made part of it, so somebody else decides.{others}"
    if voted:
        return "You have decided on this revision. Somebody else still has to agree."
    return f"A reviewer or finance of this team decides.{others}"


def flash(verdict: str, request: ApprovalRequest) -> str:
    """Said once, after the decision."""
    cap = fmt.money(_cap(request))
    if verdict in ("approve", "narrow"):
        more = "" if request.state == _S.APPROVED else " Somebody else still has to agree."
        return f"You approved {request} up to {cap}.{more}"
    if verdict == "changes":
        return f"You asked {request.requester} for changes to {request}."
    return f"You rejected {request}. Nothing was charged."
