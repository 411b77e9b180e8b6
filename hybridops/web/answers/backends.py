"""Can I send work there now?"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.backends.models import Breaker
from hybridops.domain.rules import Rule
from hybridops.domain.states import BreakerState
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, marked, sentence
from hybridops.web.viewmodels.places import Place, Standing, is_due

NAMED_MAX = 2
_TROUBLES = {
    Standing.TRIAL: ("takes one trial job at a time", "take one trial job at a time"),
    Standing.SHUT: ("is left alone for now", "are left alone for now"),
    Standing.HELD: ("is held by an operator", "are held by an operator"),
    Standing.CLOSED: ("is closed", "are closed"),
    Standing.FULL: ("takes nothing by its cap", "take nothing by their caps"),
}


def answer(places: Sequence[Place]) -> SafeString:
    """Where work can go now, and what is the matter elsewhere."""
    if not places:
        return joined([bold("No backend has been seen yet."), "The workers look within seconds."])
    return joined([_open([one for one in places if one.standing == Standing.OPEN]), *_troubles(places)])


def _open(places: Sequence[Place]) -> SafeString:
    if not places:
        return marked("Not now.")
    best = min(places, key=lambda one: (one.wait_s is None, one.wait_s or 0.0, one.backend.name))
    first = bold(f"Yes, to {best.backend.name}")
    return format_html("{}: {}. {}", first, queue(best.wait_s), _others(len(places) - 1))


def _others(count: int) -> str:
    return f"{sentence(counted(count, 'other is', 'others are'))} open as well." if count else ""


def queue(wait_s: float | None) -> str:
    if wait_s is None:
        return "its queue is not reported"
    return f"about {fmt.duration(wait_s)} of queue" if wait_s >= 1 else "no queue"


def _troubles(places: Sequence[Place]) -> list[str]:
    told = []
    for standing, (one, many) in _TROUBLES.items():
        names = [place.backend.name for place in places if place.standing == standing]
        if names:
            shown = [
                *names[:NAMED_MAX],
                *([f"{len(names) - NAMED_MAX} more"] if len(names) > NAMED_MAX else []),
            ]
            told.append(f"{listed(shown)} {one if len(names) == 1 else many}.")
    return told[:2]


def one(place: Place) -> SafeString:
    """The same for one backend."""
    if place.standing == Standing.OPEN:
        return joined([bold("Yes."), f"{sentence(queue(place.wait_s))}, {price(place.rule)}."])
    if place.standing == Standing.TRIAL:
        return joined(
            [marked("One job at a time."), f"{sentence(place.why)}; a sound end lets everything pass again."]
        )
    until = f" Not before {fmt.clock(place.until, seconds=True)}." if place.until else ""
    return joined([marked("Not now."), f"{sentence(place.why)}.{until}"])


def breaker(row: Breaker | None) -> str:
    """A breaker in a word or two: one whose time is over is on trial, though nothing has come yet."""
    if row is None or row.state == BreakerState.CLOSED:
        return "Passing"
    if is_due(row) or row.state == BreakerState.HALF_OPEN:
        return "On trial"
    return "Held" if row.state == BreakerState.HELD else "Open"


def price(rule: Rule | None) -> str:
    """A rule of the price book in a few words."""
    if rule is None:
        return "no price, so nothing is sent there"
    if rule.kind == "task+shot" and not rule.task + rule.shot:
        return "costs nothing"
    match rule.kind:
        case "task+shot":
            return f"{fmt.money(rule.task)} a task and {fmt.price(rule.shot)} a shot"
        case "seconds" | "anneals":
            return f"{fmt.money(rule.second)} a second of the QPU"
        case "gate-shots":
            return f"by gates and shots, at least {fmt.money(rule.minimum)}"
        case _:
            return f"{fmt.money(rule.credit)} a credit"
