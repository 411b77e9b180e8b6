"""What does an accepted solution cost us?"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.money import from_micro
from hybridops.experiments.figures import Total
from hybridops.quotas.models import Budget
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, marked, sentence


def answer(now: Total, before: Total, period: str, budgets: Sequence[Budget]) -> SafeString:
    """`period` as it stands in a sentence: over the last 30 days."""
    return joined([_headline(now, before, period), _budgets(budgets)])


def _headline(now: Total, before: Total, period: str) -> str:
    if now.per_accepted is not None:
        cost = bold(fmt.money(now.per_accepted))
        return format_html("An accepted solution cost {} {}{}.", cost, period, _change(now, before))
    if now.usd:
        spent = bold(f"{fmt.money(now.usd)} spent, no result accepted yet")
        return format_html("{} {}, so there is no cost per accepted solution.", spent, period)
    if now.runs:
        return f"{sentence(counted(now.runs, 'run'))} {period}, and nothing was charged so far."
    return f"No run was submitted {period}."


def _change(now: Total, before: Total) -> str:
    if now.per_accepted is None or not before.per_accepted:
        return ""
    share = (now.per_accepted - before.per_accepted) / before.per_accepted
    words = fmt.compare(share * 100, "less", "more", places=0)
    return ", the same as before" if words == "no difference" else f", {words} than before"


def _budgets(budgets: Sequence[Budget]) -> str:
    frozen = [budget for budget in budgets if budget.frozen]
    if frozen:
        more = f" and {counted(len(frozen) - 1, 'other')}" if len(frozen) > 1 else ""
        return format_html(
            "{}{} took an overrun and {} frozen until somebody clears it.",
            marked(frozen[0].name),
            more,
            "are" if more else "is",
        )
    tight = [budget for budget in budgets if budget.free_micro * 5 <= budget.limit_micro]
    if tight:
        first = tight[0]
        left = fmt.money(from_micro(first.free_micro))
        return format_html("{} has {} left.", marked(first.name), left)
    return ""


def per_accepted(total: Total) -> str:
    """In a table: the cost, or that none was accepted, never zero and never infinity."""
    return (
        fmt.money(total.per_accepted)
        if total.accepted
        else "none accepted"
        if total.runs
        else fmt.NOT_APPLICABLE
    )


def division(total: Total) -> str:
    if not total.accepted:
        return f"{fmt.money(total.usd)} spent, none accepted"
    return f"{fmt.money(total.usd)} ÷ {fmt.number(total.accepted)}"
