"""What is it doing, and is it better than classical?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.states import RunState
from hybridops.web import fmt
from hybridops.web.answers import bold, joined, listed, marked

_R = RunState
WHY_WORDS = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a run. Money: `spent` is None while nothing was billed. `doing`: labels of stages.

    `held` is set where the QPU stage waits for something else than its provider.
    """

    state: str
    why: str = ""
    unit: str = ""
    value: float | None = None
    change: float | None = None
    credit: str = ""
    spent: Decimal | None = None
    cap: Decimal | None = None
    asked_for: Decimal | None = None
    backend: str = ""
    doing: tuple[str, ...] = ()
    submission: int = 0
    submissions_max: int = 0
    unknown: bool = False
    cancelling: bool = False
    held: str = ""
    asked_at: datetime | None = None
    lapses_at: datetime | None = None
    approved_by: str = ""
    now: datetime | None = None


def answer(told: Told) -> SafeString:
    if told.cancelling and told.state not in _ENDED:
        return joined(
            [
                bold(f"Cancelling: {_where(told)} was asked to stop."),
                "What is out there may still be charged.",
            ]
        )
    if told.held and told.state not in _ENDED:
        return joined([marked(f"Held: {clipped(told.held)}."), "Nothing is lost; the run goes on by itself."])
    return _SAYS[RunState(told.state)](told)


def clipped(text: str, words: int = WHY_WORDS) -> str:
    """The first words of a reason, without its full stop."""
    found = text.split()
    return " ".join(found[:words]) + " …" if len(found) > words else text.strip().rstrip(".")


def spending(told: Told) -> str:
    """What it cost so far, never a bare zero where nobody has reported."""
    if told.spent is None:
        return "Its cost is not reported yet."
    cap = "" if told.cap is None else f" of the {fmt.money(told.cap)} cap"
    return (
        f"It cost {fmt.money(told.spent)}{cap}."
        if told.state in _ENDED
        else f"Spent so far: {fmt.money(told.spent)}{cap}."
    )


def _where(told: Told) -> str:
    return told.backend or "the provider"


def _queued(told: Told) -> SafeString:
    return joined([bold("Waiting for a worker."), "Nothing was spent yet."])


def _working(told: Told) -> SafeString:
    if not told.doing:
        return joined(
            [bold("All values are inside the signed ranges."), "The next stage waits for a worker."]
        )
    verb = "is" if len(told.doing) == 1 else "are"
    return joined([bold(f"{listed(told.doing[:3])} {verb} running."), "No QPU time was used yet."])


def _waiting(told: Told) -> SafeString:
    cost = "" if told.asked_for is None else f" of up to {fmt.money(told.asked_for)}"
    where = f" on {told.backend}" if told.backend else ""
    asked = "" if told.asked_at is None else f"Asked {fmt.relative(told.asked_at, told.now)}, "
    lapses = (
        "it does not lapse" if told.lapses_at is None else f"lapses {fmt.relative(told.lapses_at, told.now)}"
    )
    last = f"{asked}{lapses}." if asked else f"It {lapses.removeprefix('it ')}."
    return joined([marked(f"Waiting for approval{cost}{where}."), last, "Nothing was spent on the QPU."])


def _approved(told: Told) -> SafeString:
    by = f" by {told.approved_by}" if told.approved_by else ""
    cost = "" if told.asked_for is None else f", up to {fmt.money(told.asked_for)}"
    return joined([bold(f"Approved{by}{cost}."), f"The QPU part is sent to {_where(told)} next."])


def _number(told: Told) -> str:
    most = f" of at most {told.submissions_max}" if told.submissions_max > 1 else ""
    return f"submission {told.submission}{most}" if told.submission else "the submission"


def _reserved(told: Told) -> SafeString:
    return joined([bold(f"Sending {_number(told)} to {_where(told)}."), "The money for it is promised."])


def _submitted(told: Told) -> SafeString:
    if told.unknown:
        lost = f"Nobody knows yet whether {_where(told)} took {_number(told)}."
        return joined([marked(lost), "It is looked up by its key and never sent twice."])
    return joined([bold(f"In the queue of {_where(told)}: {_number(told)}."), "No QPU time was used yet."])


def _running(told: Told) -> SafeString:
    return joined([bold(f"{_where(told)} is executing {_number(told)}."), spending(told)])


def _retrieved(told: Told) -> SafeString:
    return joined(
        [bold("The samples are in."), "They are scored beside a random control now.", spending(told)]
    )


def result(told: Told) -> str:
    """1 284 m, 0.9 % lower than the best classical answer."""
    value = fmt.number(told.value, told.unit)
    if told.change is None:
        return value
    words = fmt.compare(100 * told.change, "lower", "higher")
    than = "from" if words == "no difference" else "than"
    return f"{value}, {words} {than} the best classical answer"


def _judged(told: Told) -> SafeString:
    if told.value is None:
        return joined([bold("No sample kept all rules, so there is no answer."), spending(told)])
    how = _RULED.get(RunState(told.state), "The answer is")
    return joined([format_html("{} {}.", how, bold(result(told))), *_credit(told), spending(told)])


def _credit(told: Told) -> list[str]:
    return [_EARNED[told.credit]] if told.credit in _EARNED else []


_RULED = {
    _R.ACCEPTED: "Accepted by the signed rule:",
    _R.NOT_ACCEPTED: "Not accepted by the signed rule:",
}
_EARNED: Mapping[str, str] = {
    "quantum samples": "The quantum samples earned it.",
    "post-processing": "Random samples reached it too.",
    "nobody": "It is no better than what it is measured against.",
}


def _degraded(told: Told) -> SafeString:
    value = (
        ""
        if told.value is None
        else format_html("The answer is {}.", bold(fmt.number(told.value, told.unit)))
    )
    return joined(
        [
            value,
            f"{clipped(told.why, 26)}.",
            "No QPU evidence." if told.why.startswith("Answered") else "",
            spending(told),
        ]
    )


def _stopped(told: Told) -> SafeString:
    why = clipped(told.why) if told.why else "No reason was recorded"
    return joined([bold(f"{why}."), spending(told)])


_SAYS: Mapping[RunState, Callable[[Told], SafeString]] = {
    _R.QUEUED: _queued,
    _R.VALIDATED: _working,
    _R.AWAITING_APPROVAL: _waiting,
    _R.APPROVED: _approved,
    _R.RESERVED: _reserved,
    _R.SUBMITTED: _submitted,
    _R.RUNNING: _running,
    _R.RETRIEVED: _retrieved,
    _R.SCORED: _judged,
    _R.ACCEPTED: _judged,
    _R.NOT_ACCEPTED: _judged,
    _R.DEGRADED: _degraded,
    _R.REFUSED: _stopped,
    _R.EXPIRED: _stopped,
    _R.CANCELLED: _stopped,
    _R.FAILED: _stopped,
}
_ENDED = frozenset(
    {_R.ACCEPTED, _R.NOT_ACCEPTED, _R.DEGRADED, _R.REFUSED, _R.EXPIRED, _R.CANCELLED, _R.FAILED}
)
