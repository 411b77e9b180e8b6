"""Which decision first?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.approvals.models import ApprovalRequest
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, marked, sentence


def answer(waiting: Sequence[ApprovalRequest], others: int, passed: int) -> SafeString:
    if not waiting:
        return joined([bold("Nothing waits for you."), _others(others), _passed(passed)])
    first = waiting[0]
    caps = sum((Decimal(request.envelope["cost_usd_max"]) for request in waiting), Decimal(0))
    if len(waiting) == 1:
        words = bold(f"{fmt.money(caps)} at most waits for you")
        return joined(
            [format_html("{}: {} lapses at {}.", words, first.title, marked(fmt.clock(first.lapses_at)))]
        )
    words = bold(f"{sentence(counted(len(waiting), 'request'))} wait for you")
    lapses = marked(fmt.clock(first.lapses_at))
    told = format_html("{}, up to {} in all.", words, bold(fmt.money(caps)))
    return joined([told, format_html("{} is the first to lapse, at {}.", first.title, lapses)])


def _others(count: int) -> str:
    return f"{sentence(counted(count, 'request waits', 'requests wait'))} for others." if count else ""


def _passed(count: int) -> str:
    return f"{sentence(counted(count, 'run'))} passed by policy this week." if count else ""
