"""What does the policy say, and what would another one have said? Every tier, rule and factor as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.approvals.dryrun import DryRun
from hybridops.domain.assess import Assessment
from hybridops.domain.conditions import in_words
from hybridops.domain.policy import BreakGlass, Policy, Slot, Strength, Tier
from hybridops.domain.presence import Method
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, sentence
from hybridops.web.answers.decision import needed

STRENGTHS: Mapping[Strength, str] = {
    Strength.ADVISE: "is remarked",
    Strength.OVERRIDABLE: "needs a person, and a reason with each approval",
    Strength.HARD: "is refused, and nobody can override it",
}


def answer(policy: Policy) -> SafeString:
    people = sum(bool(tier.need) for tier in policy.tiers)
    words = bold(f"{policy.name} v{policy.version} is in force")
    meet = counted(people, "of which meets people", "of which meet people")
    told = f"{sentence(counted(len(policy.tiers), 'tier'))}, {meet}."
    return joined([format_html("{}.", words), told, "What no tier covers is refused."])


def weighed(placements: int, asked: int, days: int) -> str:
    """What the table of placements is made of."""
    if not placements:
        return f"No backend was weighed against others in the last {days} days."
    named = counted(asked, "was asked for by name and stays", "were asked for by name and stay")
    many = sentence(counted(placements, "placement"))
    return f"{many} of the last {days} days, each by the numbers that were recorded with it; {named}."


def tier_words(tier: Tier) -> str:
    """A tier as a sentence."""
    when = f"Where {in_words(tier.when)}" if tier.when else "Everything else"
    if tier.deny:
        return f"{when}, it is denied: {tier.deny}"
    if tier.by_policy:
        machines = "also" if tier.machines else "but not"
        return (
            f"{when}, the policy approves by itself, {machines} for services, agents and generated circuits."
        )
    need = listed(_slot(slot) for slot in tier.need)
    lapses = fmt.duration(tier.expiry.total_seconds())
    return (
        f"{when}, it needs {need}. {_proof(tier.step_up)} It lapses after {lapses}, and after three quarters "
        f"of that every {tier.escalate_to} is told."
    )


def _slot(slot: Slot) -> str:
    above = "" if slot.above_usd is None else f" above {fmt.money(slot.above_usd)}"
    return f"{needed(slot.of, slot.count)}{above}"


def _proof(methods: tuple[Method, ...]) -> str:
    strong = [method.value for method in methods if method in (Method.PASSKEY, Method.CODE)]
    told = f"Each proves it with a {listed(strong, last='or a')}." if strong else ""
    if Method.SESSION in methods:
        told += " Being signed in is accepted as well."
    if Method.REHEARSAL in methods:
        told += " A rehearsed past is accepted too, which only a demo has."
    return told.strip()


def break_glass_words(door: BreakGlass | None) -> str:
    if door is None:
        return "There is no emergency door."
    hours = fmt.duration(door.review_within.total_seconds())
    return (
        f"In an emergency one operator may approve up to {fmt.money(door.usd_max)} with a reason and a ticket. "
        f"Everybody who decides is told at once, and {needed(door.review.of, door.review.count)} look at it within "
        f"{hours}; until a late one is looked at, that person's door stays shut."
    )


@dataclass(frozen=True, slots=True)
class FactorRow:
    name: str
    points: int
    threshold: str


def factor_rows(policy: Policy) -> list[FactorRow]:
    """The factors with what the policy gives them, the heaviest first."""
    rows = [
        FactorRow(name, weight.points, _threshold(name, weight.threshold))
        for name, weight in policy.factors.items()
    ]
    return sorted(rows, key=lambda row: -row.points)


# The factors without a threshold: when they fire.
WHEN: Mapping[str, str] = {
    "hardware": "on real hardware",
    "new backend": "where no accepted run of the workflow has used the backend",
    "new workflow": "where this version of the workflow has no finished run",
    "region": "where the data would leave its home region",
    "data": "where the data is sensitive or restricted",
    "priority": "where customers see the outcome",
    "machine": "where a service or an agent asks",
    "generated": "where the circuit was generated",
}


def _threshold(name: str, value: Decimal | None) -> str:
    if value is None:
        return WHEN[name]
    shown = {
        "cost": fmt.money(value),
        "calibration": fmt.duration(timedelta(hours=float(value)).total_seconds()),
        "budget": fmt.percent(float(value)),
    }
    return f"above {shown.get(name, fmt.number(value))}"


def outcome(found: Assessment) -> str:
    """What a policy makes of one request, in a few words."""
    if found.denied:
        return f"denied: {found.denied.rstrip('.')}"
    if found.by_policy:
        return f"passes by itself ({found.tier})"
    return f"{listed(needed(one.of, one.count) for one in found.need)} ({found.tier})"


def would(run: DryRun, days: int) -> SafeString:
    """What the dry run came to."""
    if not run.total:
        return joined([f"Nothing was asked in the last {days} days, so there is nothing to compare."])
    if not run.moved:
        return joined(
            [bold("Nothing would change"), f"in the {fmt.number(run.total)} requests of {days} days."]
        )
    told = bold(f"{fmt.number(len(run.moved))} of {fmt.number(run.total)} requests would change")
    asked = f"it would have asked people {_times(run.asked_after)} instead of {_times(run.asked_before)}"
    denied = f", and denied {fmt.number(run.denied_after)}" if run.denied_after else ""
    dearest = run.dearest_that_would_pass
    passing = ""
    if dearest is not None:
        cost = fmt.money(dearest.before.facts.cost_usd_max)
        passing = f"The dearest that would have passed by itself is {dearest.request}, {cost}."
    return joined([format_html("{}: {}{}.", told, asked, denied), passing])


def _times(count: int) -> str:
    return counted(count, "time")
