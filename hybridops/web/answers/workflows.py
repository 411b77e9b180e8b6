"""What can I run, and did it pay off?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString

from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, sentence


@dataclass(frozen=True, slots=True)
class Told:
    """One workflow in numbers of the last 30 days; `cost` is the median of ended runs."""

    title: str
    runs: bool
    tried: int = 0
    accepted: int = 0
    cost: Decimal | None = None


def answer(told: Sequence[Told]) -> SafeString:
    able = [one for one in told if one.runs]
    if not told:
        return joined([bold("No workflow is signed yet."), "Sign one, and it stands here."])
    if not able:
        return joined([bold("No workflow may run now."), "Each says why below."])
    return joined([bold(f"{sentence(counted(len(able), 'workflow'))} can run."), *_best(able), *_shut(told)])


def _best(able: Sequence[Told]) -> list[str]:
    best = max(able, key=lambda one: (one.accepted, one.tried))
    if not best.tried:
        return ["None has run in the last 30 days."]
    cost = "" if best.cost is None else f", for {fmt.money(best.cost)} a run at the median"
    return [
        f"{best.title} was accepted in {fmt.number(best.accepted)} of {counted(best.tried, 'run')} in 30 days{cost}."
    ]


def _shut(told: Sequence[Told]) -> list[str]:
    shut = sum(not one.runs for one in told)
    return [f"{sentence(counted(shut, 'other'))} may not run."] if shut else []
