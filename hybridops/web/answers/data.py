"""The answer lines of the data pages: what lies here, where it may go, what is kept."""

from __future__ import annotations

from datetime import timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.data import in_words
from hybridops.experiments.models import DataSnapshot
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, sentence


def listed(count: int, tight: int, removed: int) -> SafeString:
    """`tight`: sensitive or restricted; `removed`: only their digests are left."""
    if not count:
        return joined(["No data has been added yet. Add a file where you make a run."])
    parts: list[str] = [bold(f"{sentence(counted(count, 'data set'))} of your teams.")]
    if tight:
        parts.append(f"{sentence(counted(tight, 'is', 'are'))} sensitive or restricted.")
    if removed:
        parts.append(f"{sentence(counted(removed, 'was', 'were'))} removed; digests stay.")
    return joined(parts)


def one(row: DataSnapshot, kept_for: timedelta | None, held: bool) -> SafeString:
    where = in_words(row.regions, home=row.project.home_region)
    if row.removed_at is not None:
        gone = f"It was removed on {fmt.day(row.removed_at)} under {row.removed_under}."
        return joined([bold(gone), "Its digest stays; a run on it cannot be replayed."])
    words = format_html("{} and may reach {}.", bold(f"This data is {row.data_class}"), where)
    if held:
        return joined([words, "A legal hold keeps it."])
    end = (
        "It is kept without end."
        if kept_for is None
        else f"It is removed {kept_for.days} days after its last use."
    )
    return joined([words, end])


def holds(standing: int) -> SafeString:
    if not standing:
        return joined(
            [bold("Nothing is held."), "Data is removed when its time is over, and erased on request."]
        )
    words = bold(f"{sentence(counted(standing, 'hold stands', 'holds stand'))}.")
    kept = "it keeps" if standing == 1 else "they keep"
    return joined([words, f"What {kept} is neither removed nor erased."])
