from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.solvers.clusters import flip_costs, groups
from hybridops.solvers.descent import descend
from hybridops.solvers.greedy import greedy
from hybridops.solvers.qubo import Qubo, fix
from hybridops.solvers.register_states import all_states


def cost(seed: int, n: int) -> Qubo:
    """A cost of small whole numbers, half of its pairs empty."""
    rng = np.random.default_rng(seed)
    full = np.triu(rng.integers(-9, 10, (n, n)) * rng.integers(0, 2, (n, n)), k=1)
    return Qubo(float(rng.integers(-5, 6)), rng.integers(-9, 10, n).astype(float), full.astype(float))


def lowest(qubo: Qubo, bits: np.ndarray, members: np.ndarray) -> float:
    """The best energy with only `members` open, by trying all."""
    others = np.setdiff1d(np.arange(qubo.variables), members)
    left = fix(qubo, {int(at): int(bits[at]) for at in others}).qubo
    return float(left.energy(all_states(len(members))).min())


@given(st.integers(0, 10**6), st.integers(2, 9))
@settings(max_examples=50, deadline=None)
def test_a_flip_costs_what_the_energy_says(seed: int, n: int) -> None:
    qubo = cost(seed, n)
    bits = np.random.default_rng(seed).integers(0, 2, n).astype(np.uint8)
    flipped = np.repeat(bits[None], n, axis=0)
    flipped[np.arange(n), np.arange(n)] ^= 1
    assert (flip_costs(qubo, bits) == qubo.energy(flipped) - qubo.energy(bits[None])).all()


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(1, 10))
@settings(max_examples=50, deadline=None)
def test_groups_are_sets_of_the_size_asked_and_scored_by_hand(seed: int, n: int, size: int) -> None:
    """Distinct variables, distinct sets, best first; the score is relief inside less what each costs."""
    qubo = cost(seed, n)
    bits = descend(qubo, greedy(qubo, seed=seed))[0]
    found = groups(qubo, bits, size)
    assert found.members.shape[1] == min(size, n)
    assert len({frozenset(row) for row in found.members.tolist()}) == len(found.members)
    assert all(len(set(row)) == len(row) for row in found.members.tolist())
    assert (np.diff(found.score) <= 0).all()
    turned, costs = 1 - 2 * bits.astype(int), flip_costs(qubo, bits)
    for row, score in zip(found.members.tolist(), found.score.tolist(), strict=True):
        pairs = [(i, j) for i in row for j in row if i < j]
        relief = sum(max(0.0, -qubo.quadratic[i, j] * turned[i] * turned[j]) for i, j in pairs)
        assert score == relief - sum(costs[i] for i in row)


def test_chosen_groups_gain_where_random_ones_do_not() -> None:
    """Over 30 costs of 60 variables: what the heuristic missed lies in its groups, not in any twelve."""
    rng = np.random.default_rng(0)
    chosen = random = 0
    for seed in range(30):
        qubo = cost(seed, 60)
        bits = descend(qubo, greedy(qubo, seed=seed))[0]
        now = qubo.energy(bits[None])[0]
        chosen += lowest(qubo, bits, groups(qubo, bits, 8).members[0]) < now
        random += lowest(qubo, bits, rng.choice(60, 8, replace=False)) < now
    assert chosen > 10 + random


@given(st.integers(0, 10**6), st.integers(2, 12))
@settings(max_examples=50, deadline=None)
def test_greedy_is_seeded_and_never_worse_than_the_mean(seed: int, n: int) -> None:
    """Each bit goes against its field, so the result is at most the mean of all answers (Sahni, Gonzalez)."""
    qubo = cost(seed, n)
    found = greedy(qubo, seed=seed, starts=3)
    assert (found == greedy(qubo, seed=seed, starts=3)).all()
    assert (qubo.energy(found) <= qubo.energy(all_states(n)).mean() + 1e-9).all()
