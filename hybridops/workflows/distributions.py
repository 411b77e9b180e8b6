"""How near measured counts are to an ideal distribution, with what the shots alone leave open.

Hellinger fidelity (sum sqrt(p q))^2 is the classical fidelity; total variation distance is half of
sum |p - q|. Both are read off the measured outcomes, since elsewhere p is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.register_shots import Shots

RESAMPLED = 400
_DIGITS = 9  # beyond them lies rounding


@dataclass(frozen=True, slots=True)
class Closeness:
    """Infidelity 1 - F and total variation distance, both from 0 (the same) to 1, with 95 % intervals."""

    infidelity: float
    infidelity_interval: tuple[float, float]
    distance: float
    distance_interval: tuple[float, float]


def closeness(shots: Shots, ideal: Floats, seed: Sequence[int]) -> Closeness | None:
    """Of counts to `ideal` (2^m,); None without a shot. Unreadable shots count as wrong outcomes.

    Intervals: a bootstrap over shots (Efron 1979), its quantiles centred on the measured value. Both measures
    are too high where outcomes are many and shots few, which no interval of theirs can show: compare with an
    arm of as many ideal shots.
    """
    if not shots.total:
        return None
    chances = np.append(ideal[shots.states], 0.0)
    seen = np.append(shots.seen, shots.unreadable)
    infidelity, distance = (values[0] for values in _measures(seen[None, :], chances))
    again = np.random.default_rng(list(seed)).multinomial(shots.total, seen / shots.total, size=RESAMPLED)
    spread = [
        _interval(value, values)
        for value, values in zip((infidelity, distance), _measures(again, chances), strict=True)
    ]
    return Closeness(round(float(infidelity), _DIGITS), spread[0], round(float(distance), _DIGITS), spread[1])


def _measures(seen: Ints, ideal: Floats) -> tuple[Floats, Floats]:
    """Infidelity and distance of counts (b, k) on outcomes whose ideal chances are (k,)."""
    shares = seen / seen.sum(axis=1, keepdims=True)
    infidelity = 1 - np.sqrt(shares * ideal).sum(axis=1) ** 2
    distance = 1 - np.minimum(shares, ideal).sum(axis=1)
    return np.clip(infidelity, 0, 1), np.clip(distance, 0, 1)


def _interval(value: float, values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975)) - values.mean() + value
    return float(np.clip(low, 0, value)), float(np.clip(high, value, 1))
