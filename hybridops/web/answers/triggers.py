"""What asks for runs while nobody is there, when next, and does it work?"""

from __future__ import annotations

from datetime import datetime

from django.utils.safestring import SafeString

from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, marked, sentence


def answer(going: int, hooks: int, next_at: datetime | None, refused: int) -> SafeString:
    """`going` schedules that are not paused; `refused`: how many things made no run the last time they were due."""
    if not going and not hooks:
        return bold("Nothing asks for runs by itself.")
    what = [counted(going, "schedule")] if going else []
    what += [counted(hooks, "hook")] if hooks else []
    verb = "asks" if going + hooks == 1 else "ask"
    first = bold(sentence(f"{' and '.join(what)} {verb} for runs."))
    soon = f"Next at {fmt.day(next_at)}, {fmt.clock(next_at)} UTC." if next_at else ""
    lost = marked(f"{sentence(counted(refused, 'schedule'))} made no run the last time.") if refused else ""
    return joined([first, soon, lost])
