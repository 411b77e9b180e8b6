"""What works, what is held and since when, for anybody who is signed in: no names of people, runs or addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hybridops.audit import queries as trail
from hybridops.backends.breakers import breakers
from hybridops.domain import clock
from hybridops.domain.states import BreakerState
from hybridops.engine import readings
from hybridops.engine.readings import Lane
from hybridops.experiments import conduct
from hybridops.quotas.queries import spending_stop

WORKS, SLOW, HELD = "works", "slow", "held"
SEAL_LATE_SECONDS, MAIL_LATE_SECONDS = 600.0, 600.0


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that people use. `since` is None where it works or nobody can tell."""

    name: str
    standing: str
    words: str
    since: datetime | None = None


def parts() -> list[Part]:
    heard = readings.processes()
    lanes = readings.lanes(heard)
    return [
        Part("Reading, submitting and deciding", WORKS, "You are reading this."),
        _classical(lanes),
        _quantum(lanes),
        _files(),
        _calls(heard is None),
        _record(),
        _messages(),
    ]


def _stuck(lanes: Sequence[Lane], name: str, words: str) -> Iterator[Part]:
    for lane in lanes:
        if lane.stuck:
            first = None if lane.oldest_s is None else readings.ago(lane.oldest_s)
            told = "and nobody is there to do it" if lane.workers == 0 else "longer than usual"
            yield Part(name, SLOW, f"{words} waits {told}. Nothing is lost.", first)


def _classical(lanes: Sequence[Lane]) -> Part:
    name = "Classical work"
    late = _stuck([lane for lane in lanes if lane.name != "qpu"], name, "Work")
    return next(late, Part(name, WORKS, "Runs are computed as they come."))


def _quantum(lanes: Sequence[Lane]) -> Part:
    name, stop = "Quantum work", spending_stop()
    if stop is not None:
        return Part(
            name,
            HELD,
            "An operator holds all of it. Runs wait where they are, nothing is lost.",
            stop.made_at,
        )
    late = next(_stuck([lane for lane in lanes if lane.name == "qpu"], name, "What is to be sent"), None)
    if late is not None:
        return late
    shut = [row for row in breakers().values() if row.state != BreakerState.CLOSED]
    if shut:
        names = ", ".join(sorted({row.backend or row.provider for row in shut}))
        words = f"Nothing or little goes to {names} for now; runs take another approved backend or wait."
        return Part(name, SLOW, words, readings.moment(min(row.since for row in shut)))
    return Part(name, WORKS, "Approved work is sent.")


def _files() -> Part:
    name = "Files of runs"
    waiting = dict(readings.held()).get(conduct.STORAGE.partition(":")[0], 0)
    if waiting:
        return Part(name, HELD, "The storage does not answer. Runs wait for it and go on by themselves.")
    return Part(name, WORKS, "They can be read and written.")


def _calls(away: bool) -> Part:
    name = "Live pages and calls to workers"
    if away:
        return Part(name, HELD, "The broker does not answer. Pages are true when you load them again.")
    return Part(name, WORKS, "Pages move by themselves.")


def _record() -> Part:
    name, log = "The record", trail.state()
    if log.alarm:
        return Part(name, HELD, "It is not signed on for now. What happens is written down all the same.")
    age = None if log.made_at is None else (clock.now() - log.made_at).total_seconds()
    if log.tail and age is not None and age > SEAL_LATE_SECONDS:
        return Part(name, SLOW, "New entries wait for their signature.", log.made_at)
    return Part(name, WORKS, "What happens is written down and signed.")


def _messages() -> Part:
    name = "Mail and messages"
    ways = [one for one in readings.leaving() if one.name != readings.RECORDS]
    first = min((one.oldest_at for one in ways if one.oldest_at is not None), default=None)
    if first is not None and (clock.now() - first).total_seconds() > MAIL_LATE_SECONDS:
        return Part(name, SLOW, "Some leave later than they should. None is lost.", first)
    if any(one.dead for one in ways):
        return Part(name, SLOW, "Some could not be delivered; operators see which.")
    return Part(name, WORKS, "They leave within a minute, or when you chose.")
