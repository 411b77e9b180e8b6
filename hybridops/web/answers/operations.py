"""Is work moving, and if not, where is it stuck? And the same for everybody, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from hybridops.domain.levels import Standing
from hybridops.engine.readings import Lane, Leaving, Room
from hybridops.experiments.pulse import Pulse
from hybridops.quotas.models import SpendingStop
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, marked, sentence
from hybridops.web.viewmodels.status import HELD, WORKS, Part

SEEN_KINDS = ("sweep", "courier")
ROOM_LEFT_BYTES = 2 * 10**9
TOLD_MAX = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page of operations is told; `heard` is None while the broker is away."""

    lanes: Sequence[Lane]
    heard: Sequence[Pulse] | None
    levels: Sequence[Standing]
    leaving: Sequence[Leaving]
    room: Room
    stop: SpendingStop | None
    shut: int  # breakers that are not closed


def answer(seen: Seen) -> SafeString:
    troubles = list(_troubles(seen))
    if not troubles:
        return joined([bold("Work is moving."), "Nothing needs an operator."])
    more = len(troubles) - TOLD_MAX
    last = f"{sentence(counted(more, 'more thing needs', 'more things need'))} you below." if more > 0 else ""
    return joined([marked(troubles[0]), *troubles[1:TOLD_MAX], last])


def _troubles(seen: Seen) -> Iterator[str]:
    """The most pressing first."""
    if seen.stop is not None:
        yield f"QPU spending is stopped since {fmt.clock(seen.stop.made_at)}."
    if seen.heard is None:
        yield "The broker is away: workers are not called, and nobody is heard."
    else:
        yield from _missing(seen.heard)
    for lane in seen.lanes:
        if lane.stuck:
            alone = " and no worker is there" if lane.workers == 0 else ""
            yield f"Work for {lane.name} waits {fmt.duration(lane.oldest_s)}{alone}."
    for one in seen.levels:
        if one.alarm is not None:
            yield burning(one)
    if dead := sum(one.dead for one in seen.leaving):
        yield f"{sentence(counted(dead, 'notice was', 'notices were'))} given up."
    if seen.shut:
        yield f"{sentence(counted(seen.shut, 'breaker is', 'breakers are'))} not closed."
    if seen.room.free_bytes < ROOM_LEFT_BYTES:
        yield f"Only {fmt.size(seen.room.free_bytes)} are free on the disk."


def _missing(heard: Sequence[Pulse]) -> Iterator[str]:
    alive = {one.kind for one in heard if not one.lost}
    gone = [kind for kind in SEEN_KINDS if kind not in alive]
    if gone:
        yield f"No {listed((_NAMES[kind] for kind in gone), 'and no')} was heard lately."
    if lost := sum(one.lost for one in heard):
        yield f"{sentence(counted(lost, 'process has', 'processes have'))} fallen silent."


_NAMES = {"sweep": "sweeper", "courier": "courier"}


def burning(one: Standing) -> str:
    """What an alarm says."""
    if one.level.target >= 1:
        return f"{one.level.title}: this was broken, and there is no budget for it."
    window = one.alarm[1] if one.alarm else "1 h"
    left = one.gone_in_seconds
    gone = f"; at this rate what is left is gone in {fmt.duration(left)}" if left is not None else ""
    spent = " and the budget is used up" if one.left <= 0 else gone
    return f"{one.level.title}: over {window} its budget burns {burn(one.burn(window))} as fast as it may{spent}."


def burn(rate: float | None) -> str:
    if rate is None:
        return fmt.NOT_APPLICABLE
    return "broken" if rate == float("inf") else fmt.ratio(rate)


def left(one: Standing) -> str:
    """What is left of the budget, in words where that is nothing."""
    if one.share is None:
        return "nothing happened yet"
    return (
        fmt.percent(one.left) if one.left > 0 else "used up" if one.level.target < 1 else "none, and broken"
    )


def status(parts: Sequence[Part]) -> SafeString:
    troubled = [part for part in parts if part.standing != WORKS]
    if not troubled:
        return joined([bold("Everything works.")])
    held = [part for part in troubled if part.standing == HELD]
    first = (held or troubled)[0]
    since = f" since {fmt.clock(first.since)}" if first.since else ""
    word = "is held" if first.standing == HELD else "is slower than usual"
    more = len(troubled) - 1
    last = (
        f"{sentence(counted(more, 'other thing is', 'other things are'))} not as usual either."
        if more
        else ""
    )
    return joined([marked(f"{first.name}: this {word}{since}."), first.words, last])
