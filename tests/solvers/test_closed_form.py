from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.solvers import closed_form
from hybridops.solvers.closed_form import coefficients, expectation
from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.qaoa import Qaoa
from tests.solvers.public import qubo_ising


def mixed_ising(seed: int, qubits: int, density: float = 1.0, fields: float = 1.0) -> Ising:
    rng = np.random.default_rng(seed)
    kept = rng.random((qubits, qubits)) < density
    couplings = np.triu(rng.normal(size=(qubits, qubits)) * kept, k=1)
    return Ising(rng.normal(), fields * rng.normal(size=qubits), couplings)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 9),
    st.sampled_from([0.0, 0.4, 1.0]),
    st.sampled_from([0.0, 1.0, 5.0]),
)
def test_it_is_the_simulator(seed: int, qubits: int, density: float, fields: float):
    """Any graph, any fields, angles of any size and sign: equal to 2^n amplitudes, to nine digits of the scale."""
    ising, rng = mixed_ising(seed, qubits, density, fields), np.random.default_rng(seed)
    gammas, betas = rng.normal(size=5), rng.normal(size=5) * 3
    simulated = Qaoa(cost_diagonal(ising)).expectation(gammas[:, None], betas[:, None])
    assert np.abs(expectation(ising, gammas, betas) - simulated).max() < 1e-9 * ising.scale


def test_it_is_the_simulator_on_a_published_cost():
    """The leading twelve variables of gka1b, whose couplings reach 50 times the others'."""
    ising = qubo_ising("qubo/gka1b.sparse", 12)
    gammas = np.linspace(-1, 2, 7) / ising.scale
    betas = np.linspace(0, 1, 7)
    simulated = Qaoa(cost_diagonal(ising)).expectation(gammas[:, None], betas[:, None])
    assert np.abs(expectation(ising, gammas, betas) - simulated).max() < 1e-9 * ising.scale


@pytest.mark.parametrize("numbers", [1, 100, 10_000])
def test_blocks_of_gammas_are_the_gammas_one_by_one(numbers: int, monkeypatch: pytest.MonkeyPatch):
    """However many gammas are taken at once, each has its own sums; none is no error."""
    ising, gammas = mixed_ising(1, 6), np.linspace(-0.3, 0.3, 11)
    alone = [coefficients(ising, gammas[at : at + 1]) for at in range(11)]
    monkeypatch.setattr(closed_form, "_NUMBERS", numbers)
    assert np.allclose(coefficients(ising, gammas), np.concatenate(alone), rtol=1e-12, atol=1e-14)
    assert coefficients(ising, gammas[:0]).shape == (0, 3)


def test_a_large_ring_is_its_own_known_answer():
    """MaxCut on an even ring cuts three quarters at one layer (Farhi et al. 2014, section 4), at 100 spins too."""
    ring = np.zeros((100, 100))
    ring[np.arange(99), np.arange(1, 100)] = 1.0
    ring[0, 99] = 1.0
    found = expectation(Ising(0.0, np.zeros(100), ring), np.array([np.pi / 8]), np.array([np.pi / 8]))
    cut = (100 - found[0]) / 2
    assert np.isclose(cut, 75.0)
