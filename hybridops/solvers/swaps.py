"""Choosing exactly k of n: tabu search by swaps, which never leaves the feasible set.

A penalty for the wrong number of ones builds walls between good choices; a swap walks around them (Glover 1989
for the tabu list; Chang, Meade, Beasley, Sharaiha 2000 for cardinality in portfolios).
"""

from __future__ import annotations

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.heuristics import Found, found
from hybridops.solvers.problem import Floats
from hybridops.solvers.qubo import Bits, Qubo

_TENURE_MAX = 10


def swap_search(qubo: Qubo, *, ones: int, seed: int, starts: int = 20, steps: int = 200) -> Found:
    """The best choice of `ones` bits over `starts` random ones, each after `steps` best swaps that are not tabu.

    A bit that came in or went out stays so for some steps, unless moving it gives the best choice of its start.
    O(starts steps k (n - k)) time and 8 k (n - k) bytes. The same seed gives the same answer.
    """
    if not 0 <= ones <= qubo.variables:
        raise BadInput(f"Ask for 0 to {qubo.variables} ones, not {ones}.", field="ones")
    if starts < 1 or steps < 0 or seed < 0:
        raise BadInput("Ask for at least one start, no fewer than no steps, and a seed of 0 or more.")
    random, pull = np.random.default_rng(seed), qubo.symmetric()
    best = np.zeros((starts, qubo.variables), dtype=np.uint8)
    for row in best:
        row[random.choice(qubo.variables, ones, replace=False)] = 1
        if 0 < ones < qubo.variables:
            row[:] = _walk(qubo.linear, pull, row, steps)
    return found(qubo, best)


def _walk(linear: Floats, pull: Floats, start: Bits, steps: int) -> Bits:
    """The best of all choices met on the way."""
    here, best, energy, lowest = start.copy(), start.copy(), 0.0, 0.0
    slope = linear + pull @ here.astype(np.float64)
    free_at = np.zeros(len(here), dtype=np.int64)  # the step from which a bit may change again
    tenures = [min(_TENURE_MAX, count // 4) for count in (int(start.sum()), int((1 - start).sum()))]
    for step in range(steps):
        chosen, others = np.flatnonzero(here), np.flatnonzero(here == 0)
        change = slope[others][None] - slope[chosen][:, None] - pull[np.ix_(chosen, others)]
        tabu = (free_at[chosen] > step)[:, None] | (free_at[others] > step)[None]
        allowed = np.where(tabu & (energy + change >= lowest), np.inf, change)
        out, into = np.unravel_index(int(allowed.argmin()), allowed.shape)
        i, j = chosen[out], others[into]
        here[i], here[j] = 0, 1
        slope += pull[j] - pull[i]
        energy += float(change[out, into])
        free_at[i], free_at[j] = step + 1 + tenures[1], step + 1 + tenures[0]
        if energy < lowest:
            best, lowest = here.copy(), energy
    return best
