"""What will it cost, who has to agree, when is it done?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, sentence


@dataclass(frozen=True, slots=True)
class Told:
    """What a preview says. `done` is the expected end; `cap` is set only where the run may pass it."""

    likely: Decimal
    high: Decimal
    reviewers: int
    finance: int
    backend: str
    done: datetime | None
    deadline: datetime | None = None
    cap: Decimal | None = None


def answer(told: Told) -> SafeString:
    if told.cap is not None:
        words = f"{fmt.money(told.high)}, above your cap of {fmt.money(told.cap)}"
        return joined(
            [
                format_html("On {} the QPU may cost {}.", told.backend, bold(words)),
                "Ask for less, or raise the cap.",
            ]
        )
    cost = format_html(
        "This run will likely cost {}, needs {}", bold(fmt.money(told.likely)), bold(agreement(told))
    )
    return joined([format_html("{}{}.", cost, _when(told))])


def agreement(told: Told) -> str:
    """Who has to agree: nobody's approval, one reviewer, one reviewer and finance."""
    if not told.reviewers + told.finance:
        return "nobody’s approval"
    people = counted(told.reviewers, "reviewer") if told.reviewers else ""
    return " and ".join(filter(None, (people, "finance" if told.finance else "")))


def _when(told: Told) -> str:
    if told.done is None:
        return ""
    should = format_html(", and should be done {}", bold(f"by {fmt.clock(told.done)}"))
    if told.deadline is None:
        return should
    away = (told.deadline - told.done).total_seconds()
    side = "before" if away >= 0 else "after"
    return format_html("{}, {} {} your deadline", should, fmt.duration(abs(away) // 60 * 60 or 60), side)


def wrong(count: int) -> SafeString:
    """Nothing can be priced before these are changed."""
    things = sentence(counted(count, "thing"))
    return joined([bold(f"{things} to change"), "before a price can be given. Nothing was submitted."])


def without_data() -> SafeString:
    return joined(
        [bold("Add data first:"), "upload a file, or take the public set. Then the price stands here."]
    )


def changed(likely: Decimal | None) -> SafeString:
    now = "" if likely is None else f": now likely {fmt.money(likely)}"
    return joined(
        [bold(f"This is not what was shown last{now}."), "Check it and send it again. Nothing was submitted."]
    )
