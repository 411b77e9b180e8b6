"""Risk: named factors with points, the line above which a person decides, and who that person may be.

A policy is a signed document; `assess` never looks anything up. The empty policy refuses: without
slots nothing can be approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hybridops.domain.errors import BadInput, NotYours, Refused

SCHEMA = "hybridops.policy/1"
CLASSES = ("research", "validation", "production", "customer-facing")


@dataclass(frozen=True, slots=True)
class Policy:
    """`line`: points at which people decide. `slots`: how many of which role; finance above a sum."""

    name: str
    version: int
    line: int
    points: Mapping[str, int]
    auto_usd_max: Decimal
    finance_above_usd: Decimal
    reviewers: int
    lapses_after: timedelta
    calibration_age_max: timedelta


def parse(document: Mapping[str, Any]) -> Policy:
    """The policy in a verified payload; raises BadInput for anything malformed."""
    if document.get("schema") != SCHEMA:
        raise BadInput(f"expected schema {SCHEMA}", field="schema")
    try:
        policy = Policy(
            name=document["name"],
            version=document["version"],
            line=int(document["line"]),
            points={str(key): int(value) for key, value in document["points"].items()},
            auto_usd_max=Decimal(document["auto_usd_max"]),
            finance_above_usd=Decimal(document["finance_above_usd"]),
            reviewers=int(document["reviewers"]),
            lapses_after=timedelta(hours=document["lapses_after_hours"]),
            calibration_age_max=timedelta(hours=document["calibration_age_max_hours"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as problem:
        raise BadInput(f"the policy is incomplete or malformed: {problem}") from problem
    if policy.reviewers < 1 or set(policy.points) != set(FACTORS):
        raise BadInput("a policy names at least one reviewer and points for every factor", field="points")
    return policy


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
    sensitive_data: bool
    priority_class: str
    by_machine: bool
    calibration_age_hours: float | None
    budget_share: float


@dataclass(frozen=True, slots=True)
class Factor:
    """One named reason, fired or not, with what would lower it."""

    name: str
    fired: bool
    points: int
    value: str
    why: str
    lower: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """The explained score and who has to agree: `reviewers` people, one of finance, or the policy itself."""

    score: int
    line: int
    factors: tuple[Factor, ...]
    by_policy: bool
    reviewers: int
    finance: int

    def document(self) -> dict[str, Any]:
        return asdict(self)


FACTORS = (
    "cost",
    "hardware",
    "new backend",
    "new workflow",
    "region",
    "data",
    "priority",
    "machine",
    "calibration",
    "budget",
)


def assess(facts: RiskFacts, policy: Policy) -> Assessment:
    """The score is the sum of the points of the factors that fired."""
    fired = _fired(facts, policy)
    factors = tuple(
        Factor(name, on, policy.points[name] if on else 0, value, why, lower)
        for name, (on, value, why, lower) in fired.items()
    )
    score = sum(factor.points for factor in factors)
    by_policy = score < policy.line and facts.cost_usd_max <= policy.auto_usd_max and not facts.by_machine
    return Assessment(
        score=score,
        line=policy.line,
        factors=factors,
        by_policy=by_policy,
        reviewers=0 if by_policy else policy.reviewers,
        finance=int(not by_policy and facts.cost_usd_max > policy.finance_above_usd),
    )


def _fired(facts: RiskFacts, policy: Policy) -> dict[str, tuple[bool, str, str, str]]:
    """Each factor: does it fire, its value, the reason in words, and what would lower it."""
    age, age_max = facts.calibration_age_hours, policy.calibration_age_max.total_seconds() / 3600
    stale = facts.real_hardware and (age is None or age > age_max)
    return {
        "cost": (
            facts.cost_usd_max > policy.auto_usd_max,
            f"${facts.cost_usd_max:.2f}",
            f"up to ${facts.cost_usd_max:.2f}; the policy passes ${policy.auto_usd_max:.2f} by itself",
            "fewer shots or a lower cap",
        ),
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
            "first use",
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
            facts.sensitive_data,
            "sensitive",
            "the snapshot is marked sensitive",
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
            "service or agent",
            "a service or an agent asked, and those always meet a person",
            "a person submits it",
        ),
        "calibration": (
            stale,
            "not reported" if age is None else f"{age:.0f} h",
            f"the calibration is older than {age_max:.0f} h or not reported",
            "wait for the next calibration",
        ),
        "budget": (
            facts.budget_share > 0.5,
            f"{facts.budget_share:.0%}",
            "it may take more than half of what is left of a budget",
            "a lower cap, or a larger budget",
        ),
    }


@dataclass(frozen=True, slots=True)
class Voter:
    """A person before a decision. `roles` on the request's team; `person` False for services and agents."""

    id: int
    person: bool
    active: bool
    roles: frozenset[str]


def check_may_decide(voter: Voter, *, involved: frozenset[int], already: frozenset[int]) -> None:
    """Raises unless this voter may decide: a living person with the right, not involved, not twice.

    `involved`: the requester, editors of the inputs, the definition's author. `already`: who has voted.
    """
    if not voter.person or not voter.active or not voter.roles & {"reviewer", "finance"}:
        raise NotYours("Only a reviewer or finance of this team decides.")
    if voter.id in involved:
        raise Refused("You asked for this run or made part of it, so somebody else decides.")
    if voter.id in already:
        raise Refused("You have already decided on this revision.")


def is_agreed(assessment: Assessment, votes: Mapping[int, frozenset[str]]) -> bool:
    """Whether distinct people fill every slot; one person fills one slot only.

    Finance is filled first by those who can only be finance, so a person with both roles is not wasted.
    """
    if assessment.reviewers + assessment.finance == 0:
        return assessment.by_policy
    only_finance = sum(1 for roles in votes.values() if "finance" in roles and "reviewer" not in roles)
    only_review = sum(1 for roles in votes.values() if "reviewer" in roles and "finance" not in roles)
    both = sum(1 for roles in votes.values() if {"finance", "reviewer"} <= roles)
    missing = max(0, assessment.finance - only_finance) + max(0, assessment.reviewers - only_review)
    return missing <= both
