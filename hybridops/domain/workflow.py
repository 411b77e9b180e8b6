"""What a signed definition says: a DAG of stages, a closed parameter grammar, acceptance, fallback.

`parse` turns the signed JSON into records and refuses what is unknown; `follow` says which stages move
once others have ended. No user expression is ever evaluated: ranges and choices only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.helping import Rule
from hybridops.domain.helping import read as read_rule
from hybridops.domain.states import StageState

SCHEMAS = ("hybridops.workflow/1", "hybridops.workflow/2")  # the second says when a QPU counts as helping
KINDS = ("validate", "compute", "gate", "quantum", "score")
RESOURCES = ("cpu", "gpu", "qpu")


class Fallback(StrEnum):
    STOP = "stop"
    CLASSICAL = "classical"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value a person may choose. `kind` is int, number or choice; bounds are inclusive."""

    name: str
    kind: str
    default: Any
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    label: str = ""
    hint: str = ""

    def check(self, value: Any) -> Any:
        """The value, of the right type; raises BadInput naming the signed range."""
        if self.kind == "choice":
            if value not in self.choices:
                raise BadInput(f"{self.label} must be one of {', '.join(self.choices)}.", field=self.name)
            return value
        return self._number(value)

    def _number(self, value: float) -> int | float:
        assert self.low is not None  # parse() makes sure of both
        assert self.high is not None
        span = f"{self.label} must be between {self.low:g} and {self.high:g}."
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(f"{span} You entered {value!r}.", field=self.name)
        if not self.low <= value <= self.high:  # refuses NaN as well
            raise BadInput(f"{span} You entered {value:g}.", field=self.name)
        if self.kind == "int":
            if value != int(value):
                raise BadInput(f"{self.label} must be a whole number.", field=self.name)
            value = round(value)
        if self.step and (value - self.low) % self.step:
            raise BadInput(f"{self.label} goes in steps of {self.step:g} from {self.low:g}.", field=self.name)
        return value


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A node of the DAG. `step` names the workflow's function for compute and score stages.

    `reuse` says that what an earlier run of the same team computed from the very same input may be taken over.
    """

    key: str
    kind: str
    resource: str
    needs: tuple[str, ...]
    step: str
    seconds_max: float
    label: str
    gpu_required: bool = False
    light: bool = False
    reuse: bool = False

    @property
    def queue(self) -> str:
        """Heavy work goes to a killable child; what takes milliseconds runs light, without a fork."""
        if self.kind == "quantum":
            return "qpu"
        return "light" if self.light or self.kind in ("validate", "gate") else self.resource


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a workflow, as signed. `helping`: the rule of its verdict, None where none was set."""

    name: str
    version: int
    title: str
    summary: str
    author: str
    workflow: str
    implementation: str
    stages: tuple[StageSpec, ...]
    parameters: tuple[Parameter, ...]
    acceptance: Mapping[str, Any]
    providers: tuple[str, ...]
    fallback: Fallback
    submissions_max: int
    unit: str
    helping: Rule | None = None

    def stage(self, key: str) -> StageSpec:
        return next(stage for stage in self.stages if stage.key == key)

    def check_parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter, defaults filled in, checked against its signed range; unknown names refused."""
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := sorted(set(given) - set(known)):
            raise BadInput(f"{self.title} has no parameter {unknown[0]!r}.", field=unknown[0])
        return {name: item.check(given.get(name, item.default)) for name, item in known.items()}


def parse(document: Mapping[str, Any]) -> Definition:
    """The definition in a verified payload; raises BadInput for anything it does not know."""
    rule = _rule(document)
    try:
        stages = tuple(_stage(item) for item in document["stages"])
        parameters = tuple(_parameter(item) for item in document["parameters"])
        definition = Definition(
            stages=stages,
            parameters=parameters,
            fallback=Fallback(document["fallback"]),
            providers=tuple(document["providers"]),
            helping=rule,
            **{key: document[key] for key in _PLAIN},
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(f"the definition is incomplete or malformed: {problem}") from problem
    _check_graph(stages)
    return definition


def schema_of(body: Mapping[str, Any]) -> str:
    """The schema that a body with these fields is of."""
    return SCHEMAS["helping" in body]


def _rule(document: Mapping[str, Any]) -> Rule | None:
    if document.get("schema") not in SCHEMAS:
        raise BadInput(f"expected schema {' or '.join(SCHEMAS)}", field="schema")
    if document["schema"] != schema_of(document):
        raise BadInput(f"a rule for helping makes it {SCHEMAS[1]}, and only that", field="schema")
    if "helping" not in document:
        return None
    if not isinstance(document["helping"], Mapping):
        raise BadInput("a rule for helping has named fields", field="helping")
    return read_rule(document["helping"])


_PLAIN = (
    "name",
    "version",
    "title",
    "summary",
    "author",
    "workflow",
    "implementation",
    "acceptance",
    "submissions_max",
    "unit",
)


def _stage(item: Mapping[str, Any]) -> StageSpec:
    spec = StageSpec(**{**item, "needs": tuple(item["needs"])})
    if spec.kind not in KINDS or spec.resource not in RESOURCES or not spec.seconds_max > 0:
        raise BadInput(f"stage {spec.key!r} has an unknown kind or resource, or no deadline", field="stages")
    return spec


def _parameter(item: Mapping[str, Any]) -> Parameter:
    parameter = Parameter(**{**item, "choices": tuple(item.get("choices", ()))})
    bounded = parameter.low is not None and parameter.high is not None and parameter.low <= parameter.high
    if not (
        parameter.choices if parameter.kind == "choice" else parameter.kind in ("int", "number") and bounded
    ):
        raise BadInput(f"parameter {parameter.name!r} has no bounds or choices", field="parameters")
    parameter.check(parameter.default)
    return parameter


def _check_graph(stages: Sequence[StageSpec]) -> None:
    """Unique keys, needs that exist, no cycle, one gate at most, and no QPU stage that avoids the gate."""
    placed: set[str] = set()
    waiting = {stage.key: stage for stage in stages}
    if len(waiting) != len(stages):
        raise BadInput("two stages have the same key", field="stages")
    while waiting:
        free = [s for s in waiting.values() if placed.issuperset(s.needs)]
        if not free:
            raise BadInput(
                f"stages {', '.join(sorted(waiting))} wait for each other or for a stage that is not there",
                field="stages",
            )
        for stage in free:
            placed.add(stage.key)
            del waiting[stage.key]
    _check_gate(stages)
    kinds = [stage.kind for stage in stages]
    if kinds.count("validate") != 1 or kinds.count("score") != 1:
        raise BadInput("a definition has one validate and one score stage", field="stages")


def _check_gate(stages: Sequence[StageSpec]) -> None:
    gates = [stage.key for stage in stages if stage.kind == "gate"]
    if len(gates) > 1:
        raise BadInput("a definition has one gate at most: one run, one envelope", field="stages")
    for stage in stages:
        if stage.kind == "quantum" and not set(stage.needs) & set(gates):
            raise Refused(f"stage {stage.key!r} would reach a QPU without passing the gate")
        if stage.resource == "qpu" and stage.kind != "quantum":
            raise BadInput(f"stage {stage.key!r} runs on a QPU but is not of kind quantum", field="stages")


_PASSED = frozenset({StageState.DONE, StageState.FELL_BACK, StageState.SKIPPED})


def follow(specs: Iterable[StageSpec], states: Mapping[str, StageState]) -> list[tuple[str, StageState, str]]:
    """The moves (key, target, why) that follow by themselves once the stages they need have ended.

    A quantum stage whose gate did not say yes is skipped; every other stage becomes ready.
    """
    moves: list[tuple[str, StageState, str]] = []
    for spec in specs:
        if states[spec.key] != StageState.WAITING or any(states[need] not in _PASSED for need in spec.needs):
            continue
        if spec.kind == "quantum" and any(states[need] != StageState.DONE for need in spec.needs):
            moves.append((spec.key, StageState.SKIPPED, "what it needs did not pass"))
        else:
            moves.append((spec.key, StageState.READY, "all it needs has ended"))
    return moves
