"""The scenario step: what portfolios may lose over a quarter, the incumbent beside the efficient ones.

And the cloud of random choices that shows how far from ordinary any of them is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import scenarios
from hybridops.solvers.arrays import array_module
from hybridops.solvers.markowitz import Market, selection_qubo, yearly
from hybridops.solvers.problem import Floats
from hybridops.solvers.swaps import swap_search
from hybridops.workflows.portfolio_steps import Wanted, opened, told
from hybridops.workflows.register_steps import needed

SCENARIOS = 8_192
CLOUD = 160
SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)  # of risk, along the frontier
_CLOUD, _TAILS = 4, 5  # streams of the run's seed


def simulate(step: StepInput) -> StepOutput:
    """Efficient choices for several shares of risk, and the tails of each and of the incumbent, on the GPU if any."""
    begun = time.perf_counter()
    market, settings = opened(step)
    incumbent = needed(step, "heuristic")["chosen"]
    xp, device = array_module(step.prefer_gpu)
    step.report(0.1, "Tracing the efficient choices")
    candidates = [{"name": "incumbent", "chosen": incumbent}, *_efficient(market, settings, step.seed)]
    step.report(0.4, f"Simulating {SCENARIOS:,} scenarios")
    found = tails(market, settings, [row["chosen"] for row in candidates], step.seed, xp)
    candidates = [
        row | told(market, settings, row["chosen"]) | tail(found, at) for at, row in enumerate(candidates)
    ]
    summary = {
        "step": "scenarios",
        "candidates": candidates,
        "cloud": _cloud(market, settings, step.seed),
        **model(found, market),
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, device=device, peak_bytes=found.nbytes)


def tails(
    market: Market, settings: Wanted, choices: Sequence[Sequence[int]], seed: int, xp: Any = np
) -> scenarios.Tails:
    """The tails of choices over a quarter: the same random numbers for every choice and every step of a run."""
    weights: Floats = np.zeros((len(choices), market.assets))
    for row, chosen in zip(weights, choices, strict=True):
        row[list(chosen)] = 1 / settings.assets
    return scenarios.simulate(
        market.mean,
        market.covariance,
        weights,
        periods=market.periods // 4,
        scenarios=SCENARIOS,
        seed=[seed, _TAILS],
        xp=xp,
    )


def tail(found: scenarios.Tails, at: int) -> dict[str, float]:
    """JSON of one choice's losses at 95 %, as shares of the money at the start."""
    return {"value_at_risk": float(found.value_at_risk[at]), "shortfall": float(found.shortfall[at])}


def model(found: scenarios.Tails, market: Market) -> dict[str, Any]:
    """What was simulated, in numbers and words."""
    return {
        "scenarios": found.scenarios,
        "horizon": f"a quarter: {found.periods} " + ("weeks" if market.periods == 52 else "trading days"),
        "level": scenarios.LEVEL,
        "model": "normal returns, independent from period to period, weights set again each period",
        "shrinkage": found.shrinkage,
    }


def _efficient(market: Market, settings: Wanted, seed: int) -> list[dict[str, Any]]:
    """The best choice that swaps find for each share of risk, named after all the shares it was found for."""
    found: dict[tuple[int, ...], list[float]] = {}
    for share in SHARES:
        qubo = selection_qubo(market, settings.assets, share)
        bits = swap_search(qubo, ones=settings.assets, seed=seed % 2**31, starts=2, steps=100).bits
        found.setdefault(tuple(np.flatnonzero(bits).tolist()), []).append(share)
    return [
        {"name": "lambda " + ", ".join(f"{share:g}" for share in shares), "chosen": list(chosen)}
        for chosen, shares in found.items()
    ]


def _cloud(market: Market, settings: Wanted, seed: int) -> list[list[float]]:
    """[volatility, return] a year of random choices of K."""
    random = np.random.default_rng([seed, _CLOUD])
    drawn = [random.choice(market.assets, settings.assets, replace=False).tolist() for _ in range(CLOUD)]
    places: list[Mapping[str, float]] = [yearly(market, chosen) for chosen in drawn]
    return [[place["volatility"], place["return"]] for place in places]
