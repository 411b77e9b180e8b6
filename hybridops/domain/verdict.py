"""What "accepted" and "better" mean, by the rule in the signed definition. Lower objectives are better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput

ARMS = ("heuristic", "baseline", "random", "quantum")
SLACKS = ("worse_by_at_most", "above_by_at_most")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`gap`: relative to the strong baseline, `improvement`: relative to the heuristic, both as shares."""

    accepted: bool
    why: str
    gap: float | None
    improvement: float | None
    credit: str


def judge(rule: Mapping[str, Any], arms: Mapping[str, float | None]) -> Verdict:
    """Applies an acceptance rule to independently recomputed objectives.

    `rule` is {"against": arm, "worse_by_at_most": share} or {"against": arm, "above_by_at_most": amount}, the amount
    in the objective's unit; `arms` maps each of ARMS to its objective, or None where it has no feasible answer.
    Raises BadInput for a rule it does not know.
    """
    against = rule.get("against")
    word = next((name for name in SLACKS if name in rule), "")
    slack = rule.get(word)
    if (
        not word
        or set(rule) != {"against", word}
        or against not in ARMS
        or not isinstance(slack, int | float)
    ):
        raise BadInput(
            "an acceptance rule is {against: arm, worse_by_at_most: share} or {against: arm, above_by_at_most: amount}",
            field="acceptance",
        )
    answer, mark = arms.get("quantum"), arms.get(against)
    if answer is None or mark is None:
        missing = "the answer" if answer is None else f"the {against}"
        return Verdict(
            False, f"{missing} keeps not all rules, so there is nothing to compare", None, None, "nobody"
        )
    share = word == "worse_by_at_most"
    accepted = answer <= mark + (abs(mark) * slack if share else slack)
    said = "no more than" if accepted else "more than"
    allowed = (f" and {slack:.1%}" if share else f" and {slack:g}") if slack else ""
    return Verdict(
        accepted=accepted,
        why=f"{answer:.10g} is {said} the {against}'s {mark:.10g}{allowed}",
        gap=_relative(answer, arms.get("baseline")),
        improvement=_negated(_relative(answer, arms.get("heuristic"))),
        credit=_credit(arms),
    )


def _relative(value: float, reference: float | None) -> float | None:
    return None if not reference else (value - reference) / abs(reference)


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def _credit(arms: Mapping[str, float | None]) -> str:
    """Which part earned the answer: quantum only where uniform samples, treated alike, did worse."""
    quantum, random, heuristic = arms.get("quantum"), arms.get("random"), arms.get("heuristic")
    if quantum is None or (heuristic is not None and quantum >= heuristic):
        return "nobody"
    if random is not None and random <= quantum:
        return "post-processing"
    return "quantum samples"
