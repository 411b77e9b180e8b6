"""Whether the QPU helps: the rule that is signed before data comes in, and the words that are read out of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput

HELPING, NOT_HELPING, UNCLEAR, TOO_EARLY = "helping", "not helping", "unclear", "too early"
# What the quantum arm is held against, as people call it. The first two decide, the others are told beside them.
REFERENCES = {
    "baseline": "the best classical solver",
    "random": "random bits treated alike",
    "heuristic": "the plain heuristic",
    "ideal": "the same circuits without noise",
}
DECIDING = ("baseline", "random")
METHODS = ("betting",)
LEVEL = 0.95  # of each interval, at all looks together
EXCLUDED_MAX = 0.2  # of all pairs; past it nobody can say what the rest stands for
SCALES = ("baseline", "heuristic")  # of whose objective a difference is a share
_FIELDS = {"delta", "bound", "pairs", "method"}


@dataclass(frozen=True, slots=True)
class Rule:
    """`delta`: the smallest mean improvement worth having, a share of the objective of `scale`. `bound`: a pair's
    improvement counts as this much at most, either way. `pairs`: how many are wanted. `method`: one of METHODS.
    `scale`: one of SCALES; where the best classical solver is exact and its objective zero, the plain heuristic's.
    """

    delta: float
    bound: float
    pairs: int
    method: str = METHODS[0]
    scale: str = SCALES[0]

    def document(self) -> dict[str, Any]:
        """JSON that `read` takes back."""
        told = {"delta": self.delta, "bound": self.bound, "pairs": self.pairs, "method": self.method}
        return told if self.scale == SCALES[0] else {**told, "scale": self.scale}


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean improvement against one reference over `count` pairs, clipped, `clipped` of them; and its interval.

    Shares of the objective of the rule's scale, above zero where the quantum arm is better. `estimate` is None
    without pairs.
    """

    count: int
    clipped: int
    estimate: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ruling:
    """One of the four words, and why, as the rest of its sentence."""

    word: str
    why: str


def read(document: Mapping[str, Any]) -> Rule:
    """The rule in a definition. Raises BadInput, naming what to mend, for anything but a whole rule."""
    if set(document) - {"scale"} != _FIELDS:
        raise BadInput(
            f"a rule for helping has {', '.join(sorted(_FIELDS))}, if need be scale, and nothing else",
            field="helping",
        )
    delta, bound, pairs, method = (document[name] for name in ("delta", "bound", "pairs", "method"))
    if not _share(bound) or not 0 < bound <= 1:
        raise BadInput("bound is a share above 0 and at most 1, such as 0.1", field="helping/bound")
    if not _share(delta) or not 0 <= delta <= bound / 2:
        raise BadInput("delta is a share from 0 to half of bound, such as 0.01", field="helping/delta")
    if not isinstance(pairs, int) or isinstance(pairs, bool) or pairs < 2:
        raise BadInput("pairs is a whole number of at least 2", field="helping/pairs")
    if method not in METHODS:
        raise BadInput(f"method is {' or '.join(METHODS)}", field="helping/method")
    scale = document.get("scale", SCALES[0])
    if scale not in SCALES:
        raise BadInput(f"scale is {' or '.join(SCALES)}", field="helping/scale")
    return Rule(float(delta), float(bound), pairs, method, scale)


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def decide(rule: Rule, against: Mapping[str, Difference], excluded: int) -> Ruling:
    """The word, from the differences to each of DECIDING and how many pairs were excluded beside those counted.

    *helping*: both intervals lie above delta; better than good solvers only, the credit may be the post-processing's,
    better than random bits only, a solver does it without a QPU. *not helping*: one of them lies below delta.
    Neither, and it is *too early* until the wanted pairs are there, *unclear* from then on. An interval that is
    inside out, or too many exclusions, leave it unclear whatever the numbers say. Raises BadInput where one of
    DECIDING is missing or their pairs are not the same.
    """
    deciding = [against[name] for name in DECIDING if name in against]
    counts = {found.count for found in deciding}
    if len(deciding) != len(DECIDING) or len(counts) != 1:
        raise BadInput("both the best classical solver and random bits are compared, on the same pairs")
    count = counts.pop()
    if any(found.low > found.high for found in deciding):
        return Ruling(
            UNCLEAR, "the differences have changed over time, so that one mean does not describe them"
        )
    below = [REFERENCES[name] for name in DECIDING if against[name].high < rule.delta]
    above = all(found.low > rule.delta for found in deciding)
    if (below or above) and excluded > EXCLUDED_MAX * (count + excluded):
        return Ruling(
            UNCLEAR, f"{excluded} of {count + excluded} pairs were excluded, more than {EXCLUDED_MAX:.0%}"
        )
    if below:
        return Ruling(
            NOT_HELPING,
            f"what it adds to {' and to '.join(below)} is below the {rule.delta:.2%} worth having",
        )
    if above:
        return Ruling(HELPING, f"it is better than both by more than the {rule.delta:.2%} worth having")
    if count < rule.pairs:
        return Ruling(
            TOO_EARLY, f"there are {count} of the {rule.pairs} pairs wanted, and they do not decide it yet"
        )
    return Ruling(
        UNCLEAR, f"{count} pairs do not tell whether it adds more than the {rule.delta:.2%} worth having"
    )


def said(found: Difference, reference: str) -> str:
    """One difference in words: "3.10% better than the best classical solver (95% interval 1.20% to 5.00%)"."""
    name = REFERENCES[reference]
    if found.estimate is None:
        return f"nothing is known against {name}"
    size = f"{abs(found.estimate):.2%}"
    way = f"{size} {'worse' if found.estimate < 0 else 'better'} than" if float(size[:-1]) else "as good as"
    return f"{way} {name} ({LEVEL:.0%} interval {found.low:.2%} to {found.high:.2%})"
