"""From pairs to a verdict: what was excluded and why, the differences, what they cost, and the word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.domain.helping import DECIDING, LEVEL, REFERENCES, Difference, Rule, Ruling, decide, said
from hybridops.evidence.costs import per_improvement
from hybridops.evidence.resampling import Estimate
from hybridops.evidence.sequential import interval

_SEED = 20261129  # of the draws for the price: the same pairs give the same verdict
_ROUNDING = 1e-9  # a difference of exactly the bound is not clipped
ARMS = ("quantum", *REFERENCES)


@dataclass(frozen=True, slots=True)
class Pair:
    """One instance on one data snapshot, answered by every arm of ARMS.

    `objectives` maps arms to recomputed objectives, lower is better; None or absent where an arm has no usable
    answer: a quantum arm that failed stays in. `dollars`: what all attempts of the quantum arm cost beyond the
    classical work. `excluded`: why it does not count, given before its answer was seen; empty if it counts.
    """

    instance: str
    snapshot: str
    objectives: Mapping[str, float | None]
    dollars: float
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A pair that does not count, and why, as a sentence's end for people."""

    instance: str
    snapshot: str
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The pairs that count, those that do not, and `against`: the difference to each reference that any pair has,
    and to both that decide.
    """

    kept: tuple[Pair, ...]
    excluded: tuple[Excluded, ...]
    against: Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class Finding:
    """`against` and `excluded` as in Compared, `count` pairs of which `failed` counted as no improvement.

    `price`: dollars for one percent of improvement over the baseline on one pair, excluded pairs paid for as well;
    None below two pairs, its value None where nothing was gained on the whole. `spent`: dollars of all pairs.
    """

    ruling: Ruling
    against: Mapping[str, Difference]
    count: int
    failed: int
    spent: float
    price: Estimate | None
    excluded: tuple[Excluded, ...]
    sentence: str


def verdict(rule: Rule, pairs: Sequence[Pair]) -> Finding:
    """Applies the rule to all pairs so far, in the order they came in; with none of them it is too early.

    A pair's improvement is (reference - quantum) / |scale|, clipped to the rule's bound; zero where the quantum arm
    has no answer. Pairs with no baseline, no random control, or a scale of zero cannot be compared: they are
    listed as excluded. Their dollars count in `spent` and in the price all the same. Raises BadInput for an
    unknown arm, a number that is none, negative dollars, or an instance twice on one snapshot.
    """
    compared = compare(rule, pairs)
    ruling, price = decide(rule, compared.against, len(compared.excluded)), _price(rule, compared.kept, pairs)
    failed = sum(pair.objectives.get("quantum") is None for pair in compared.kept)
    spent = math.fsum(pair.dollars for pair in pairs)
    sentence = _sentence(rule, ruling, compared, failed) + " " + _money(spent, price)
    count = len(compared.kept)
    return Finding(ruling, compared.against, count, failed, spent, price, compared.excluded, sentence)


def compare(rule: Rule, pairs: Sequence[Pair]) -> Compared:
    """What `verdict` rules on, without the price. Raises as it does."""
    _checked(pairs)
    why = [(pair, pair.excluded or _missing(rule, pair)) for pair in pairs]
    kept = tuple(pair for pair, reason in why if not reason)
    left = tuple(Excluded(pair.instance, pair.snapshot, reason) for pair, reason in why if reason)
    against = {name: _difference(rule, kept, name) for name in REFERENCES if name in _told(kept)}
    return Compared(kept, left, against)


def _checked(pairs: Iterable[Pair]) -> None:
    seen = set()
    for pair in pairs:
        where = f"{pair.instance} on snapshot {pair.snapshot}"
        if (pair.instance, pair.snapshot) in seen:
            raise BadInput(
                f"{where} is there twice: only the run registered first counts, never the best retry."
            )
        seen.add((pair.instance, pair.snapshot))
        if strange := sorted(set(pair.objectives) - set(ARMS)):
            raise BadInput(f"{where} has an arm {strange[0]}: arms are {', '.join(ARMS)}.")
        for name, value in pair.objectives.items():
            if value is not None and not math.isfinite(value):
                raise BadInput(
                    f"{where}: {name}'s objective is not a number. Give none if there is no answer."
                )
        if not (math.isfinite(pair.dollars) and pair.dollars >= 0):
            raise BadInput(f"{where}: its dollars are not a number of zero or more; look at its settlement.")


def _missing(rule: Rule, pair: Pair) -> str:
    """Why a pair cannot be compared, whatever the quantum arm answered."""
    named = {"baseline": "the best classical", "heuristic": "the plain heuristic's"}
    for arm in dict.fromkeys(("baseline", rule.scale)):
        if pair.objectives.get(arm) is None:
            return f"{REFERENCES[arm]} has no usable answer"
    if not pair.objectives[rule.scale]:
        return f"{named[rule.scale]} objective is zero, of which there is no share"
    return "random bits have no usable answer" if pair.objectives.get("random") is None else ""


def _told(kept: Sequence[Pair]) -> set[str]:
    there = {name for pair in kept for name, value in pair.objectives.items() if value is not None}
    return there | set(DECIDING)


def _improvement(rule: Rule, pair: Pair, reference: str) -> float | None:
    mark, quantum, scale = (pair.objectives.get(name) for name in (reference, "quantum", rule.scale))
    if mark is None or not scale:
        return None
    return 0.0 if quantum is None else (mark - quantum) / abs(scale)


def _difference(rule: Rule, kept: Sequence[Pair], reference: str) -> Difference:
    found = [_improvement(rule, pair, reference) for pair in kept]
    raw = np.array([value for value in found if value is not None], dtype=float)
    values = raw.clip(-rule.bound, rule.bound)
    low, high = interval(values, low=-rule.bound, high=rule.bound, level=LEVEL)
    estimate = float(values.mean()) if values.size else None
    clipped = int((np.abs(raw) > rule.bound * (1 + _ROUNDING)).sum())
    return Difference(values.size, clipped, estimate, low, high)


def _price(rule: Rule, kept: Sequence[Pair], pairs: Sequence[Pair]) -> Estimate | None:
    """Every pair's dollars; what could not be compared gained nothing."""
    if len(pairs) < 2:
        return None
    counted = {id(pair) for pair in kept}
    gained = [
        min(rule.bound, max(-rule.bound, _improvement(rule, pair, "baseline") or 0.0))
        if id(pair) in counted
        else 0.0
        for pair in pairs
    ]
    return per_improvement([pair.dollars for pair in pairs], [100 * value for value in gained], seed=_SEED)


def _sentence(rule: Rule, ruling: Ruling, compared: Compared, failed: int) -> str:
    """Word and reason, both differences that decide, and what the reader has to know of the pairs."""
    count, clipped = len(compared.kept), max(compared.against[name].clipped for name in DECIDING)
    told = [f"{ruling.word[0].upper()}{ruling.word[1:]}: {ruling.why}."]
    if count:
        both = " and ".join(said(compared.against[name], name) for name in DECIDING)
        told.append(f"Over {_pairs(count)} the quantum arm is {both}.")
    if failed:
        told.append(f"In {_pairs(failed)} it had no answer, which counts as no improvement.")
    if clipped:
        told.append(f"Differences beyond {rule.bound:.0%} count as that much, in up to {_pairs(clipped)}.")
    if compared.excluded:
        told.append(f"Not counted: {_pairs(len(compared.excluded))}, each with its reason.")
    return " ".join(told)


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count} pairs"


def _money(spent: float, price: Estimate | None) -> str:
    if price is None:
        return f"${spent:,.2f} was spent."
    if price.value is None:
        return f"${spent:,.2f} was spent, and on the whole nothing was gained for it."
    return f"${spent:,.2f} was spent: ${price.value:,.2f} for one percent of improvement on one pair."
