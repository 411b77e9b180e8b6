"""What an accepted solution and an improvement cost: all dollars over all they bought, never a mean of ratios.

Money here is for looking at, so it is a float; the ledger keeps its own exact numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.evidence.rates import wilson
from hybridops.evidence.resampling import Draws, Estimate, Floats, draws, ends, numbers, together


@dataclass(frozen=True, slots=True)
class Spending:
    """By pair, all (n,): `dollars` of every attempt (failed, cancelled, simulated, training and calibration too),
    `attempts` made, `accepted` of them. Raises BadInput for rows that do not fit, are negative or not numbers, or
    with more accepted than attempts.
    """

    dollars: Sequence[float] | Floats
    attempts: Sequence[float] | Floats
    accepted: Sequence[float] | Floats

    def rows(self) -> tuple[Floats, Floats, Floats]:
        """The three as arrays, made sure of."""
        dollars, attempts, accepted = (
            numbers(getattr(self, name), name, least=0.0) for name in ("dollars", "attempts", "accepted")
        )
        together((dollars, "dollars"), (attempts, "attempts"), (accepted, "accepted"))
        if (attempts % 1).any() or (accepted % 1).any() or (accepted > attempts).any():
            raise BadInput(
                "Attempts and accepted are counted in whole, and no pair has more accepted than attempts."
            )
        return dollars, attempts, accepted


@dataclass(frozen=True, slots=True)
class PerAccepted:
    """Dollars an accepted solution. With none accepted `value` and `high` are None and `low` is what one costs at
    least: spent / attempts over the upper Wilson end of the share accepted. `spent` is never hidden.
    """

    spent: float
    attempts: int
    accepted: int
    value: float | None
    low: float
    high: float | None


def per_accepted(spending: Spending, *, seed: int) -> PerAccepted:
    """Sum over sum with a bootstrap interval over pairs; `high` is None where too many draws accepted nothing.

    Raises BadInput for fewer than two pairs or no attempt at all.
    """
    dollars, attempts, accepted = spending.rows()
    spent, tries, hits = float(dollars.sum()), int(attempts.sum()), int(accepted.sum())
    if not tries:
        raise BadInput("Nothing was attempted, so nothing has a price yet: wait for the first run.")
    if not hits:
        return PerAccepted(spent, tries, 0, None, spent / tries / wilson(0, tries)[1], None)
    low, high = ends(_over(dollars, accepted, draws(len(dollars), seed)))
    return PerAccepted(spent, tries, hits, spent / hits, low, high)


def times_cheaper(dear: Spending, cheap: Spending, *, seed: int) -> Estimate:
    """Cost per accepted of the first over that of the second, on the same pairs, both drawn together.

    A draw in which neither arm has an accepted solution widens the interval at both ends. Raises BadInput for rows
    of other lengths, where an arm accepted nothing (its cost has only a lower bound, which `per_accepted` tells),
    or where the second was free.
    """
    (paid, _, won), (paid_too, _, won_too) = dear.rows(), cheap.rows()
    together((paid, "pairs of the first"), (paid_too, "pairs of the second"))
    if not won.sum() or not won_too.sum():
        raise BadInput(
            "An arm without an accepted solution has no cost per one: compare what was spent instead."
        )
    if not paid_too.sum():
        raise BadInput(
            "The second arm was free, and nothing is so many times cheaper than free: tell both costs."
        )
    drawn = draws(len(paid), seed)
    above, below = (_sums(paid, drawn) * _sums(won_too, drawn), _sums(won, drawn) * _sums(paid_too, drawn))
    found, unknown = _divided(above, below), (above == 0) & (below == 0)
    low, high = ends(np.where(unknown, 0.0, found))[0], ends(found)[1]
    return Estimate(float(paid.sum() * won_too.sum() / (won.sum() * paid_too.sum())), low, high)


def per_improvement(dollars: Sequence[float], improvements: Sequence[float], *, seed: int) -> Estimate:
    """Dollars for one unit of improvement: sum over sum, with what got worse left in, and drawn by pair.

    `dollars` (n,) not negative, `improvements` (n,) in any one unit, below zero where it got worse. `value` is None
    where nothing was gained on the whole. Raises BadInput for rows that do not fit or are not numbers.
    """
    paid = numbers(dollars, "dollars", least=0.0)
    gained = numbers(improvements, "improvements")
    together((paid, "dollars"), (gained, "improvements"))
    low, high = ends(_over(paid, gained, draws(len(paid), seed)))
    total = float(gained.sum())
    return Estimate(float(paid.sum()) / total if total > 0 else None, low, high)


def _sums(row: Floats, drawn: Draws) -> Floats:
    return np.asarray(row[drawn].sum(axis=1))


def _over(dollars: Floats, bought: Floats, drawn: Draws) -> Floats:
    return _divided(_sums(dollars, drawn), _sums(bought, drawn))


def _divided(above: Floats, below: Floats) -> Floats:
    """Infinite where nothing was bought: what such a draw says is that there is no upper limit."""
    found: Floats = np.divide(above, below, out=np.full(len(above), np.inf), where=below > 0)
    return found
