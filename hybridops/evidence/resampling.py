"""Measured numbers made sure of, and percentile intervals by drawing them again with replacement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridops.domain.errors import BadInput

type Floats = npt.NDArray[np.float64]
type Draws = npt.NDArray[np.int64]

RESAMPLES = 10_000
ENDS = 2.5, 97.5  # of a 95 % interval, in percent
_CELLS_MAX = 20_000_000  # of the table of draws: 160 MB


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95 % interval. `value` or an end is None where the data give no number: it has no limit."""

    value: float | None
    low: float
    high: float | None


def numbers(values: Sequence[float] | Floats, what: str, *, least: float | None = None) -> Floats:
    """The values as an array (n,). Raises BadInput for what is not finite, not one row, or below `least`."""
    found = np.asarray(values, dtype=float)
    if found.ndim != 1:
        raise BadInput(f"The {what} are one row of numbers: give one for each pair or run.")
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0]) + 1
        raise BadInput(
            f"Number {place} of the {what} is not a number: leave it out with a reason, or mend it."
        )
    if least is not None and (found < least).any():
        place = int(np.flatnonzero(found < least)[0]) + 1
        raise BadInput(f"Number {place} of the {what} is below {least:g}: check how it was measured.")
    return found


def together(*rows: tuple[Floats, str]) -> None:
    """Raises BadInput unless all rows have one number for the same two or more pairs or runs."""
    sizes = {name: len(row) for row, name in rows}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{size} {name}" for name, size in sizes.items())
        raise BadInput(f"These do not belong together: {told}. Give one of each for every pair or run.")
    if min(sizes.values()) < 2:
        raise BadInput("An interval needs at least two pairs or runs: wait for more.")


def draws(count: int, seed: int, resamples: int = RESAMPLES) -> Draws:
    """Places (resamples, count) drawn with replacement (Efron, Ann. Stat. 7 (1979) 1); one seed gives one table."""
    if count * resamples > _CELLS_MAX:
        raise BadInput(
            f"{count:,} pairs or runs are too many to draw {resamples:,} times: add them up by instance."
        )
    return np.random.default_rng(seed).integers(0, count, (resamples, count))


def ends(values: Floats) -> tuple[float, float | None]:
    """The interval's ends, each an order statistic of the draws, so that infinite ones are no trouble.

    An upper end without limit is None, a lower one without limit the largest finite draw below it, or 0.
    """
    low, high = np.percentile(values, ENDS, method="inverted_cdf")
    finite = values[np.isfinite(values)]
    safe = float(low) if np.isfinite(low) else float(finite.max(initial=0.0))
    return safe, float(high) if np.isfinite(high) else None
