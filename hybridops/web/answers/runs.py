"""Which of my runs moved?"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.safestring import SafeString

from hybridops.web import fmt
from hybridops.web.answers import WORDS, bold, counted, joined, sentence


def answer(counts: Mapping[str, int], *, found: int | None = None, every: int = 0) -> SafeString:
    """`found` is None without a filter; else how many of `every` match."""
    if found is not None:
        which = (
            "No run matches"
            if not found
            else f"{sentence(counted(found, 'run'))} {'match' if found > 1 else 'matches'}"
        )
        return joined([bold(f"{which}."), f"There are {fmt.number(every)} without the filter."])
    if not counts.get("all"):
        return joined([bold("No runs yet."), "The simulator costs nothing and takes a minute or two."])
    parts = [f"{counted(counts['moving'], 'run')} {'is' if counts['moving'] == 1 else 'are'} moving"]
    if waiting := counts.get("waiting"):
        parts.append(f"{counted(waiting, 'run')} {'waits' if waiting == 1 else 'wait'} for approval")
    ended = counts["all"] - counts["moving"] - counts.get("waiting", 0)
    return joined([bold(f"{sentence(' and '.join(parts))}."), _ended(counts.get("accepted", 0), ended)])


def _ended(accepted: int, ended: int) -> str:
    if not ended:
        return ""
    of = f"Of {counted(ended, 'run')} that ended,"
    return f"{of} {worded(accepted)} {'was' if accepted == 1 else 'were'} accepted."


def worded(count: int) -> str:
    """none, two, 12."""
    return "none" if not count else WORDS[count] if count < len(WORDS) else fmt.number(count)
