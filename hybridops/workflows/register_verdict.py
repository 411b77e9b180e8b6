"""The verdict of one run: `domain.verdict` applies the signed rule; here are words for the credit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.domain import verdict

_CLASSICAL = ("heuristic", "baseline")
_CREDIT = {
    "quantum samples": "Random samples, treated alike, stayed behind: the quantum samples earned it.",
    "post-processing": "Random samples, treated alike, reached it too: repair and local search earned it.",
    "nobody": "Nothing here is better than {start}.",
}


def judge(arms: Mapping[str, Mapping[str, Any]], rule: Mapping[str, Any], start: str) -> dict[str, Any]:
    """JSON: accepted, why, quality, gap_to_baseline, improvement_over_incumbent, credit, credit_why.

    `arms` maps each arm to {"objective": number or None, ...}; `rule` is the definition's; `start` says what the
    run started from. `quality` is the best classical objective over the answer's, of negative ones the other way
    round: 1 is as good, more is better, None without an answer or where the two differ in sign. Raises BadInput
    for a rule that `domain.verdict` does not know.
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
        "quality": _quality(min(classical), answer) if classical and answer is not None else None,
        "gap_to_baseline": found.gap,
        "improvement_over_incumbent": found.improvement,
        "credit": found.credit,
        "credit_why": _CREDIT[found.credit].format(start=start),
    }


def stand_in(objective: float, arm: str, arms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The same JSON for a classical answer that stands in for a quantum one: never accepted by the rule."""
    against = {name: arms[name]["objective"] for name in _CLASSICAL if name in arms}
    change = _change(objective, against.get("heuristic"))
    return {
        "accepted": False,
        "why": f"the {arm}'s answer stands in: the rule judges quantum-assisted answers only",
        "quality": _quality(min(against.values()), objective),
        "gap_to_baseline": _change(objective, against.get("baseline")),
        "improvement_over_incumbent": None if change is None else 0.0 - change,
        "credit": arm,
        "credit_why": f"No quantum samples were used; the {arm} answered.",
    }


def _quality(best: float, answer: float) -> float | None:
    if best == answer:
        return 1.0
    if best * answer <= 0:
        return None
    return best / answer if best > 0 else answer / best


def _change(value: float, reference: float | None) -> float | None:
    """Relative to the size of the reference, above 0 is worse whatever the sign; None against 0."""
    if not reference:
        return None
    return value / reference - 1 if reference > 0 else (value - reference) / -reference
