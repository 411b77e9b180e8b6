"""Conditions of a policy: a named fact compared with a value. A closed set: no expressions, no code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hybridops.domain.errors import BadInput

NUMBERS: Mapping[str, str] = {
    "score": "the risk score",
    "cost_usd_max": "the cost in US dollars",
    "shots": "the number of shots",
    "budget_share": "the share of what is left of a budget",
    "calibration_age_hours": "the age of the calibration in hours",
}
WORDS: Mapping[str, str] = {
    "backend": "the backend",
    "region": "the region",
    "data_class": "the class of the data",
    "priority_class": "the priority class",
}
YES_NO: Mapping[str, tuple[str, str]] = {
    "real_hardware": ("it runs on real hardware", "it runs on the ideal simulator"),
    "by_machine": ("a service or an agent asks", "a person asks"),
    "generated": ("the circuit is generated", "the circuit comes from the signed workflow"),
    "backend_used_before": ("the workflow has used the backend", "the workflow has not used the backend"),
    "definition_used_before": ("the workflow has run before", "the workflow has not run before"),
    "leaves_home": ("the data leaves its home region", "the data stays in its home region"),
    "data_may_go": ("the data may go to the region", "the data may not go to the region"),
}
_COMPARED: Mapping[str, str] = {
    "above": "is above",
    "at_least": "is at least",
    "below": "is below",
    "at_most": "is at most",
}
type Value = Decimal | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """`value` is a number for the four comparisons, yes or no for `is`, words for `one_of`."""

    fact: str
    compared: str
    value: Value

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether it is so of these facts; a number that is missing counts as larger than any other."""
        found = facts[self.fact]
        match self.value:
            case bool():
                return bool(found is self.value)
            case tuple():
                return found in self.value
        number = Decimal("Infinity") if found is None else Decimal(str(found))
        return {
            "above": number > self.value,
            "at_least": number >= self.value,
            "below": number < self.value,
            "at_most": number <= self.value,
        }[self.compared]

    def words(self) -> str:
        match self.value:
            case bool():
                return YES_NO[self.fact][0 if self.value else 1]
            case tuple():
                return f"{WORDS[self.fact]} is {' or '.join(self.value)}"
        return f"{NUMBERS[self.fact]} {_COMPARED[self.compared]} {self.value}"


def read(documents: Any, where: str) -> tuple[Condition, ...]:
    """The conditions in a list of `{"fact": …, one comparison: value}`; raises BadInput for anything else."""
    if not isinstance(documents, list):
        raise BadInput("conditions stand in a list", field=where)
    return tuple(_one(body, f"{where}.{at}") for at, body in enumerate(documents))


def _one(body: Any, where: str) -> Condition:
    if not isinstance(body, dict) or len(body) != 2 or "fact" not in body:
        raise BadInput("a condition has a fact and one comparison", field=where)
    (compared,) = body.keys() - {"fact"}
    fact, value = body["fact"], body[compared]
    if fact in NUMBERS and compared in _COMPARED:
        return Condition(fact, compared, number(value, where))
    if fact in YES_NO and compared == "is" and isinstance(value, bool):
        return Condition(fact, compared, value)
    if fact in WORDS and compared == "one_of" and _are_words(value):
        return Condition(fact, compared, tuple(value))
    raise BadInput(f"{fact!r} cannot be compared by {compared!r} with {value!r}", field=where)


def number(value: Any, where: str) -> Decimal:
    """An exact number: an integer or a decimal in a string, never below zero. Floats carry no limits."""
    if isinstance(value, int | str) and not isinstance(value, bool):
        try:
            found = Decimal(value)
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and found >= 0:
            return found
    raise BadInput(f"{value!r} is no number; write an integer, or a decimal in quotes", field=where)


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) and word for word in value)


def all_hold(conditions: Sequence[Condition], facts: Mapping[str, Any]) -> bool:
    """Whether each holds; none at all is always so."""
    return all(condition.holds(facts) for condition in conditions)


def in_words(conditions: Sequence[Condition]) -> str:
    """The conditions as half a sentence."""
    return " and ".join(condition.words() for condition in conditions) or "nothing above applies"
