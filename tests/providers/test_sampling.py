"""Counts against other simulators: qiskit for the exact ones, Aer's own noise model for the noisy ones."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybridops.bootstrap import ROOT
from hybridops.domain.errors import BadInput
from hybridops.providers import qasm, sampling
from hybridops.providers.compiling import for_device
from hybridops.providers.devices import BROKEN, SNAPSHOTS, device
from hybridops.providers.local import LocalSimulator
from hybridops.providers.qasm import Circuit, Gate
from hybridops.trust.canonical import digest_of


def qaoa(qubits: int, layers: int, seed: int = 1) -> Circuit:
    """A dense QAOA-like circuit with angles that make no two qubits alike."""
    rng = random.Random(seed)
    gates = [Gate("h", (i,)) for i in range(qubits)]
    for _ in range(layers):
        for i in range(qubits):
            for j in range(i + 1, qubits):
                gates += [Gate("cx", (i, j)), Gate("rz", (j,), rng.gauss(0, 0.4)), Gate("cx", (i, j))]
        gates += [Gate("rx", (i,), rng.gauss(-1, 0.2)) for i in range(qubits)]
    return Circuit(tuple(range(qubits)), tuple(gates), tuple(range(qubits)))


def anything(qubits: int, seed: int) -> Circuit:
    """Every gate, anywhere, and a measurement in another order."""
    rng = random.Random(seed)
    gates = []
    for _ in range(60):
        name = rng.choice(list(qasm.GATES))
        count, angled = qasm.GATES[name]
        on = tuple(rng.sample(range(qubits), count))
        gates.append(Gate(name, on, rng.uniform(-3, 3) if angled else None))
    measured = list(range(qubits))
    rng.shuffle(measured)
    return Circuit(tuple(range(qubits)), tuple(gates), tuple(measured))


def distance(a: dict[str, float], b: dict[str, float]) -> float:
    """Total variation between two sets of counts or chances."""
    ta, tb = sum(a.values()), sum(b.values())
    return sum(abs(a.get(key, 0) / ta - b.get(key, 0) / tb) for key in {*a, *b}) / 2


def exact(circuit: Circuit) -> dict[str, float]:
    """The distribution by qiskit, with bit i of the key, from the left, the circuit's bit i."""
    from qiskit.quantum_info import Statevector

    from hybridops.providers.bridge import to_qiskit

    made = to_qiskit(circuit, circuit.qubits).remove_final_measurements(inplace=False)
    chances = Statevector(made).probabilities_dict()
    return {"".join(key[::-1][qubit] for qubit in circuit.measured): float(p) for key, p in chances.items()}


@pytest.mark.parametrize("qubits", [2, 3, 5, 9])
def test_ideal_counts_follow_the_exact_distribution(qubits: int):
    circuit = anything(qubits, seed=qubits)
    counts, _ = sampling.sample_ideal(circuit, shots=100_000, seed=1)
    chances = exact(circuit)
    assert distance(counts, chances) < 0.4 * np.sqrt(len(chances) / 100_000) + 1e-3
    assert set(counts) <= {key for key, chance in chances.items() if chance > 1e-9}


def test_noise_free_trajectories_are_the_ideal_circuit():
    """Compiled for a device and run without noise, the circuit is the same: routing and order of bits hold."""
    circuit = anything(6, seed=4)
    chances = exact(circuit)
    for name in SNAPSHOTS:
        compiled = qasm.parse(for_device(circuit, "local", name).text)
        counts, _ = sampling.sample_ideal(compiled, shots=100_000, seed=1)
        assert distance(counts, chances) < 0.4 * np.sqrt(len(chances) / 100_000) + 1e-3


def test_order_of_bits():
    circuit = Circuit((0, 1, 2), (Gate("x", (0,)), Gate("x", (1,))), (2, 0, 1))
    assert sampling.sample_ideal(circuit, shots=9, seed=1)[0] == {"011": 9}
    compiled = qasm.parse(for_device(circuit, "local", "nighthawk-miami").text)
    counts, _ = sampling.sample_noisy(compiled, device("nighthawk-miami"), shots=500, seed=1)
    assert counts["011"] > 400


@pytest.mark.slow
def test_trajectories_agree_with_aer():
    """Five times as far from the ideal as from Aer, whose noise model is the vendor's, not ours."""
    from hybridops.providers.aer import sample_aer

    circuit, name = qaoa(4, layers=4), "heron-torino"
    compiled = qasm.parse(for_device(circuit, "local", name).text)
    ours, _ = sampling.sample_noisy(compiled, device(name), shots=20_000, seed=2)
    theirs, _ = sample_aer(compiled, device(name), shots=4_000, seed=1)
    noise = 0.4 * np.sqrt(16 / 4_000)
    assert distance(ours, theirs) < noise + 0.015
    assert distance(ours, exact(circuit)) > 0.08
    assert abs(energy(ours) - energy(theirs)) < 0.08
    assert abs(energy(ours) - energy(exact(circuit))) > 0.1


def energy(counts: dict[str, float]) -> float:
    """Mean of the sum of z_i z_j over all pairs."""
    total = sum(counts.values())
    spins = {key: [1 - 2 * int(bit) for bit in key] for key in counts}
    return sum(n * (sum(spins[key]) ** 2 - len(key)) / 2 for key, n in counts.items()) / total


def test_several_shots_of_one_trajectory_are_unbiased(monkeypatch: pytest.MonkeyPatch):
    name = "heron-torino"
    compiled = qasm.parse(for_device(qaoa(4, layers=3), "local", name).text)
    alone, _ = sampling.sample_noisy(compiled, device(name), shots=20_000, seed=1)
    monkeypatch.setattr(sampling, "WORK_MAX", 2_000_000)
    monkeypatch.setattr(sampling, "PART_BYTES", 1 << 16)
    shared, how = sampling.sample_noisy(compiled, device(name), shots=20_000, seed=2)
    assert how["shots_per_trajectory"] > 1
    assert sum(shared.values()) == 20_000
    assert distance(alone, shared) < 0.03


def test_the_same_seed_gives_the_same_counts():
    name = "heron-torino"
    compiled = qasm.parse(for_device(qaoa(5, layers=1), "local", name).text)
    first, second, other = (
        sampling.sample_noisy(compiled, device(name), shots=300, seed=seed)[0] for seed in (1, 1, 2)
    )
    assert first == second != other


def test_expected_success_is_near_what_happens():
    """A circuit whose right answer is one bit string: how often it comes, against the figure at the gate."""
    chain = [gate for i in range(9) for gate in (Gate("cx", (i, i + 1)), Gate("cx", (i, i + 1)))]
    circuit = Circuit(tuple(range(10)), (Gate("x", (0,)), *chain * 3), tuple(range(10)))
    circuit = qasm.parse(qasm.write(circuit, hardware=False))
    from hybridops.providers import compiling

    program = compiling.for_device(circuit, "local", "heron-torino")
    counts, _ = sampling.sample_noisy(qasm.parse(program.text), device("heron-torino"), shots=4_000, seed=1)
    assert abs(counts["1" + "0" * 9] / 4_000 - program.fidelity) < 0.1


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_snapshots_are_dated_and_without_broken_parts(name: str):
    machine = device(name)
    assert all(error < BROKEN for error, _ in machine.couplers.values())
    assert all(0 < qubit.t2 <= 2 * qubit.t1 < 0.01 for qubit in machine.qubits.values())
    told = machine.calibration()
    assert f"{machine.calibrated_at:%Y-%m-%d}" in told["note"]
    assert len(json.dumps(told)) < 40_000


def test_snapshot_values_are_those_of_the_package():
    """Read from its files by ourselves; the package's own reader says the same."""
    from qiskit_ibm_runtime.fake_provider import FakeTorino

    target, ours = FakeTorino().target, device("heron-torino")
    for index, qubit in ours.qubits.items():
        theirs = target.qubit_properties[index]
        assert qubit.t1 == pytest.approx(theirs.t1)
        assert qubit.gate_error == pytest.approx(target["sx"][(index,)].error)
        assert qubit.gate_seconds == pytest.approx(target["sx"][(index,)].duration)
    for pair, (error, seconds) in ours.couplers.items():
        assert error == pytest.approx(target["cz"][pair].error)
        assert seconds == pytest.approx(target["cz"][pair].duration)


def test_too_many_qubits_are_refused(tmp_path: Path):
    provider = LocalSimulator(folder=tmp_path)
    ideal, noisy, _ = provider.backends()
    for backend, qubits in ((ideal, 21), (noisy, 15)):
        text = qasm.write(Circuit(tuple(range(qubits)), (), tuple(range(qubits))), hardware=False)
        with pytest.raises(BadInput):
            provider.compile(text, backend, seed=1)


def test_the_digest_covers_the_machine_and_not_its_queue(tmp_path: Path):
    provider = LocalSimulator(folder=tmp_path)
    before = provider.backends()[0]
    program = provider.compile(qasm.write(qaoa(3, 1), hardware=False), before, seed=1)
    job_id = provider.submit(program, shots=5, seed=1, key="k")
    after = provider.backends()[0]
    assert (before.queue_length, after.queue_length) == (0, 1)
    assert before.digest == after.digest
    assert provider.poll([job_id])[0].queue_position == 0
    assert digest_of({"a": 1}) != after.digest


def test_the_adapters_import_no_quantum_library(tmp_path: Path):
    """Whoever submits, polls and reads results stays light, the simulator's own process included."""
    code = (
        "import sys; from hybridops.providers import conformance_bench as conformance, flaky, service\n"
        f"p = flaky.FlakySimulator(folder={str(tmp_path)!r})\n"
        "b = p.backends()[0]; g = p.compile(conformance.CIRCUIT, b, seed=1)\n"
        "j = p.submit(g, shots=9, seed=1, key='k'); p.poll([j]); p.find('k'); p.usage(j); p.cancel(j)\n"
        "print([m for m in ('qiskit', 'qiskit_aer', 'numpy', 'scipy', 'django') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
