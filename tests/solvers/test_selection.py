from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.markowitz import Market, greedy, objective, selection_qubo
from hybridops.solvers.qubo import Qubo
from hybridops.solvers.selection import counted, in_play, table


def random_qubo(seed: int, variables: int) -> Qubo:
    rng = np.random.default_rng(seed)
    return Qubo(1.5, rng.normal(size=variables), np.triu(rng.normal(size=(variables, variables)), k=1))


def rows(variables: int) -> np.ndarray:
    """All states, qubit 0 first."""
    return (np.arange(1 << variables)[:, None] >> np.arange(variables)[::-1]) & 1


seeds, sizes = st.integers(0, 10_000), st.integers(2, 7)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=sizes, data=st.data())
def test_the_penalty_is_large_enough(seed: int, n: int, data: st.DataObject):
    """Valid states keep their energy; every other one can step nearer and does not pay for it."""
    ones = data.draw(st.integers(0, n))
    qubo, every = random_qubo(seed, n), rows(n)
    with_penalty, size = counted(qubo, ones)
    counts = every.sum(axis=1)
    plain, raised = qubo.energy(every), with_penalty.energy(every)
    np.testing.assert_allclose(raised - plain, size * (counts - ones) ** 2, atol=1e-9)
    assert raised.min() == pytest.approx(raised[counts == ones].min(), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=sizes, data=st.data())
def test_repair_counts_and_descent_ends_at_swaps(seed: int, n: int, data: st.DataObject):
    """After repair every state has its ones, valid ones untouched; after descent no swap helps, none is worse."""
    ones = data.draw(st.integers(0, n))
    found = table(random_qubo(seed, n), ones)
    np.testing.assert_allclose(found.energy, random_qubo(seed, n).energy(rows(n)), atol=1e-9)
    states = np.arange(1 << n)
    repaired = found.repair(states)
    assert (found.count[repaired] == ones).all()
    assert repaired[found.valid].tolist() == found.valid.tolist()
    ended = found.descend(repaired)
    assert (found.count[ended] == ones).all()
    assert (found.energy[ended] <= found.energy[repaired]).all()
    for state in set(ended.tolist()):
        for i, j in combinations(range(n), 2):
            if (state >> i & 1) != (state >> j & 1):
                assert found.energy[state ^ (1 << i) ^ (1 << j)] >= found.energy[state] - 1e-9


def test_repair_takes_the_cheapest_flip():
    """Three ones of which one is wanted: the dearest goes first, then the next."""
    found = table(Qubo(0.0, np.array([1.0, 3.0, 2.0]), np.zeros((3, 3))), 1)
    assert found.repair(np.array([0b111, 0b011, 0b000])).tolist() == [0b100, 0b001, 0b100]


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(3, 12), data=st.data())
def test_the_best_swap_is_in_play(seed: int, n: int, data: st.DataObject):
    """Both ends of the cheapest swap are in the register, both sides stand in it, and none stands twice."""
    qubo = random_qubo(seed, n)
    chosen = sorted(data.draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=n - 1)))
    size = data.draw(st.integers(2, n))
    found = in_play(qubo, chosen, size)
    assert len(set(found)) == size
    assert set(found) & set(chosen) and set(found) - set(chosen)

    def cost(out: int, into: int) -> float:
        bits = np.isin(np.arange(n), sorted(set(chosen) - {out} | {into}))
        return float(qubo.energy(bits[None])[0])

    swaps = [(out, into) for out in chosen for into in set(range(n)) - set(chosen)]
    assert set(min(swaps, key=lambda swap: cost(*swap))) <= set(found)


def market(seed: int, assets: int) -> Market:
    returns = np.random.default_rng(seed).normal(0.002, 0.03, (40, assets))
    covariance = np.cov(returns, rowvar=False)
    return Market("m", tuple(map(str, range(assets))), returns.mean(axis=0), covariance, 52, returns)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(2, 8), share=st.floats(0, 1), data=st.data())
def test_the_qubo_is_the_objective_on_choices_of_k(seed: int, n: int, share: float, data: st.DataObject):
    """For exactly K bits the QUBO's energy is what is computed anew from the returns themselves."""
    found = market(seed, n)
    chosen = sorted(data.draw(st.sets(st.integers(0, n - 1), min_size=1)))
    energy = selection_qubo(found, len(chosen), share).energy(np.isin(np.arange(n), chosen)[None])[0]
    assert objective(found, chosen, len(chosen), share) == pytest.approx(energy, rel=1e-9, abs=1e-9)


def test_the_objective_in_plain_words():
    """Two assets, two periods: mean 2 %, no variance between them; 52 periods and 10^4 in front."""
    returns = np.array([[0.01, 0.03], [0.03, 0.01]])
    found = Market("m", ("a", "b"), returns.mean(axis=0), np.cov(returns, rowvar=False), 52, returns)
    assert objective(found, [0, 1], 2, 0.25) == pytest.approx(-52e4 * 0.75 * 0.02)
    assert objective(found, [0], 1, 1.0) == pytest.approx(52e4 * 0.0002)
    with pytest.raises(BadInput, match="2 different assets"):
        objective(found, [0, 0], 2, 0.5)
    with pytest.raises(BadInput):
        objective(found, [0, 2], 2, 0.5)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, n=st.integers(2, 8), share=st.floats(0, 1))
def test_greedy_extends_itself(seed: int, n: int, share: float):
    """Each asset that greedy adds is the best one to add; the first is the best alone."""
    qubo = selection_qubo(market(seed, n), n, share)
    before: list[int] = []
    for count in range(1, n + 1):
        found = greedy(qubo, count)
        assert set(before) <= set(found) and len(found) == count
        options = [sorted([*before, at]) for at in range(n) if at not in before]
        energies = [float(qubo.energy(np.isin(np.arange(n), option)[None])[0]) for option in options]
        assert energies[options.index(found)] == pytest.approx(min(energies), abs=1e-9)
        before = found


def test_sizes_that_do_not_fit_are_refused():
    qubo = random_qubo(0, 4)
    for chosen, size in (([], 2), ([0, 1, 2, 3], 2), ([0], 1), ([0], 5)):
        with pytest.raises(BadInput):
            in_play(qubo, chosen, size)
    with pytest.raises(BadInput):
        table(qubo, 5)
