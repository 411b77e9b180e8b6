"""Will the budgets hold? Do the books agree? Does what we metered match what we are billed?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.money import from_micro
from hybridops.quotas.books import Difference
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import Left
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, marked, sentence
from hybridops.web.viewmodels.outlook import Outlook


def budgets(rows: Sequence[Budget], waiting: int) -> SafeString:
    """The one that has least left, what is frozen, and what waits for a second person."""
    told: list[str] = []
    if not rows:
        told.append("No budget is open, so nothing that costs money can start.")
    elif frozen := [row for row in rows if row.frozen]:
        words = counted(len(frozen), "budget is", "budgets are")
        told.append(format_html("{} frozen after an overrun, {} first.", bold(words), marked(frozen[0].name)))
    else:
        least = min(rows, key=lambda row: row.free_micro)
        left, limit = (from_micro(micro) for micro in (least.free_micro, least.limit_micro))
        left_of = bold(f"{fmt.money(left)} of {fmt.money_whole(limit)}")
        told.append(format_html("The tightest is {} with {} left.", marked(least.name), left_of))
    if waiting:
        words = counted(waiting, "change waits", "changes wait")
        told.append(f"{sentence(words)} for a second person.")
    return joined(told)


def budget(row: Budget, ahead: Outlook) -> SafeString:
    """What one budget has left, and whether its days to come fit in."""
    left, limit = (from_micro(micro) for micro in (row.free_micro, row.limit_micro))
    left_of = bold(f"{fmt.money(left)} of {fmt.money_whole(limit)}")
    told: list[str] = [format_html("{} has {} free.", row.name, left_of)]
    if row.frozen:
        told.append(marked("It is frozen after an overrun and takes no new work."))
    elif ahead.runs_out:
        told.append(marked(f"Half of the futures have used it up by {fmt.day(ahead.runs_out)}."))
    elif ahead.over is None:
        told.append(f"It is too early for a forecast: {ahead.days_seen} of 7 whole days were seen.")
    else:
        told.append(f"In {fmt.percent(1 - ahead.over)} of the futures it holds to {fmt.day(row.ends_on)}.")
    return joined(told)


def books(found: Sequence[Difference], at: datetime) -> SafeString:
    """Whether entries, budgets and reservations agree, or the first that do not."""
    if not found:
        return joined(
            [bold("The books agree."), f"Entries, budgets and reservations said the same at {fmt.clock(at)}."]
        )
    return joined([marked(f"The books differ in {counted(len(found), 'place')}."), f"{found[0]}."])


def invoices(left: Left, imported: int) -> SafeString:
    """What of the bills needs a person, and how far they are from what was booked."""
    if not imported:
        return joined(["No bill is imported yet. A vendor's CSV is matched to jobs, line by line."])
    if not left.lines:
        return joined(
            [bold("Every line of every bill is done."), f"{sentence(counted(imported, 'bill'))} in all."]
        )
    told: list[str] = [bold(f"{sentence(counted(left.lines, 'line needs', 'lines need'))} a person.")]
    if left.strange:
        told.append(f"{sentence(counted(left.strange, 'fits', 'fit'))} nothing of ours.")
    if left.apart_micro:
        told.append(f"The others are {fmt.money(from_micro(left.apart_micro))} away from what was booked.")
    return joined(told)
