from __future__ import annotations

import tracemalloc
from statistics import NormalDist

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.scenarios import LEVEL, regular_factor, simulate


def market(seed: int, assets: int, rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    returns = np.random.default_rng(seed).normal(0.002, 0.03, (rows, assets))
    return returns.mean(axis=0), np.cov(returns, rowvar=False)


def test_one_period_is_the_normal_distribution():
    """Over one period both tails have a closed form; 100,000 scenarios come within a few standard errors."""
    mean, covariance = market(1, 5)
    weights = np.array([[0.2] * 5, [0.5, 0.5, 0, 0, 0]])
    found = simulate(mean, covariance, weights, periods=1, scenarios=100_000, seed=3)
    spread = np.sqrt(np.einsum("ci,ij,cj->c", weights, covariance, weights))
    z = NormalDist().inv_cdf(LEVEL)
    np.testing.assert_allclose(found.value_at_risk, z * spread - weights @ mean, atol=0.02 * spread.max())
    density = NormalDist().pdf(z) / (1 - LEVEL)
    np.testing.assert_allclose(found.shortfall, density * spread - weights @ mean, atol=0.03 * spread.max())
    assert found.shrinkage == 0


def test_without_risk_wealth_compounds():
    """No variance to speak of: the loss over four periods is one minus growth to the fourth."""
    found = simulate(
        np.array([0.01, 0.03]), 1e-16 * np.eye(2), np.array([[0.5, 0.5]]), periods=4, scenarios=10, seed=0
    )
    np.testing.assert_allclose(found.value_at_risk, 1 - 1.02**4, rtol=1e-6)


def test_portfolios_do_not_disturb_each_other():
    """A portfolio's numbers do not depend on who stands beside it; another seed changes them."""
    mean, covariance = market(2, 4)
    weights = np.array([[0.25] * 4, [1, 0, 0, 0]])
    both = simulate(mean, covariance, weights, periods=3, scenarios=3_000, seed=[5, 4])
    alone = simulate(mean, covariance, weights[:1], periods=3, scenarios=3_000, seed=[5, 4])
    np.testing.assert_allclose(both.value_at_risk[0], alone.value_at_risk[0], rtol=1e-12)
    other = simulate(mean, covariance, weights, periods=3, scenarios=3_000, seed=[6, 4])
    assert other.value_at_risk[0] != both.value_at_risk[0]


def test_it_runs_on_the_array_standard_alone():
    """The same numbers from a library that has nothing but the standard."""
    mean, covariance = market(3, 3)
    weights = np.full((1, 3), 1 / 3)
    plain, strict = (
        simulate(mean, covariance, weights, periods=2, scenarios=1_500, seed=1, xp=xp)
        for xp in (np, array_api_strict)
    )
    assert plain.value_at_risk.tolist() == strict.value_at_risk.tolist()
    assert plain.shortfall.tolist() == strict.shortfall.tolist()


def test_it_takes_no_more_memory_than_it_says():
    """The peak of NumPy's own memory, over several batches, is within what `nbytes` states."""
    mean, covariance = market(4, 50)
    weights = np.full((3, 50), 1 / 50)
    tracemalloc.start()
    found = simulate(mean, covariance, weights, periods=2, scenarios=4_000, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.nbytes / 3 < peak < found.nbytes + 50_000


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), assets=st.integers(2, 12), rows=st.integers(2, 30), twin=st.booleans())
def test_a_singular_covariance_is_shrunk_and_said(seed: int, assets: int, rows: int, twin: bool):
    """Fewer rows than assets, or two columns alike: the factor's product is the mixture that is stated."""
    returns = np.random.default_rng(seed).normal(0, 0.02, (rows, assets))
    if twin:
        returns[:, 1] = returns[:, 0]
    covariance = np.cov(returns, rowvar=False)
    factor, shrinkage = regular_factor(covariance)
    target = np.eye(assets) * np.trace(covariance) / assets
    mixed = (1 - shrinkage) * covariance + shrinkage * target
    np.testing.assert_allclose(factor @ factor.T, mixed, atol=1e-9 * target[0, 0])
    singular = twin or rows <= assets
    assert (shrinkage > 0) if singular else (shrinkage == 0 or rows < 2 * assets)


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(BadInput):
        simulate(np.zeros(2), np.eye(2), np.empty((0, 2)), periods=1, scenarios=1, seed=0)
