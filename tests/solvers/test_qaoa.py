from __future__ import annotations

from itertools import product

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers import closed_form
from hybridops.solvers.angles import STRATEGIES, TRAINING_EVALUATIONS, choose_angles
from hybridops.solvers.arrays import array_module, to_numpy
from hybridops.solvers.ising import Ising, cost_diagonal, from_document
from hybridops.solvers.qaoa import Qaoa, sample


def random_ising(seed: int, qubits: int) -> Ising:
    rng = np.random.default_rng(seed)
    return Ising(1.5, rng.normal(size=qubits), np.triu(rng.normal(size=(qubits, qubits)), k=1))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_the_diagonal_is_the_energy_of_every_string(seed: int, qubits: int):
    """Qubit 0 is the leftmost bit, 0 means +1, and a document brings the same cost back."""
    ising = from_document(random_ising(seed, qubits).document())
    diagonal = cost_diagonal(ising)
    for state, bits in enumerate(product((0, 1), repeat=qubits)):
        z = 1 - 2 * np.array(bits)
        assert np.isclose(diagonal[state], ising.fields @ z + z @ ising.couplings @ z)


@pytest.mark.parametrize("qubits", [1, 2, 3, 6])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_it_agrees_with_qiskit(qubits: int, layers: int):
    """The ideal distribution is that of the same circuit in another simulator, to 10 digits."""
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    circuits = pytest.importorskip("qiskit.circuit")
    ising, rng = random_ising(qubits, qubits), np.random.default_rng(layers)
    gammas, betas = rng.normal(size=layers), rng.normal(size=layers)
    circuit = circuits.QuantumCircuit(qubits)
    circuit.h(range(qubits))
    for gamma, beta in zip(gammas, betas, strict=True):
        for i, j in zip(*np.triu_indices(qubits, k=1), strict=True):
            circuit.rzz(2 * gamma * ising.couplings[i, j], int(i), int(j))
        for i in range(qubits):
            circuit.rz(2 * gamma * ising.fields[i], i)
        circuit.rx(-2 * beta, range(qubits))
    expected = quantum_info.Statevector(circuit.reverse_bits()).probabilities()
    qaoa = Qaoa(cost_diagonal(ising))
    assert np.allclose(qaoa.probabilities(gammas, betas), expected, atol=1e-10)
    energy = float(expected @ cost_diagonal(ising))
    assert np.allclose(qaoa.expectation(gammas[None], betas[None]), energy)


@pytest.mark.parametrize("qubits", [5, 7, 11])
def test_precisions_agree(qubits: int):
    """Single precision has the double's numbers to 5 digits of the scale."""
    ising, rng = random_ising(3, qubits), np.random.default_rng(4)
    gammas, betas = rng.random((7, 2)) / ising.scale, rng.random((7, 2))
    double = Qaoa(cost_diagonal(ising)).expectation(gammas, betas)
    single = Qaoa(cost_diagonal(ising, dtype=np.float32)).expectation(gammas, betas)
    assert np.allclose(single, double, rtol=0, atol=1e-5 * ising.scale * qubits)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3), st.sampled_from(["f4", "f8"])
)
def test_neither_batch_nor_threads_change_a_bit(
    qubits: int, layers: int, batch: int, workers: int, dtype: str
):
    """A circuit's numbers are its own: with others beside it, in another thread, or alone."""
    ising, rng = random_ising(qubits, qubits), np.random.default_rng(batch)
    diagonal = cost_diagonal(ising).astype(dtype)
    gammas, betas = rng.normal(size=(7, layers)), rng.normal(size=(7, layers))
    alone, other = Qaoa(diagonal, batch=1), Qaoa(diagonal, batch=batch, workers=workers)
    assert np.array_equal(alone.expectation(gammas, betas), other.expectation(gammas, betas))
    assert np.array_equal(alone.cvar(gammas, betas, 0.2), other.cvar(gammas, betas, 0.2))
    assert np.array_equal(alone.probabilities(gammas[3], betas[3]), other.probabilities(gammas[3], betas[3]))


@pytest.mark.parametrize("qubits", [5, 6, 8, 9, 12])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_tiles_are_the_whole(qubits: int, layers: int):
    """A state taken tile by tile is the state taken at once, in every number that comes out."""
    ising, rng = random_ising(8, qubits), np.random.default_rng(layers)
    diagonal, tile = cost_diagonal(ising), qubits - 1
    gammas, betas = rng.normal(size=(3, layers)), rng.normal(size=(3, layers))
    whole, tiled = Qaoa(diagonal, batch=2), Qaoa(diagonal, batch=2, tile=tile)
    assert np.allclose(tiled.expectation(gammas, betas), whole.expectation(gammas, betas), rtol=1e-12)
    assert np.allclose(tiled.cvar(gammas, betas, 0.1), whole.cvar(gammas, betas, 0.1), rtol=1e-12)
    assert np.allclose(
        tiled.probabilities(gammas[0], betas[0]), whole.probabilities(gammas[0], betas[0]), atol=1e-15
    )


def test_a_phase_of_half_a_turn_is_exact():
    """Where the tangent of the half angle has its pole, cosine and sine are still those of the angle."""
    diagonal = np.array([0.0, 1.0])
    gammas = np.pi * np.array([[1.0], [1.0 + 1e-9], [-1.0], [0.5], [3.0], [1e6 + 1]])
    betas = np.full((6, 1), np.pi / 8)
    # One qubit, cost (1 - Z) / 2: <Z> = -sin 2b sin gamma once the phase is applied to |+>.
    expected = (1 - np.sin(np.pi / 4) * np.sin(gammas[:, 0])) / 2
    assert np.allclose(Qaoa(diagonal).expectation(gammas, betas), expected, rtol=0, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7), st.floats(0.001, 1.0), st.booleans())
def test_cvar_is_the_mean_of_the_lowest_share(seed: int, qubits: int, alpha: float, ties: bool):
    """Filling a share of alpha from the cheapest state up, one state at a time, gives the same mean."""
    ising, rng = random_ising(seed, qubits), np.random.default_rng(seed)
    diagonal = np.round(cost_diagonal(ising)) if ties else cost_diagonal(ising)
    qaoa, gammas, betas = Qaoa(diagonal), rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
    for at, found in enumerate(qaoa.cvar(gammas, betas, alpha)):
        left, total = alpha, 0.0
        weights = qaoa.probabilities(gammas[at], betas[at])
        for state in np.argsort(diagonal):
            taken = min(left, weights[state])
            left, total = left - taken, total + taken * diagonal[state]
        assert np.isclose(found, total / alpha, rtol=1e-9, atol=1e-9)


def test_cvar_lies_between_the_lowest_and_the_mean():
    """All of the distribution is its mean; a smaller share is no higher; no share and more than all are refused."""
    ising, angles = random_ising(9, 6), np.array([[0.1, 0.2]])
    qaoa = Qaoa(cost_diagonal(ising))
    found = [float(qaoa.cvar(angles, angles, alpha)[0]) for alpha in (1e-9, 0.1, 0.5, 1.0)]
    assert found == sorted(found)
    assert np.isclose(found[0], qaoa.cost.min())
    assert np.isclose(found[-1], qaoa.expectation(angles, angles)[0])
    for alpha in (0.0, 1.1, float("nan")):
        with pytest.raises(BadInput, match="share above 0"):
            qaoa.cvar(angles, angles, alpha)


@pytest.mark.parametrize(("qubits", "workers"), [(20, 1), (20, 2), (18, 1)])
def test_the_buffers_are_no_more_than_three_states(qubits: int, workers: int):
    """Two numbers a state are the state; cost and buffers of both threads together stay within three of it."""
    qaoa = Qaoa(np.zeros(1 << qubits, dtype=np.float32), workers=workers)
    assert qaoa.nbytes <= 3 * 2 * 4 * (1 << qubits)


@pytest.mark.parametrize("tile", [16, 5])
def test_the_array_api_is_enough(tile: int):
    """Nothing but the Array API standard is used, so CuPy can stand in; the numbers are the same."""
    ising, angles = random_ising(5, 6), np.array([[0.3, 0.2], [0.1, 0.4], [0.2, 0.3]])
    strict = Qaoa(cost_diagonal(ising, array_api_strict), array_api_strict, batch=2, tile=tile)
    plain = Qaoa(cost_diagonal(ising))
    assert np.allclose(strict.expectation(angles, angles), plain.expectation(angles, angles))
    assert np.allclose(strict.cvar(angles, angles, 0.3), plain.cvar(angles, angles, 0.3))
    assert np.allclose(strict.probabilities(angles[0], angles[0]), plain.probabilities(angles[0], angles[0]))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_angles_minimise(strategy: str):
    """Every way to angles gets below the uniform mean; training is at least as low and is counted."""
    ising = random_ising(6, 8)
    found = choose_angles(ising, strategy, 2, seed=1)
    assert found.expected_energy < ising.offset
    assert found.evaluations == (TRAINING_EVALUATIONS if strategy == "trained" else 0)
    assert choose_angles(ising, "trained", 2, seed=1).expected_energy <= found.expected_energy + 1e-3
    assert choose_angles(ising, strategy, 2, seed=1) == found
    assert "arXiv" in found.source or strategy in ("donor", "trained")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_expected_energy_is_of_the_cost_itself(strategy: str):
    """The angles that are handed out, in the unscaled cost with its offset: by state vector, and by the formula."""
    ising = random_ising(4, 7)
    larger = Ising(20.0, 30 * ising.fields, 30 * ising.couplings)
    found = choose_angles(larger, strategy, 1, seed=1)
    weights = Qaoa(cost_diagonal(larger)).probabilities(np.array(found.gammas), np.array(found.betas))
    assert np.isclose(found.expected_energy, 20.0 + weights @ cost_diagonal(larger), rtol=1e-4)
    thirty = Ising(20.0, random_ising(4, 30).fields, random_ising(4, 30).couplings)
    found = choose_angles(thirty, strategy, 1, seed=1)
    by_formula = closed_form.expectation(thirty, np.array(found.gammas), np.array(found.betas))
    assert np.isclose(found.expected_energy, 20.0 + by_formula[0], rtol=1e-9)


def test_angles_do_not_depend_on_the_unit():
    """A cost in metres and in kilometres gets the same circuit: gamma shrinks as the cost grows."""
    ising = random_ising(7, 5)
    larger = Ising(0.0, 1000 * ising.fields, 1000 * ising.couplings)
    small, large = (choose_angles(one, "transferred", 1, seed=0) for one in (ising, larger))
    assert np.isclose(small.gammas[0], 1000 * large.gammas[0])
    assert small.betas == large.betas


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_above_the_simulator_one_layer_has_a_formula(strategy: str):
    """30 spins: energies without a state vector, training no higher than its starts; two layers stay unknown."""
    ising = random_ising(2, 30)
    found = choose_angles(ising, strategy, 1, seed=1)
    trained = choose_angles(ising, "trained", 1, seed=1)
    assert trained.expected_energy <= found.expected_energy < ising.offset
    assert trained.source == "this instance, closed form, arXiv:2012.03421"
    assert found.nbytes == 0
    if strategy == "trained":
        with pytest.raises(BadInput, match="choose one layer, or donor angles"):
            choose_angles(ising, strategy, 2, seed=1)
    else:
        assert choose_angles(ising, strategy, 2, seed=1).expected_energy is None


def test_what_is_too_large_or_unknown_is_refused():
    """21 qubits, no power of two, an unknown strategy, four layers."""
    for length in (3, 1 << 21):
        with pytest.raises(BadInput, match="n from 1 to 20"):
            Qaoa(np.zeros(length))
    for strategy, layers in (("guess", 1), ("ramp", 4)):
        with pytest.raises(BadInput, match="1 to 3 layers"):
            choose_angles(random_ising(0, 3), strategy, layers, seed=0)


def test_sampling_follows_the_distribution():
    """Counts add up, the same seed gives the same counts, and strings read from qubit 0."""
    probabilities = np.array([0.0, 0.25, 0.75, 0.0])
    counts = sample(probabilities, 1000, seed=3)
    assert counts == sample(probabilities, 1000, seed=3)
    assert set(counts) == {"01", "10"}
    assert sum(counts.values()) == 1000
    assert 180 < counts["01"] < 320


def test_the_device_that_ran_is_named():
    """Where no GPU is asked for it is the CPU; where one is, the reason for not having it is said."""
    assert array_module(prefer_gpu=False) == (np, "CPU")
    _, device = array_module()
    assert device.startswith(("GPU ", "CPU ("))
    assert to_numpy(array_api_strict.asarray([1, 2])).tolist() == [1, 2]
