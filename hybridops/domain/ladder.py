"""What waiting work does about it, one rung at a time: fewer shots, another approved backend, another question at
the gate, the fallback.

Fewer shots are less of what was approved, and another backend is one that is listed. What an approval does not hold
is never sent from here: it is asked about, once, while there is time for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hybridops.domain.dispatch import Key
from hybridops.domain.shares import ClassRule, Rules
from hybridops.domain.waits import Waits

FEWER, OTHER, ASK, SIMULATION = "fewer shots", "another backend", "ask again", "simulation"
SURE = 0.9  # the share of the waits seen that has to let it be in time


@dataclass(frozen=True, slots=True)
class Standing:
    """Work in line: seconds waited and left, shots of a circuit, what it has taken, where it may go and could go.

    `shut` are those whose breaker lets nothing through, with the seconds until it does, None where nobody knows.
    `beyond` are open backends that the approval does not list; empty where it may not be asked again.
    """

    waited: float
    left: float
    shots: int
    taken: tuple[str, ...]
    open_to: tuple[Key, ...]
    listed: tuple[Key, ...]
    waits: Mapping[Key, Waits] = field(default_factory=dict)
    shut: Mapping[Key, float | None] = field(default_factory=dict)
    beyond: tuple[Key, ...] = ()

    def in_time(self, key: Key) -> bool:
        """Whether a backend would take it in time, 9 in 10 times; one that never told its wait counts as in time."""
        wait, opens = self.waits.get(key, Waits()).quantile(SURE), self.shut.get(key) or 0.0
        return self.left > 0 and (wait or 0.0) + opens <= self.left


@dataclass(frozen=True, slots=True)
class Rung:
    """A way out: `to` for another backend, `shots` for fewer of them; `late` where time forces it."""

    name: str
    to: Key | None = None
    shots: int = 0
    late: bool = False


def climb(at: Standing, rule: ClassRule, rules: Rules) -> Rung | None:
    """The next rung that is due, or None.

    Where no backend it waits for would be in time it changes to one that would, at most `reroutes_max` times, or
    asks again where one beyond the approval would, else falls back. Where nothing it waits for lets anything through
    it goes elsewhere at once, and asks after a delay. Otherwise each rung takes another `delay_seconds` of waiting.
    """
    if SIMULATION in at.taken or ASK in at.taken:
        return None
    if not any(at.in_time(key) for key in at.open_to):
        falls = Rung(SIMULATION, late=True) if SIMULATION in rule.rungs else None
        return _other(at, rule, rules, late=True) or _ask(at, rule, rules) or falls
    shut = all(key in at.shut for key in at.open_to)
    if shut and (way := _other(at, rule, rules, late=False)):
        return way
    if at.waited < rule.delay_seconds * (1 + len(at.taken)):
        return None
    if shut and (question := _ask(at, rule, rules)):
        return question
    kept = max(1, int(at.shots * rules.shots_kept))
    if FEWER in rule.rungs and FEWER not in at.taken and kept < at.shots:
        return Rung(FEWER, shots=kept)
    return _other(at, rule, rules, late=False)


def _other(at: Standing, rule: ClassRule, rules: Rules, *, late: bool) -> Rung | None:
    """The approved backend with the shortest wait that it does not wait for yet and that would be in time."""
    ways = [key for key in at.listed if key not in at.open_to and key not in at.shut and at.in_time(key)]
    if OTHER not in rule.rungs or not ways or at.taken.count(OTHER) >= rules.reroutes_max:
        return None
    return Rung(
        OTHER, to=min(ways, key=lambda key: (_typical(at.waits, key), at.listed.index(key))), late=late
    )


def _ask(at: Standing, rule: ClassRule, rules: Rules) -> Rung | None:
    """Another question, for the backend beyond the approval with the shortest wait, while there is time for people."""
    ways = [key for key in at.beyond if at.in_time(key)]
    if ASK not in rule.rungs or not ways or at.left < rules.ask_seconds:
        return None
    return Rung(ASK, to=min(ways, key=lambda key: (_typical(at.waits, key), at.beyond.index(key))), late=True)


def _typical(waits: Mapping[Key, Waits], key: Key) -> float:
    wait = waits.get(key, Waits()).quantile(0.5)
    return float("inf") if wait is None else wait


def words(waits: Mapping[Key, Waits], keys: Sequence[Key]) -> str:
    """The queues of these backends, as far as they told."""
    told = {key: waits.get(key, Waits()).quantile(SURE) for key in keys}
    return ", ".join(
        f"{key[1]} {'tells no wait' if wait is None else f'9 in 10 times under {wait:.0f} s'}"
        for key, wait in told.items()
    )
