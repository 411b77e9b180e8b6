"""Does anybody wait for a backend, and why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.safestring import SafeString

from hybridops.backends.models import Cap
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, marked, sentence


def answer(
    waiting: int, longest_s: float, on_their_way: int, capped: int, shut: Sequence[str] = ()
) -> SafeString:
    """`capped` counts the backends and providers that have a cap, `shut` says why nothing goes to some for now."""
    if waiting:
        first = marked(f"{sentence(counted(waiting, 'run waits', 'runs wait'))} for a turn.")
        second = f"The longest has waited {fmt.duration(longest_s)}."
    elif on_their_way:
        first = bold(f"{sentence(counted(on_their_way, 'turn is', 'turns are'))} given and not used yet.")
        second = ""
    else:
        first, second = bold("Nobody waits."), ""
    last = "" if capped or shut else "No cap is set, so everything is sent at once."
    if shut:
        more = f" {sentence(counted(len(shut) - 1, 'other breaker is', 'other breakers are'))} not closed either."
        last = f"{sentence(shut[0])}.{more if len(shut) > 1 else ''}"
    return joined([first, second, last])


def limits(cap: Cap | None) -> str:
    """A cap in words."""
    told = []
    if cap is not None and cap.at_once is not None:
        told.append(f"at most {cap.at_once} at once" if cap.at_once else "takes nothing now")
    if cap is not None and cap.per_minute is not None:
        told.append(f"at most {cap.per_minute} a minute")
    return ", ".join(told) or "no cap"


def until(moment: datetime | None, lapses: datetime) -> str:
    """When a wait can end, as far as that is known, and when it ends at the latest."""
    soonest = f"not before {fmt.clock(moment, seconds=True)}" if moment else "when a place is free"
    return f"{soonest}; its time is over at {fmt.clock(lapses)}"


def shares(used: Mapping[str, float]) -> dict[str, float]:
    """Each team's part of all that was used lately; nothing where nothing was."""
    total = sum(used.values())
    return {team: amount / total for team, amount in used.items()} if total else {}
