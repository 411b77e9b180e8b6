"""How long one instance takes to its target with 99 % certainty, from repeated runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.evidence.rates import wilson
from hybridops.evidence.resampling import Estimate, Floats, draws, ends, numbers, together

_SURE = 0.99


def repeats(chance: Floats) -> Floats:
    """Runs until one has hit with 99 %, (n,) for chances (n,): ln 0.01 / ln(1 - p), at least 1; infinite at 0.

    Rønnow et al., Science 345 (2014) 420, arXiv 1401.2910; King et al., arXiv 1508.05087.
    """
    with np.errstate(divide="ignore"):
        needed = math.log1p(-_SURE) / np.log1p(-chance)
    return np.where(chance > 0, np.maximum(1.0, needed), np.inf)


def tts99(seconds: Sequence[float], hits: Sequence[bool], *, seed: int) -> Estimate:
    """Mean seconds of a run times the repeats, with a bootstrap interval over the runs.

    `seconds` (n,) of every run of one instance, whether it hit or not, and all of one clock: wall, QPU and queue
    time are told apart. `hits` (n,): whether the run reached the target. Without a hit `value` and `high` are None
    and `low` uses the upper Wilson end; `high` is None too where many draws have none. Raises BadInput for fewer
    than two runs, rows that do not fit, or times that are not numbers above zero.
    """
    spent = numbers(seconds, "seconds", least=0.0)
    if not spent.all():
        raise BadInput("A run took no time at all: give seconds of a clock that is fine enough.")
    reached = numbers(np.asarray(hits, dtype=float), "hits", least=0.0)
    together((spent, "seconds"), (reached, "hits"))
    found = int(reached.astype(bool).sum())
    if not found:
        likely = np.array([wilson(0, len(spent))[1]])
        return Estimate(None, float(spent.mean() * repeats(likely)[0]), None)
    drawn = draws(len(spent), seed)
    low, high = ends(spent[drawn].mean(axis=1) * repeats(reached.astype(bool)[drawn].mean(axis=1)))
    return Estimate(float(spent.mean() * repeats(np.array([found / len(spent)]))[0]), low, high)
