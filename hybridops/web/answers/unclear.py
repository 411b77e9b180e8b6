"""Did the provider take it?"""

from __future__ import annotations

from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.experiments.models import Submission
from hybridops.web import fmt
from hybridops.web.answers import joined, marked


def answer(row: Submission, at_risk: Decimal | int) -> SafeString:
    """What is not known, and what hangs on it."""
    doubt = marked(f"{row.provider} cannot say whether it took submission {row.ordinal}")
    return joined(
        [
            format_html("{}, so it is not sent again.", doubt),
            f"Up to {fmt.money(Decimal(at_risk))} stays reserved until somebody looks at the provider's own console.",
        ]
    )
