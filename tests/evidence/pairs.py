"""Pairs made up for tests, with a baseline of -100 so that a share is a percent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hybridops.evidence.verdict import Pair


def pair(number: int, better: float | None, random: float | None = 0.0, **changes: Any) -> Pair:
    """The quantum arm is `better` than the baseline by a share, None where it failed; so is `random`."""
    objectives = {
        "baseline": -100.0,
        "random": None if random is None else -100.0 * (1 + random),
        "heuristic": -97.0,
        "quantum": None if better is None else -100.0 * (1 + better),
    }
    return Pair(
        **{"instance": f"i{number}", "snapshot": "s1", "objectives": objectives, "dollars": 2.0} | changes
    )


def pairs(better: Sequence[float | None], random: float | None = 0.0) -> list[Pair]:
    return [pair(number, value, random) for number, value in enumerate(better)]
