"""Whether work may go where it lately failed: a circuit breaker, as a rule over what came back.

Closed, everything passes. Where enough of what came back within a window was the vendor's fault it opens, for a time
that grows with each opening in a row. Then one piece of work is let through as a trial: a sound end closes it, a
fault opens it for longer, and one that tells nothing lets another try. A person may hold it open or close it.

Times are seconds on any one clock; nothing here reads one. The same outcomes give the same moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.states import BREAKER_MOVES, BreakerState, check_move

# Kinds of errors that are no vendor's fault: the work's, ours, the payer's, or a pace that the vendor keeps.
NOT_THEIRS = frozenset({"invalid_program", "too_large", "conflict", "budget", "rate_limit", "cancelled"})
# Kinds that say more of the provider than of one of its backends: it did not answer, or not so that one can read it.
OF_PROVIDER = frozenset({"timeout", "auth", "unavailable", "malformed"})
GROWTHS_MAX = 32  # openings in a row after which the time grows no more
_S = BreakerState


class Verdict(StrEnum):
    """What the end of one piece of work says about where it was sent."""

    SOUND = "sound"
    FAULT = "fault"
    NOTHING = "nothing"


def verdict(kind: str) -> Verdict:
    """Of an error by its kind; an empty one was no error of the vendor's."""
    return Verdict.FAULT if kind and kind not in NOT_THEIRS else Verdict.NOTHING


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """It opens where `faults` of the outcomes within `window_seconds` are faults and these are at least `share` of
    them: for `open_seconds`, times `growth` with each opening in a row, at most `open_seconds_max`.
    """

    faults: int = 3
    share: float = 0.5
    window_seconds: float = 600.0
    open_seconds: float = 60.0
    growth: float = 2.0
    open_seconds_max: float = 3600.0

    def open_for(self, openings: int) -> float:
        """How long it stays open for the n-th time in a row, n from 1."""
        grown = self.open_seconds * self.growth ** min(max(0, openings - 1), GROWTHS_MAX)
        return min(self.open_seconds_max, grown)


def breaker_rules(document: Mapping[str, Any]) -> BreakerRules:
    """The rules in a document; raises BadInput with the field for what it does not know or what cannot be."""
    names = {each.name for each in fields(BreakerRules)}
    if unknown := sorted(set(document) - names):
        raise BadInput(f"Rules of breakers have no {unknown[0]!r}.", field=unknown[0])
    made = BreakerRules(**document)
    if made.faults < 1 or not 0 < made.share <= 1:
        raise BadInput(
            "A breaker opens by at least one fault, and a share above 0 and up to 1.", field="faults"
        )
    if made.window_seconds <= 0 or not 0 < made.open_seconds <= made.open_seconds_max:
        raise BadInput(
            "Window and opening are above zero, the longest opening no shorter.", field="open_seconds"
        )
    if not 1 <= made.growth <= 10:
        raise BadInput("An opening grows by a factor from 1 to 10.", field="growth")
    return made


@dataclass(frozen=True, slots=True)
class Breaker:
    """One backend's or provider's. `since` is when it came into its state; `until` when an open one lets a trial
    through; `openings` counts those in a row; `trial` names the work that was let through.
    """

    state: BreakerState = _S.CLOSED
    since: float = 0.0
    until: float | None = None
    openings: int = 0
    trial: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """The end of one piece of work, and what it says."""

    job: str
    verdict: Verdict
    at: float


@dataclass(frozen=True, slots=True)
class Move:
    """From, to, why and when."""

    before: Breaker
    after: Breaker
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Passage:
    """What lets nothing through now, with its reason and until when as far as that is known; and what lets one
    piece through, as a trial. By provider and backend, and by (provider, "") for all of a provider.
    """

    shut: Mapping[tuple[str, str], tuple[str, float | None]] = field(default_factory=dict)
    trials: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.shut or self.trials)

    def why_not(self, key: tuple[str, str]) -> tuple[str, float | None]:
        """Why nothing goes there now and until when; an empty reason where something may."""
        return self.shut.get(key) or self.shut.get((key[0], "")) or ("", None)


def shut(breaker: Breaker, job: str, now: float) -> bool:
    """Whether this work may not pass now. What is let through already may."""
    match breaker.state:
        case _S.CLOSED:
            return False
        case _S.OPEN:
            return breaker.until is not None and now < breaker.until
        case _S.HALF_OPEN:
            return breaker.trial != job
        case _S.HELD:
            return True


def admit(breaker: Breaker, job: str, now: float) -> Move | None:
    """Lets work through: as the trial where the breaker was open. Raises Conflict where it may not pass."""
    if shut(breaker, job, now):
        raise Conflict("Somebody else is the trial, or it is open again.")
    if breaker.state != _S.OPEN:
        return None
    return _moved(
        breaker, now, "one job is let through as a trial", state=_S.HALF_OPEN, until=None, trial=job
    )


def hear(breaker: Breaker, heard: Heard, recent: Iterable[Heard], rules: BreakerRules) -> Move | None:
    """What an end does to a breaker. `recent` are the ends that told something, this one among them.

    While it is open only its trial counts: what was sent before says how it was before.
    """
    if breaker.state == _S.HALF_OPEN and breaker.trial == heard.job:
        return _judged(breaker, heard, rules)
    if breaker.state != _S.CLOSED or heard.verdict != Verdict.FAULT:
        return None
    begins = max(breaker.since, heard.at - rules.window_seconds)
    counted = [each.verdict for each in recent if begins <= each.at <= heard.at]
    faults = counted.count(Verdict.FAULT)
    if faults < rules.faults or faults < rules.share * len(counted):
        return None
    return _open(breaker, heard.at, f"{faults} of the last {len(counted)} jobs failed there", rules)


def _judged(breaker: Breaker, heard: Heard, rules: BreakerRules) -> Move:
    """The end of the trial."""
    match heard.verdict:
        case Verdict.SOUND:
            return _moved(
                breaker, heard.at, "the trial came back sound", state=_S.CLOSED, openings=0, trial=""
            )
        case Verdict.FAULT:
            return _open(breaker, heard.at, "the trial failed as well", rules)
        case Verdict.NOTHING:
            why = "the trial told nothing, another one may try"
            return _moved(breaker, heard.at, why, state=_S.OPEN, until=heard.at, trial="")


def _open(breaker: Breaker, at: float, why: str, rules: BreakerRules) -> Move:
    openings = breaker.openings + 1
    until = at + rules.open_for(openings)
    return _moved(breaker, at, why, state=_S.OPEN, until=until, openings=openings, trial="")


def by_hand(breaker: Breaker, target: BreakerState, why: str, now: float) -> Move:
    """A person holds it open until a person closes it, or closes it. Raises Conflict where it stands so already."""
    if breaker.state == target:
        raise Conflict(f"It is {target} already. Read it again.")
    return _moved(breaker, now, why, state=target, until=None, openings=0, trial="")


def _moved(breaker: Breaker, at: float, why: str, **values: Any) -> Move:
    check_move(BREAKER_MOVES, breaker.state, values["state"])
    return Move(breaker, replace(breaker, since=at, **values), why, at)
