"""How a backend bills: the kinds of price rules, each with its formula, and what a rule says of a failed job.

Formulas and their sources are in docs/money.md. All of them are for one submission, never fall with the shots,
and cost nothing where nothing ran.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal

from hybridops.domain.money import Line, measured_seconds, promised_seconds, total
from hybridops.domain.ports import Usage
from hybridops.domain.work import Work

FAILED = ("free", "partial", "full")  # nothing, what it used, all that was asked
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """One backend's prices in US dollars; `backend` may be "*". Which fields count depends on `kind`: see `FIELDS`.

    `failed` is what a failed or cancelled job costs, one of `FAILED`. `whole`: the seconds that the vendor reports
    include the job's overhead. `seconds_max` is when the vendor stops a job. `minimum_added`: the minimum is added
    to the gates' price instead of being its least. `note` is an assumption that belongs to the price.
    """

    provider: str
    backend: str
    kind: str
    task: Decimal = _ZERO
    shot: Decimal = _ZERO
    second: Decimal = _ZERO
    job_seconds: Decimal = _ZERO
    increment_seconds: Decimal = _ZERO
    minimum_seconds: Decimal = _ZERO
    seconds_max: Decimal = _ZERO
    whole: bool = False
    anneal_seconds: Decimal = _ZERO
    readout_seconds: Decimal = _ZERO
    delay_seconds: Decimal = _ZERO
    one_qubit: Decimal = _ZERO
    two_qubit: Decimal = _ZERO
    minimum: Decimal = _ZERO
    minimum_added: bool = False
    credit: Decimal = _ZERO
    base_credits: Decimal = _ZERO
    per: Decimal = Decimal(1)
    one_qubit_weight: Decimal = _ZERO
    two_qubit_weight: Decimal = _ZERO
    measured_weight: Decimal = _ZERO
    failed: str = "free"
    source: str = ""
    dated: date | None = None
    valid_to: date | None = None
    note: str = ""


def lines(rule: Rule, work: Work, *, reported: Decimal | None = None) -> tuple[Line, ...]:
    """What one submission costs. `reported` are the vendor's own seconds where a bill is made from them."""
    return _FORMULAS[rule.kind](rule, work, reported)


def takes_seconds(rule: Rule, work: Work) -> Decimal:
    """The seconds of one job that a rule of a kind in `TIMED` counts, before minimum and increments."""
    return _counted(rule, work, None)


def too_long(rule: Rule, work: Work) -> str:
    """Why the vendor would stop this job before it is done, or nothing."""
    if rule.kind not in TIMED or not rule.seconds_max or takes_seconds(rule, work) <= rule.seconds_max:
        return ""
    return f"it takes {takes_seconds(rule, work):.2f} s and jobs are stopped there after {rule.seconds_max} s"


def bill(rule: Rule, work: Work, usage: Usage, *, failed: bool) -> Decimal:
    """What a provider charges for one job of this work by its rule; a failed one may be free."""
    if failed and rule.failed == "free":
        return _ZERO
    if failed and rule.failed == "full":
        return total(lines(rule, work))
    used = replace(work, shots=usage.shots, circuits=usage.tasks)
    return total(lines(rule, used, reported=measured_seconds(usage.qpu_seconds)))


def _task_and_shot(rule: Rule, work: Work, reported: Decimal | None) -> tuple[Line, ...]:
    tasks, shots = Decimal(work.circuits), Decimal(work.shots)
    return (Line("QPU tasks", "task", tasks, rule.task), Line("QPU shots", "shot", shots, rule.shot))


def _seconds(rule: Rule, work: Work, reported: Decimal | None) -> tuple[Line, ...]:
    """(overhead a job + shots x time of a shot), at least the minimum, up to a whole increment."""
    seconds = _counted(rule, work, reported)
    if seconds:
        seconds = max(seconds, rule.minimum_seconds)
    if rule.increment_seconds:
        steps = (seconds / rule.increment_seconds).to_integral_value(rounding=ROUND_CEILING)
        seconds = steps * rule.increment_seconds
    return (Line("QPU time", "s", seconds, rule.second),)


def _counted(rule: Rule, work: Work, reported: Decimal | None) -> Decimal:
    overhead = rule.job_seconds * min(1, work.circuits)
    if reported is not None:
        return reported if rule.whole else overhead + reported
    own = Decimal(repr(work.shot_seconds))  # what the device itself tells is nearer than the book
    each = own or rule.anneal_seconds + rule.readout_seconds + rule.delay_seconds
    return promised_seconds(overhead + work.shots * each)


def _gate_shots(rule: Rule, work: Work, reported: Decimal | None) -> tuple[Line, ...]:
    """one-qubit gates x shots and two-qubit gates x shots, with a minimum for each circuit."""
    one, two = Decimal(work.one_qubit_gates * work.shots), Decimal(work.two_qubit_gates * work.shots)
    gates = (
        Line("One-qubit gates", "gate x shot", one, rule.one_qubit),
        Line("Two-qubit gates", "gate x shot", two, rule.two_qubit),
    )
    if rule.minimum_added:
        return (*gates, Line("Fee", "circuit", Decimal(work.circuits), rule.minimum))
    least = work.circuits * rule.minimum
    return (
        gates
        if total(gates) >= least
        else (Line("Minimum", "circuit", Decimal(work.circuits), rule.minimum),)
    )


def _credits(rule: Rule, work: Work, reported: Decimal | None) -> tuple[Line, ...]:
    """base + shots (w1 one-qubit gates + w2 two-qubit gates + wm measured qubits) / per, for each circuit."""
    weight = (
        rule.one_qubit_weight * work.one_qubit_gates
        + rule.two_qubit_weight * work.two_qubit_gates
        + rule.measured_weight * work.measured
    )
    base, shots = rule.base_credits * work.circuits, work.shots * weight / rule.per
    return (
        Line("Credits a circuit", "credit", base, rule.credit),
        Line("Credits by gates and shots", "credit", shots, rule.credit),
    )


TIMED = ("seconds", "anneals")
_TIME = ("second", "job_seconds", "increment_seconds", "minimum_seconds", "seconds_max", "whole")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "task+shot": ("task", "shot"),
    "seconds": _TIME,
    "anneals": (*_TIME, "anneal_seconds", "readout_seconds", "delay_seconds"),
    "gate-shots": ("one_qubit", "two_qubit", "minimum", "minimum_added"),
    "credits": (
        "credit", "base_credits", "per", "one_qubit_weight", "two_qubit_weight", "measured_weight",
    ),
}  # fmt: skip
PRICES = ("task", "shot", "second", "one_qubit", "two_qubit", "minimum", "credit")  # in the rule's currency
_FORMULAS: Mapping[str, Callable[[Rule, Work, Decimal | None], tuple[Line, ...]]] = {
    "task+shot": _task_and_shot,
    "seconds": _seconds,
    "anneals": _seconds,
    "gate-shots": _gate_shots,
    "credits": _credits,
}
