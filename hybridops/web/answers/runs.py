"""Which of my runs moved?"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.safestring import SafeString

from hybridops.experiments.listing import COUNTED_MAX
from hybridops.web import fmt
from hybridops.web.answers import WORDS, bold, counted, joined, sentence


def answer(counts: Mapping[str, int], *, found: int | None = None, every: int = 0) -> SafeString:
    """`found` is None without a filter; else how many of `every` match. Counts end one above COUNTED_MAX."""
    if found is not None:
        which = (
            "No run matches"
            if not found
            else f"{sentence(_runs(found))} {'match' if found > 1 else 'matches'}"
        )
        rest = f"{'more than ' if every > COUNTED_MAX else ''}{fmt.number(min(every, COUNTED_MAX))}"
        return joined([bold(f"{which}."), f"There are {rest} without the filter."])
    if not counts.get("all"):
        return joined([bold("No runs yet."), "The simulator costs nothing and takes a minute or two."])
    parts = [f"{counted(counts['moving'], 'run')} {'is' if counts['moving'] == 1 else 'are'} moving"]
    if waiting := counts.get("waiting"):
        parts.append(f"{counted(waiting, 'run')} {'waits' if waiting == 1 else 'wait'} for approval")
    all_of_them = counts["all"] > COUNTED_MAX
    ended = counts["all"] if all_of_them else counts["all"] - counts["moving"] - counts.get("waiting", 0)
    return joined([bold(f"{sentence(' and '.join(parts))}."), _ended(counts.get("accepted", 0), ended)])


def limited(count: int) -> str:
    """A count that was not carried on beyond the limit."""
    return f"{fmt.number(COUNTED_MAX)}+" if count > COUNTED_MAX else fmt.number(count)


def _runs(count: int) -> str:
    return f"more than {fmt.number(COUNTED_MAX)} runs" if count > COUNTED_MAX else counted(count, "run")


def _ended(accepted: int, ended: int) -> str:
    if not ended:
        return ""
    if ended > COUNTED_MAX:
        return f"{sentence(_runs(ended))} have ended."
    of = f"Of {counted(ended, 'run')} that ended,"
    return f"{of} {worded(accepted)} {'was' if accepted == 1 else 'were'} accepted."


def worded(count: int) -> str:
    """none, two, 12."""
    return "none" if not count else WORDS[count] if count < len(WORDS) else fmt.number(count)
