"""The arithmetic of the strategies bench: chances, dollars, numbers of shots, bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hybridops.solvers.problem import Floats, Ints

# Amazon Braket, IQM Garnet, as in the rehearsal price book dated 2026-03-27.
TASK, SHOT = 0.30, 0.00145
SHOTS_MAX = 4_096
RESAMPLES, LEVEL = 10_000, 0.95

type Interval = tuple[float, float, float]  # the value, and the lower and upper end


def chance(hits: npt.ArrayLike, shots: int) -> Floats:
    """The mean under Jeffreys' prior of the chance that a shot is accepted."""
    return (np.asarray(hits, dtype=float) + 0.5) / (shots + 1)


def accepted(chances: npt.ArrayLike, shots: npt.ArrayLike) -> Floats:
    """The chance that at least one of so many shots is accepted; broadcasts."""
    return np.asarray(1 - (1 - np.asarray(chances, dtype=float)) ** np.asarray(shots))


def dollars(jobs: npt.ArrayLike, shots: int) -> Floats:
    """What so many jobs of so many shots each are billed."""
    return np.asarray(jobs, dtype=float) * (TASK + SHOT * shots)


def best_shots(chances: Floats) -> int:
    """The shots of one job, 1 to 4,096, that make an accepted solution cheapest over instances of these chances."""
    shots = np.arange(1, SHOTS_MAX + 1)
    cost = len(chances) * (TASK + SHOT * shots) / accepted(chances[:, None], shots).sum(axis=0)
    return int(shots[cost.argmin()])


def draws(families: Sequence[str], seed: int, count: int = RESAMPLES) -> Ints:
    """Places (count, n) of instances drawn with replacement, as many of each family as there are."""
    rng = np.random.default_rng(seed)
    columns = []
    for family in dict.fromkeys(families):
        places = np.flatnonzero(np.array(families) == family)
        columns.append(rng.choice(places, (count, len(places))))
    return np.concatenate(columns, axis=1)


def interval(value: Callable[[Ints], Floats], drawn: Ints) -> Interval:
    """`value` of all instances once, and between which ends it lies in 95 % of the draws."""
    once = np.arange(drawn.shape[1])[None]
    edge = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(value(drawn), [edge, 100 - edge])
    return float(value(once)[0]), float(low), float(high)


def cheaper(dear: tuple[Floats, Floats], cheap: tuple[Floats, Floats], drawn: Ints) -> Interval:
    """How many times cheaper an accepted solution is by the second; each is dollars and chances by instance."""

    def ratio(places: Ints) -> Floats:
        first, second = ((paid[places].sum(axis=1), p[places].sum(axis=1)) for paid, p in (dear, cheap))
        return np.asarray(first[0] * second[1] / (first[1] * second[0]))

    return interval(ratio, drawn)


def enriched(chances: Floats, of_random: Floats, drawn: Ints) -> Interval:
    """The geometric mean over instances of a chance over that of random bits."""
    logs = np.log(chances / of_random)
    return interval(lambda places: np.asarray(np.exp(logs[places].mean(axis=1))), drawn)


def verdict(ratio: Interval, aim: float) -> str:
    """Of the plan: met where the lower end reaches the aim, missed where the upper end does not."""
    if ratio[1] >= aim:
        return "met"
    return "missed" if ratio[2] < aim else "unclear"
