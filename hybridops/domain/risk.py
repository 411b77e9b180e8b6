"""Risk: a sum of named factors. Each says its value, its threshold, its points, and what would lower it.

Nothing is looked up here: the facts are gathered by the engine and kept with each request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from hybridops.domain.data import ANYWHERE

CLASSES = ("research", "validation", "production", "customer-facing")
EXEMPT = "research"  # the class that may use a QPU where the controls do without, with a reason


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What risk is judged on. Money in US dollars, age in hours (None: not reported)."""

    cost_usd_max: Decimal
    shots: int
    real_hardware: bool
    backend: str
    backend_used_before: bool
    definition_used_before: bool
    region: str
    home_region: str
    data_class: str
    priority_class: str
    by_machine: bool
    generated: bool
    calibration_age_hours: float | None
    budget_share: float
    data_regions: tuple[str, ...] = (ANYWHERE,)

    def document(self) -> dict[str, Any]:
        """As it is kept with a request; `facts_in` reads it back."""
        told = {
            **asdict(self),
            "cost_usd_max": str(self.cost_usd_max),
            "data_regions": list(self.data_regions),
        }
        if self.data_regions == (ANYWHERE,):  # as in requests from before owners said so: their digests hold
            del told["data_regions"]
        return told


def facts_in(document: Mapping[str, Any]) -> RiskFacts:
    """The facts in a kept document."""
    regions = tuple(document.get("data_regions", (ANYWHERE,)))
    cost = Decimal(document["cost_usd_max"])
    return RiskFacts(**{**document, "cost_usd_max": cost, "data_regions": regions})


@dataclass(frozen=True, slots=True)
class Weight:
    """What a policy gives a factor. `threshold` belongs to those that compare a number."""

    points: int
    threshold: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """One named reason, fired or not, with what would lower it."""

    name: str
    fired: bool
    points: int
    value: str
    threshold: str
    why: str
    lower: str


# Every factor there is, and whether a policy gives it a threshold.
FACTORS: Mapping[str, bool] = {
    "cost": True,
    "shots": True,
    "hardware": False,
    "new backend": False,
    "new workflow": False,
    "region": False,
    "data": False,
    "priority": False,
    "machine": False,
    "generated": False,
    "calibration": True,
    "budget": True,
}


def weigh(facts: RiskFacts, weights: Mapping[str, Weight]) -> tuple[Factor, ...]:
    """Each factor with what the policy gives it; the score is the sum of those that fired."""
    told = {**_measured(facts, weights), **_known(facts)}
    return tuple(_factor(name, weights[name], *told[name]) for name in FACTORS)


def score_of(factors: tuple[Factor, ...]) -> int:
    """The sum of the points of what fired."""
    return sum(factor.points for factor in factors if factor.fired)


def _factor(name: str, weight: Weight, fired: bool, value: str, why: str, lower: str) -> Factor:
    threshold = "" if weight.threshold is None else str(weight.threshold)
    return Factor(name, fired, weight.points, value, threshold, why, lower)


type Told = tuple[bool, str, str, str]


def _measured(facts: RiskFacts, weights: Mapping[str, Weight]) -> dict[str, Told]:
    """The factors with a threshold: does it fire, its value, the reason in words, what would lower it."""
    usd, shots, hours, share = (
        weights[name].threshold or Decimal(0) for name in ("cost", "shots", "calibration", "budget")
    )
    age = facts.calibration_age_hours
    return {
        "cost": (
            facts.cost_usd_max > usd,
            f"${facts.cost_usd_max:.2f}",
            f"up to ${facts.cost_usd_max:.2f}; up to ${usd:.2f} adds no points",
            "fewer shots or a lower cap",
        ),
        "shots": (
            facts.shots > shots,
            str(facts.shots),
            f"{facts.shots} shots; up to {shots} add no points",
            "fewer shots",
        ),
        "calibration": (
            facts.real_hardware and (age is None or Decimal(str(age)) > hours),
            "not reported" if age is None else f"{age:.0f} h",
            f"the calibration is older than {hours} h or not reported",
            "wait for the next calibration",
        ),
        "budget": (
            Decimal(str(facts.budget_share)) > share,
            f"{facts.budget_share:.0%}",
            f"it may take more than {share:.0%} of what is left of a budget",
            "a lower cap, or a larger budget",
        ),
    }


def _known(facts: RiskFacts) -> dict[str, Told]:
    """The factors that are so or not."""
    return {
        "hardware": (
            facts.real_hardware,
            facts.backend,
            f"{facts.backend} stands for real hardware",
            "run it on the ideal simulator",
        ),
        "new backend": (
            not facts.backend_used_before,
            facts.backend,
            f"no accepted run of this workflow has used {facts.backend}",
            "a backend this workflow has used",
        ),
        "new workflow": (
            not facts.definition_used_before,
            "used before" if facts.definition_used_before else "first use",
            "this version of the workflow has no finished run yet",
            "run it on the simulator first",
        ),
        "region": (
            facts.region != facts.home_region,
            facts.region,
            f"the data would leave {facts.home_region} for {facts.region}",
            "a backend in the home region",
        ),
        "data": (
            facts.data_class in ("sensitive", "restricted"),
            facts.data_class,
            f"the snapshot is marked {facts.data_class}",
            "an anonymised snapshot",
        ),
        "priority": (
            facts.priority_class == "customer-facing",
            facts.priority_class,
            "customers see the outcome of this class",
            "the production or validation class",
        ),
        "machine": (
            facts.by_machine,
            "service or agent" if facts.by_machine else "person",
            "a service or an agent asked",
            "a person submits it",
        ),
        "generated": (
            facts.generated,
            "generated" if facts.generated else "signed workflow",
            "the circuit was generated, no second person has reviewed it",
            "a circuit of the signed workflow",
        ),
    }
