"""What a team's turn depends on: its weight, what it has used lately, the priority class of its work.

Times are seconds on any one clock, money is in micro-dollars; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hybridops.domain.breaker import BreakerRules, breaker_rules
from hybridops.domain.errors import BadInput

DAY = 24 * 3600.0
RUNGS = (
    "fewer shots",
    "another backend",
    "ask again",
    "simulation",
)  # what may follow a delay, in this order


@dataclass(frozen=True, slots=True)
class ClassRule:
    """How work of a priority class waits.

    A team's share counts `weight` times for it. Inside its team it stands as if it had come `head_start_seconds`
    earlier, so it is never overtaken by what came later than the difference of two head starts. `rungs` are the
    ways out that it takes by itself once it has waited `delay_seconds`.
    """

    weight: float = 1.0
    head_start_seconds: float = 0.0
    delay_seconds: float = 900.0
    rungs: tuple[str, ...] = RUNGS


CLASS_RULES: Mapping[str, ClassRule] = {
    "research": ClassRule(1.0, 0.0, 3600.0),
    "validation": ClassRule(2.0, 900.0, 1800.0),
    "production": ClassRule(4.0, 3600.0, 900.0, ("another backend", "ask again", "simulation")),
    "customer-facing": ClassRule(8.0, 4 * 3600.0, 120.0, ("another backend", "simulation")),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of fair sharing. A team that holds nothing for `wait_max_seconds` goes first, whatever it used.

    Use halves every `half_life_seconds`; a turn counts at least `least_micro`, so that what is free is shared too.
    `shots_kept` is the part of the shots that "fewer shots" keeps, `reroutes_max` how often a run changes backends,
    `ask_seconds` the time that has to be left for another question at the gate.
    """

    half_life_seconds: float = 7 * DAY
    wait_max_seconds: float = 1800.0
    least_micro: int = 10_000
    shots_kept: float = 0.5
    reroutes_max: int = 2
    ask_seconds: float = 3600.0
    weights: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, ClassRule] = field(default_factory=lambda: CLASS_RULES)
    breaker: BreakerRules = field(default_factory=BreakerRules)

    def weight_of(self, team: str) -> float:
        return self.weights.get(team, 1.0)

    def of_class(self, name: str) -> ClassRule:
        return self.classes.get(name, ClassRule())


def rules(document: Mapping[str, Any]) -> Rules:
    """The rules in a document; raises BadInput with the field for what it does not know or what cannot be."""
    known = {**document}
    classes = {**CLASS_RULES, **{name: _class(name, of) for name, of in known.pop("classes", {}).items()}}
    breaker = breaker_rules(known.pop("breaker", {}))
    weights = {str(team): float(weight) for team, weight in known.pop("weights", {}).items()}
    names = (
        "half_life_seconds",
        "wait_max_seconds",
        "least_micro",
        "shots_kept",
        "reroutes_max",
        "ask_seconds",
    )
    if unknown := sorted(set(known) - set(names)):
        raise BadInput(f"Rules of sharing have no {unknown[0]!r}.", field=unknown[0])
    made = Rules(**known, weights=weights, classes=classes, breaker=breaker)
    if not all(weight > 0 for weight in (*weights.values(), *(of.weight for of in classes.values()))):
        raise BadInput("A weight is above zero: nobody waits for ever.", field="weights")
    if made.half_life_seconds <= 0 or made.wait_max_seconds <= 0 or made.least_micro <= 0:
        raise BadInput("Half-life, longest wait and least charge are above zero.", field="half_life_seconds")
    if not 0 < made.shots_kept <= 1 or made.reroutes_max < 0:
        raise BadInput("Shots are kept in part, and reroutes are zero or more.", field="shots_kept")
    return made


def _class(name: str, body: Mapping[str, Any]) -> ClassRule:
    if name not in CLASS_RULES:
        raise BadInput(f"There is no priority class {name!r}.", field="classes")
    was = CLASS_RULES[name]
    told = {
        "weight": was.weight,
        "head_start_seconds": was.head_start_seconds,
        "delay_seconds": was.delay_seconds,
        "rungs": was.rungs,
        **body,
    }
    if not set(told["rungs"]) <= set(RUNGS):
        raise BadInput(f"The rungs are {', '.join(RUNGS)}.", field="classes")
    return ClassRule(**{**told, "rungs": tuple(told["rungs"])})


def decayed(entries: Iterable[tuple[str, float, float]], now: float, half_life: float) -> dict[str, float]:
    """What each team has used, in micro-dollars of today: (team, when, amount), each halved every half-life."""
    used: dict[str, float] = {}
    for team, at, amount in entries:
        used[team] = used.get(team, 0.0) + amount * 0.5 ** (max(0.0, now - at) / half_life)
    return used


def jain(shares: Iterable[float]) -> float:
    """Jain's index of fairness: 1 where all have the same, 1/n where one has everything (Jain, Chiu, Hawe 1984)."""
    values = list(shares)
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 1.0
