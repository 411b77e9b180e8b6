from __future__ import annotations

from itertools import product

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
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
def test_batches_and_precision_agree(qubits: int):
    """Many circuits at once, in odd batches, are the circuits one by one; float32 to 4 digits."""
    ising, rng = random_ising(3, qubits), np.random.default_rng(4)
    gammas, betas = rng.random((7, 2)) / ising.scale, rng.random((7, 2))
    one = Qaoa(cost_diagonal(ising), batch=1).expectation(gammas, betas)
    assert np.allclose(Qaoa(cost_diagonal(ising), batch=3).expectation(gammas, betas), one)
    single = Qaoa(cost_diagonal(ising, dtype=np.float32)).expectation(gammas, betas)
    assert np.allclose(single, one, rtol=1e-3, atol=1e-3 * ising.scale)


def test_the_array_api_is_enough():
    """Nothing but the Array API standard is used, so CuPy can stand in; the numbers are the same."""
    ising, angle = random_ising(5, 6), np.array([[0.3, 0.2]])
    strict = Qaoa(cost_diagonal(ising, array_api_strict), array_api_strict, batch=2)
    plain = Qaoa(cost_diagonal(ising))
    assert np.allclose(strict.expectation(angle, angle), plain.expectation(angle, angle))
    assert np.allclose(strict.probabilities(angle[0], angle[0]), plain.probabilities(angle[0], angle[0]))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_angles_minimise(strategy: str):
    """Every way to angles gets below the uniform mean; training is at least as low and is counted."""
    ising = random_ising(6, 8)
    found = choose_angles(ising, strategy, 2, seed=1)
    assert found.expected_energy < ising.offset
    assert found.evaluations == (TRAINING_EVALUATIONS if strategy == "trained" else 0)
    assert choose_angles(ising, "trained", 2, seed=1).expected_energy <= found.expected_energy + 1e-3
    assert choose_angles(ising, strategy, 2, seed=1) == found


def test_angles_do_not_depend_on_the_unit():
    """A cost in metres and in kilometres gets the same circuit: gamma shrinks as the cost grows."""
    ising = random_ising(7, 5)
    larger = Ising(0.0, 1000 * ising.fields, 1000 * ising.couplings)
    small, large = (choose_angles(one, "transferred", 1, seed=0) for one in (ising, larger))
    assert np.isclose(small.gammas[0], 1000 * large.gammas[0])
    assert small.betas == large.betas


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
