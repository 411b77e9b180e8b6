"""What does a cancel keep, and what does it save?"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.web import fmt
from hybridops.web.answers import bold, joined, listed, marked, sentence
from hybridops.web.viewmodels.money import Cost


def answer(cost: Cost, out: Sequence[str]) -> SafeString:
    """`out` names what a provider has and may still charge."""
    saves = bold(f"about {fmt.money(cost.saves)}")
    first = format_html("Cancelling keeps {} spent and saves {}.", fmt.money(cost.billed), saves)
    if not out:
        return joined([first, "Nothing is at a provider, so the run ends at once."])
    verb = "is" if len(out) == 1 else "are"
    may = f"and may still cost up to {fmt.money(cost.at_risk)}."
    return joined([first, marked(f"{sentence(listed(out[:3]))} {verb} out"), may])
