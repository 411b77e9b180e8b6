"""What a policy makes of the facts: the score, the tier, who has to agree. Pure: kept facts give it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.conditions import all_hold, in_words
from hybridops.domain.data import Reach
from hybridops.domain.decide import Needed
from hybridops.domain.policy import Policy, Rule, Strength, Tier
from hybridops.domain.presence import Method
from hybridops.domain.risk import Factor, RiskFacts, facts_in, score_of, weigh

NO_TIER = "No tier of the policy covers this."


@dataclass(frozen=True, slots=True)
class Met:
    """A rule of the policy that is met, in words."""

    name: str
    strength: str
    words: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """The explained score, the tier, and who has to agree; `denied` says why nobody can."""

    score: int
    factors: tuple[Factor, ...]
    tier: str
    because: str
    denied: str
    by_policy: bool
    need: tuple[Needed, ...]
    step_up: tuple[Method, ...]
    rules: tuple[Met, ...]
    lapses_after_seconds: int
    escalate_to: str
    facts: RiskFacts

    @property
    def people(self) -> int:
        """How many have to agree."""
        return sum(needed.count for needed in self.need)

    @property
    def finance(self) -> int:
        """How many of them of finance."""
        return sum(needed.count for needed in self.need if needed.of == "finance")

    @property
    def reviewers(self) -> int:
        """How many of them not of finance."""
        return self.people - self.finance

    @property
    def to_override(self) -> tuple[str, ...]:
        """The rules that an approval overrides, and therefore gives a reason for."""
        return tuple(rule.words for rule in self.rules if rule.strength == Strength.OVERRIDABLE)

    def document(self) -> dict[str, Any]:
        """As it is kept with a request and named by its digest; `read` gives it back."""
        return {
            "score": self.score,
            "factors": [_fields(factor) for factor in self.factors],
            "tier": self.tier,
            "because": self.because,
            "denied": self.denied,
            "by_policy": self.by_policy,
            "need": [_fields(needed) for needed in self.need],
            "step_up": [method.value for method in self.step_up],
            "rules": [_fields(rule) for rule in self.rules],
            "lapses_after_seconds": self.lapses_after_seconds,
            "escalate_to": self.escalate_to,
            "facts": self.facts.document(),
        }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def read(document: Mapping[str, Any]) -> Assessment:
    """The assessment in a kept document."""
    return Assessment(
        **{
            **document,
            "factors": tuple(Factor(**item) for item in document["factors"]),
            "need": tuple(Needed(**item) for item in document["need"]),
            "step_up": tuple(Method(item) for item in document["step_up"]),
            "rules": tuple(Met(**item) for item in document["rules"]),
            "facts": facts_in(document["facts"]),
        }
    )


def assess(facts: RiskFacts, policy: Policy) -> Assessment:
    """The first tier that covers the facts decides; a hard rule and a gap in the policy refuse."""
    factors = weigh(facts, policy.factors)
    values = _values(facts, score_of(factors), policy)
    met = [rule for rule in policy.rules if all_hold(rule.when, values)]
    tier = next((tier for tier in policy.tiers if _covers(tier, facts, values, met)), None)
    hard = next((rule for rule in met if rule.strength == Strength.HARD), None)
    denied = f"The policy does not allow it: {in_words(hard.when)}." if hard else ""
    denied = denied or (tier.deny if tier else NO_TIER)
    cost = facts.cost_usd_max
    slots = tier.need if tier and not denied else ()
    return Assessment(
        score=score_of(factors),
        factors=factors,
        tier=tier.name if tier else "none",
        because=in_words(tier.when) if tier else "",
        denied=denied,
        by_policy=bool(tier and tier.by_policy and not denied),
        need=tuple(Needed(s.of, s.count) for s in slots if s.above_usd is None or cost > s.above_usd),
        step_up=tier.step_up if tier else (),
        rules=tuple(Met(rule.name, rule.strength.value, in_words(rule.when)) for rule in met),
        lapses_after_seconds=int(tier.expiry.total_seconds()) if tier else 0,
        escalate_to=tier.escalate_to if tier else "",
        facts=facts,
    )


def _values(facts: RiskFacts, score: int, policy: Policy) -> Mapping[str, Any]:
    """The facts by the names that conditions use. A calibration concerns real hardware only."""
    home = facts.region == facts.home_region
    return {
        "score": score,
        "cost_usd_max": facts.cost_usd_max,
        "shots": facts.shots,
        "budget_share": facts.budget_share,
        "calibration_age_hours": facts.calibration_age_hours if facts.real_hardware else 0,
        "backend": facts.backend,
        "region": facts.region,
        "data_class": facts.data_class,
        "priority_class": facts.priority_class,
        "real_hardware": facts.real_hardware,
        "by_machine": facts.by_machine,
        "generated": facts.generated,
        "backend_used_before": facts.backend_used_before,
        "definition_used_before": facts.definition_used_before,
        "leaves_home": not home,
        "data_may_go": not reach_under(policy, facts).why_not(facts.region),
    }


def reach_under(policy: Policy, facts: RiskFacts) -> Reach:
    """Where the data may go: as its owner says, and as the policy says of its class."""
    allowed = policy.data_regions.get(facts.data_class, ())
    return Reach(facts.data_class, facts.data_regions, allowed, facts.home_region)


def _covers(tier: Tier, facts: RiskFacts, values: Mapping[str, Any], met: list[Rule]) -> bool:
    """A tier that lets pass covers no machine unless it says so, and never what a person would have to override."""
    if not all_hold(tier.when, values):
        return False
    if not tier.by_policy:
        return True
    machine = facts.by_machine or facts.generated
    overridden = any(rule.strength == Strength.OVERRIDABLE for rule in met)
    return not overridden and (tier.machines or not machine)


def stricter(before: Assessment, now: Assessment) -> str:
    """Why an approval under `before` is not enough under `now`, or nothing."""
    if now.denied:
        return now.denied
    if before.by_policy:
        return "" if now.by_policy else "the policy now asks people"
    asked = {needed.of: needed.count for needed in before.need}
    more = [needed for needed in now.need if needed.count > asked.get(needed.of, 0)]
    if more:
        return f"the policy now asks for {more[0].count} of {more[0].of}"
    if now.need and not set(before.step_up) <= set(now.step_up):
        return "the policy now asks for a stronger proof of presence"
    if set(now.to_override) - set(before.to_override):
        return "the policy now has a rule that an approval has to override"
    return ""
