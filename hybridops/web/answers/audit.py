"""Who did what, and can I prove it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.audit.models import AuditEvent
from hybridops.audit.queries import State
from hybridops.audit.report import Report
from hybridops.domain.money import from_micro
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, marked, sentence


def answer(now: State, report: Report | None = None) -> SafeString:
    """`report` where the log was recomputed for this page; without one nothing is called verified."""
    if report is not None:
        return _verified(report)
    if not now.events:
        return joined(["No event is recorded yet."])
    events = bold(fmt.number(now.events) + (" event" if now.events == 1 else " events"))
    if now.alarm:
        return joined([bold("Nothing is signed any more."), now.alarm])
    if now.made_at is None:
        return joined([format_html("{} recorded, none of them under a signed checkpoint yet.", events)])
    if not now.signed:
        broken = bold("The newest checkpoint has no valid signatures.")
        return joined([broken, "Verify the log now, and keep the checkpoint file."])
    sealed = bold(f"{fmt.number(now.sealed)} of {fmt.number(now.events)} events")
    moment = bold(f"{fmt.day(now.made_at)}, {fmt.clock(now.made_at)}")
    told = format_html("{} stand under the checkpoint of {}, both signatures valid.", sealed, moment)
    return joined([told, _tail(now.tail)])


def _tail(count: int) -> str:
    if count <= 0:
        return "None is newer."
    return format_html(
        "{} the next.", marked(f"{sentence(counted(count, 'newer one joins', 'newer ones join'))}")
    )


def _verified(report: Report) -> SafeString:
    if report.findings:
        first = " ".join(report.findings[0].split()[:20])
        words = bold(f"The record breaks in {counted(len(report.findings), 'place')}.")
        return joined([words, f"First: {first}."])
    words = bold(f"All {fmt.number(report.events)} events were recomputed just now")
    return joined([format_html("{}: in place and unchanged.", words), _tail(report.tail)])


_WORDS = {
    "audit.read": "Read the audit log",
    "audit.erased": "Erased personal texts",
    "audit.exported": "Exported a bundle of proofs",
    "key.rotated": "Took a new signing key",
    "key.revoked": "Revoked a signing key",
    "approval.asked": "Asked for approval",
    "approval.voted": "Decided",
    "approval.narrowed": "Tightened the limits",
    "money.reserved": "Promised money",
    "money.settled": "Booked a bill",
    "money.released": "Gave a promise back",
    "money.expired": "Took back a promise that was left behind",
    "money.adjusted": "Corrected a bill",
    "spending.stopped": "Stopped QPU spending",
    "spending.resumed": "Resumed QPU spending",
    "house.restored": "Restored the house from a backup",
    "house.reconciled": "Asked every provider after a restore",
    "budget.changed": "Changed a limit",
    "budget.closed": "Closed a period",
    "change.proposed": "Proposed a change of money",
    "change.decided": "Decided on a change of money",
    "invoice.imported": "Imported an invoice",
    "invoice.aside": "Set a line of a bill aside",
    "budget.cleared": "Cleared an overrun",
    "run.moved": "Moved a run on",
    "run.queued": "Submitted a run",
}


def did(event: AuditEvent) -> str:
    """What was done, in words; an action nobody described is shown by its own name."""
    room, _, verb = event.action.partition(".")
    return _WORDS.get(event.action) or f"{room} {verb.replace('_', ' ')}".strip().capitalize()


def detail(facts: Mapping[str, Any]) -> str:
    """Before and after, or the one fact that says most."""
    if "from_micro" in facts:
        return f"{_usd(facts['from_micro'])} → {_usd(facts['to_micro'])}"
    for before, after in (("from", "to"), ("was", "state")):
        if facts.get(before) and facts.get(before) != facts.get(after):
            return f"{_words(facts[before])} → {_words(facts[after])}"
    if moves := facts.get("moves"):
        return _moves(moves)
    for name in ("billed_micro", "amount_micro", "limit_micro"):
        if name in facts:
            return _usd(facts[name])
    return next((str(facts[name])[:80] for name in _TELLING if facts.get(name)), fmt.NOT_APPLICABLE)


def _moves(moves: list[dict[str, Any]]) -> str:
    """The last move, and how many came with it."""
    last = moves[-1]
    what = last.get("stage") or f"submission {last.get('submission')}"
    more = f" and {len(moves) - 1} more" if len(moves) > 1 else ""
    return f"{what}: {_words(last['from'])} → {_words(last['to'])}{more}"


_TELLING = ("verdict", "reason", "why", "what", "called", "title", "role", "username")


def _usd(micro: int) -> str:
    return fmt.money(from_micro(micro))


def _words(state: object) -> str:
    return str(state).replace("_", " ")
