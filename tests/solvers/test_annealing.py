from __future__ import annotations

import tracemalloc

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers import annealing
from hybridops.solvers.annealing import anneal, nbytes
from hybridops.solvers.blocks import partition
from hybridops.solvers.qubo import Qubo, to_ising
from tests.long import only_long
from tests.solvers.instances import MAXCUT, QUBO, all_bits, random_qubo, read, whole_energy


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from((0.2, 1.0)))
def test_small_costs_are_solved(seed: int, n: int, density: float):
    """Against every string; and the energy is that of the bits in whole numbers."""
    qubo = random_qubo(seed, n, density)
    found = anneal(qubo, seed=seed, replicas=16, sweeps=50)
    assert found.energy == whole_energy(qubo, found.bits) == qubo.energy(all_bits(n)).min()


@pytest.mark.parametrize("density", [0.1, 1.0])
def test_it_samples_the_boltzmann_distribution(density: float):
    """At one temperature the replicas' mean energy is the exact one, of strangers and of runs of variables."""
    qubo, beta, replicas = random_qubo(4, 8, density), 0.15, 20_000
    assert (partition(to_ising(qubo))[1][0].inner is None) == (density < 1)
    energies = qubo.energy(all_bits(8))
    weights = np.exp(-beta * (energies - energies.min()))
    weights /= weights.sum()
    mean = float(weights @ energies)
    spread = float(np.sqrt(weights @ (energies - mean) ** 2 / replicas))
    found = anneal(qubo, seed=5, replicas=replicas, sweeps=60, betas=np.full(60, beta))
    assert abs(found.energies.mean() - mean) < 4 * spread
    assert abs(energies.mean() - mean) > 100 * spread


@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
def test_blocks_cover_every_term_once(density: float):
    """Strangers share no term; the product of weights and spins is every local field."""
    ising = to_ising(random_qubo(1, 80, density))
    whole = ising.couplings + ising.couplings.T
    order, blocks = partition(ising)
    assert sorted(order.tolist()) == list(range(80))
    assert [block.start for block in blocks[1:]] + [80] == [block.stop for block in blocks]
    spins = np.ones((81, 1), dtype=np.float32)
    spins[:80, 0] = np.random.default_rng(0).choice([-1, 1], 80)
    expected = ising.fields[order] + (whole @ spins[np.argsort(order), 0])[order]
    assert np.allclose(np.concatenate([block.weights @ spins for block in blocks])[:, 0], expected)
    for block in blocks:
        among = whole[np.ix_(order[block.start : block.stop], order[block.start : block.stop])]
        assert not among.any() if block.inner is None else np.allclose(block.inner, among)


@pytest.mark.parametrize("density", [0.05, 1.0])
def test_the_array_api_is_enough(density: float):
    """Nothing but the Array API standard is used; from the same random bits come the same replicas."""
    qubo = random_qubo(7, 40, density)
    plain, strict = (anneal(qubo, seed=3, replicas=8, sweeps=20, xp=xp) for xp in (np, array_api_strict))
    assert plain.energies.tolist() == strict.energies.tolist()
    assert plain.bits.tolist() == strict.bits.tolist()


def test_the_seed_decides():
    """The same seed gives the same replicas, another seed others."""
    qubo = random_qubo(8, 60)
    one, same, other = (anneal(qubo, seed=seed, replicas=32, sweeps=5) for seed in (1, 1, 2))
    assert one.energies.tolist() == same.energies.tolist() != other.energies.tolist()
    assert one.updates == 32 * 5 * 60


def test_no_single_flip_helps_the_best():
    """However short the annealing."""
    qubo = random_qubo(9, 50)
    found = anneal(qubo, seed=1, replicas=2, sweeps=1)
    flipped = np.abs(found.bits[None].astype(int) - np.eye(50, dtype=int))
    assert qubo.energy(flipped).min() >= found.energy
    assert found.energies.min() >= found.energy


@pytest.mark.parametrize("unit", [1e-200, 1e200, 1 / 3])
def test_the_unit_does_not_matter(unit: float):
    """float32 never sees the size of the coefficients."""
    qubo = random_qubo(10, 12)
    scaled = Qubo(0.0, unit * qubo.linear, unit * qubo.quadratic)
    found = anneal(scaled, seed=1, replicas=16, sweeps=50)
    assert qubo.energy(found.bits[None])[0] == qubo.energy(all_bits(12)).min()


@pytest.mark.parametrize(("n", "density", "replicas"), [(300, 0.02, 64), (300, 1.0, 64), (60, 1.0, 4000)])
def test_memory_stays_below_what_is_said(n: int, density: float, replicas: int):
    """The bound holds and is not idle: at least a sixth of it is used."""
    qubo = random_qubo(11, n, density)
    anneal(qubo, seed=1, replicas=2, sweeps=1)  # imports
    tracemalloc.start()
    found = anneal(qubo, seed=1, replicas=replicas, sweeps=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.nbytes / 6 < peak <= found.nbytes == nbytes(n, replicas)


def test_zeros_are_a_cost_too():
    """Every string is an optimum of nothing."""
    assert anneal(Qubo(3.0, np.zeros(4), np.zeros((4, 4))), seed=0, replicas=2, sweeps=2).energy == 3.0


def test_what_cannot_be_run_is_refused(monkeypatch: pytest.MonkeyPatch):
    """No replica, no sweep, temperatures that are none, more memory than allowed."""
    qubo = random_qubo(0, 5)
    for wrong in (
        {"replicas": 0},
        {"sweeps": 0},
        {"sweeps": 2, "betas": np.array([0.0, 1.0])},
        {"betas": np.ones(3)},
    ):
        with pytest.raises(BadInput):
            anneal(qubo, seed=0, **wrong)
    with pytest.raises(BadInput, match="fewer replicas"):
        anneal(qubo, seed=0, replicas=100_000_000)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("qubo", "gka1b"), ("qubo", "gka1d"), ("qubo", "bqp50-1"), ("mis", "karate"), ("maxcut", "g05_60.0")],
)
def test_published_values_are_reached(kind: str, name: str):
    """And never passed: the best known is optimal."""
    qubo, best = read(kind, name)
    found = anneal(qubo, seed=1, replicas=64, sweeps=100)
    assert whole_energy(qubo, found.bits) == found.energy == best


LARGE = ("bqp250-3", "bqp500-1", "bqp500-2", "gka1e", "G1", "G2", "G11")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(pytest.param("qubo", name, marks=only_long if name in LARGE else ()) for name in QUBO),
        *(
            pytest.param("maxcut", name, marks=only_long if name in LARGE else ())
            for name in MAXCUT
            if name not in ("G22", "G48")
        ),
    ],
)
def test_all_published_values_are_nearly_reached(kind: str, name: str):
    """Within 2 % (0.6 % but for one chain whose couplings reach far), and none is passed."""
    qubo, best = read(kind, name)
    found = anneal(qubo, seed=1)
    assert best <= whole_energy(qubo, found.bits) == found.energy <= best + 0.02 * abs(best)


def test_the_random_numbers_are_uniform():
    """Never 0 or 1, of mean one half and of the right spread."""
    drawn = np.exp(annealing.log_uniforms(1, np)((100, 1000)))
    assert 0 < drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.005
    assert abs(drawn.var() - 1 / 12) < 0.002
