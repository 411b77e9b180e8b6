"""The verdict of one routing run: `domain.verdict` applies the signed rule; here are words for the credit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.domain import verdict

_CLASSICAL = ("heuristic", "baseline")
_CREDIT = {
    "quantum samples": "Random samples, treated alike, stayed behind: the quantum samples earned it.",
    "post-processing": "Random samples, treated alike, reached it too: repair and local search earned it.",
    "nobody": "Nothing here is better than the routes the run started from.",
}


def judge(arms: Mapping[str, Mapping[str, Any]], rule: Mapping[str, Any]) -> dict[str, Any]:
    """JSON: accepted, why, quality, gap_to_baseline, improvement_over_incumbent, credit, credit_why.

    `arms` maps each arm to {"objective": number or None, ...}; `rule` is the definition's. `quality` is
    the best classical objective over the answer's: 1 is as good, more is better, None without an answer.
    Raises BadInput for a rule that `domain.verdict` does not know.
    """
    objectives: dict[str, float | None] = {
        name: arms[name]["objective"] if name in arms else None for name in verdict.ARMS
    }
    found = verdict.judge(rule, objectives)
    answer = objectives["quantum"]
    classical = [value for name in _CLASSICAL if (value := objectives[name]) is not None]
    return {
        "accepted": found.accepted,
        "why": found.why,
        "quality": min(classical) / answer if answer and classical else None,
        "gap_to_baseline": found.gap,
        "improvement_over_incumbent": found.improvement,
        "credit": found.credit,
        "credit_why": _CREDIT[found.credit],
    }


def stand_in(objective: float, arm: str, arms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The same JSON for a classical answer that stands in for a quantum one: never accepted by the rule."""
    against = {name: arms[name]["objective"] for name in _CLASSICAL if name in arms}
    baseline, heuristic = against.get("baseline"), against.get("heuristic")
    return {
        "accepted": False,
        "why": f"the {arm}'s answer stands in: the rule judges quantum-assisted answers only",
        "quality": min(against.values()) / objective if objective else None,
        "gap_to_baseline": objective / baseline - 1 if baseline else None,
        "improvement_over_incumbent": 1 - objective / heuristic if heuristic else None,
        "credit": arm,
        "credit_why": f"No quantum samples were used; the {arm} answered.",
    }
