from __future__ import annotations

import numpy as np
import pytest

from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.qaoa import Qaoa
from hybridops.workflows.qaoa_circuit import Circuit, qaoa_circuit, round_robin


def made(qubits: int, layers: int = 1, seed: int = 0, strategy: str = "ramp") -> tuple[Ising, Circuit]:
    rng = np.random.default_rng(seed)
    ising = Ising(0.0, rng.normal(size=qubits), np.triu(rng.normal(size=(qubits, qubits)), k=1))
    return ising, qaoa_circuit(ising, [0.3] * layers, [0.2] * layers, {"strategy": strategy})


@pytest.mark.parametrize("qubits", [2, 3, 5, 6])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_text_is_the_simulated_circuit(qubits: int, layers: int):
    """Another reader of OpenQASM 3 finds the same gates and depth, and the same distribution."""
    qasm3 = pytest.importorskip("qiskit.qasm3")
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    ising, circuit = made(qubits, layers)
    read = qasm3.loads(circuit.text)
    assert dict(read.count_ops()) == circuit.gates
    assert read.depth() == circuit.depth
    read.remove_final_measurements()
    expected = quantum_info.Statevector(read.reverse_bits()).probabilities()
    found = Qaoa(cost_diagonal(ising)).probabilities(np.full(layers, 0.3), np.full(layers, 0.2))
    assert np.allclose(found, expected, atol=1e-10)


def test_the_template_is_the_structure():
    """Other coefficients and angle values keep the template's digest; structure and origin change it."""
    _, one = made(4)
    _, other = made(4, seed=1)
    assert one.template_digest == other.template_digest
    assert one.digest != other.digest
    different = [made(5), made(4, layers=2), made(4, strategy="trained")]
    assert len({one.template_digest, *(circuit.template_digest for _, circuit in different)}) == 4


def test_terms_that_are_zero_make_no_gates():
    """No coupling and no field: only preparation, mixer and measurement are left."""
    circuit = qaoa_circuit(Ising(0.0, np.zeros(3), np.zeros((3, 3))), [0.1], [0.2], {})
    assert circuit.gates == {"h": 3, "rx": 3, "measure": 3}
    assert circuit.depth == 3


@pytest.mark.parametrize("qubits", [2, 3, 6, 7])
def test_every_pair_meets_once(qubits: int):
    """The order of pairs leaves none out and repeats none."""
    pairs = round_robin(qubits)
    assert sorted(pairs) == [(i, j) for i in range(qubits) for j in range(i + 1, qubits)]
