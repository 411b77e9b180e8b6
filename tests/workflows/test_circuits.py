"""Circuit sampling from file to score."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from hybridops.domain.control import control
from hybridops.domain.errors import BadInput
from hybridops.domain.verdict import judge
from hybridops.engine.builtin import document
from hybridops.providers import qasm
from hybridops.providers.compiling import for_device
from hybridops.providers.sampling import sample_ideal
from hybridops.workflows.circuits_builtin import bernstein_vazirani, fourier, ghz
from hybridops.workflows.openqasm import parse
from tests.solvers.public import public
from tests.workflows.circuits_chain import CIRCUITS, CircuitsChain, measured

RULE = document("circuits")["acceptance"]
BUILTINS: dict[str, tuple[Callable[[], bytes], dict[str, float]]] = {
    "ghz": (ghz, {"00000": 0.5, "11111": 0.5}),
    "bernstein-vazirani": (bernstein_vazirani, {"10110": 1.0}),
    "fourier": (fourier, {f"{state:04b}": 1 / 16 for state in range(16)}),
}


@pytest.mark.parametrize("name", BUILTINS)
def test_installed_circuits_do_what_they_say(name: str):
    made, expected = BUILTINS[name]
    found = CircuitsChain(made()).prepared().ideal
    width = len(next(iter(expected)))
    assert {f"{at:0{width}b}": p for at, p in enumerate(found) if p} == pytest.approx(expected)


def test_the_fourier_transform_is_one():
    """Its amplitudes, which its distribution does not show: undone by the transform's own matrix."""
    qasm3 = pytest.importorskip("qiskit.qasm3")
    from qiskit.quantum_info import Statevector

    read = qasm3.loads(fourier().decode()).remove_final_measurements(inplace=False)
    state = Statevector(read.reverse_bits()).data
    expected = np.exp(2j * np.pi * 5 * np.arange(16) / 16) / 4
    assert abs(np.vdot(expected, state)) == pytest.approx(1)


def test_facts_and_estimate():
    facts = CIRCUITS.describe(bernstein_vazirani(), "folder/my circuit.qasm")
    assert facts["name"] == "my circuit"
    assert facts["size"] == "6 qubits, 15 gates"
    assert facts["gates_by_kind"] == {"h": 11, "x": 1, "cx": 3}
    assert (facts["qubits"], facts["bits"], facts["two_qubit_gates"], facts["depth"]) == (6, 5, 3, 7)
    estimate = CIRCUITS.estimate(facts, {"shots": 64, "fidelity_min": 0.9})
    assert estimate.qubits == 6
    assert estimate.depth > facts["depth"]
    with pytest.raises(BadInput, match="facts"):
        CIRCUITS.estimate({"stops": 3}, {})
    assert "measures none" in CIRCUITS.describe(b"OPENQASM 3; qubit[1] q;", "")["measured"]


@pytest.mark.parametrize(
    "wrong", [{"shots": 0}, {"shots": 1.5}, {"shots": True}, {"fidelity_min": 1.1}, {"fidelity_min": "x"}]
)
def test_parameters_are_checked_again(wrong: dict[str, object]):
    with pytest.raises(BadInput) as caught:
        CircuitsChain(ghz(), **wrong).take("check")
    assert caught.value.field == next(iter(wrong))


@pytest.mark.parametrize(
    "name", ["ghz", "bernstein-vazirani", "fourier", "bell_n4", "multiply_n13", "dnn_n8"]
)
def test_providers_read_what_is_written(name: str):
    """The same gates, and the same distribution by the provider's own simulator."""
    data = BUILTINS[name][0]() if name in BUILTINS else public(f"circuits/{name}.qasm")
    chain = CircuitsChain(data).prepared()
    read = qasm.parse(chain.stored("encode", "circuit").decode())
    told, circuit = chain.results["stage of encode"]["circuit"], parse(data)
    assert [tuple(gate) for gate in read.gates] == list(circuit.gates)
    assert read.measured == circuit.measured
    assert qasm.depth(read.gates) == told["depth"]
    counts, _ = sample_ideal(read, shots=100_000, seed=1)
    seen = np.zeros(len(chain.ideal))
    for bits, count in counts.items():
        seen[int(bits, 2)] = count / 100_000
    assert abs(seen - chain.ideal).sum() / 2 < 0.4 * np.sqrt(np.count_nonzero(chain.ideal) / 100_000) + 1e-3


def test_the_template_leaves_angles_out():
    one, other, different = (
        CircuitsChain(f"OPENQASM 3; qubit[2] q; gate g(a) x {{ U(a, 0, 0) x; }} {body}".encode()).take(
            "encode"
        )
        for body in ("g(1) q[0];", "g(2) q[0];", "g(1) q[1];")
    )
    assert one["circuit"]["template_digest"] == other["circuit"]["template_digest"]
    assert one["circuit"]["digest"] != other["circuit"]["digest"]
    assert one["circuit"]["template_digest"] != different["circuit"]["template_digest"]


def test_a_simulation_does_without_a_qpu():
    """Wherever the distribution is known it can be sampled here; where it is flat, uniform bits do as well."""
    found = control(RULE, CircuitsChain(ghz()).prepared().results["stage of control"]["control"])
    assert found.reached_by == ("baseline",)
    flat = control(RULE, CircuitsChain(fourier()).prepared().results["stage of control"]["control"])
    assert flat.reached_by == ("baseline", "random")


def test_a_wide_distribution_wants_more_shots():
    """Of 8,192 outcomes 64 shots see few: even the ideal misses the target, and the control says it first."""
    wide = b'OPENQASM 2.0; include "qelib1.inc"; qreg q[13]; h q;'
    found = control(RULE, CircuitsChain(wide, shots=64).prepared().results["stage of control"]["control"])
    assert found.needed
    assert found.objectives["baseline"] > 0.9


def test_good_samples_are_accepted_and_uniform_bits_are_not():
    chain = CircuitsChain(ghz()).prepared()
    good = chain.take("score", samples=(chain.ideal_samples(),))
    noisy = chain.take("score", samples=(chain.ideal_samples(flipped=0.15),))
    bad = chain.take("score", samples=(chain.ideal_samples(flipped=1.0),))
    objectives = [found["arms"]["quantum"]["objective"] for found in (good, noisy, bad)]
    assert objectives == sorted(objectives)
    assert objectives[0] < 0.01 < objectives[1] < 0.2 < objectives[2]
    for found in (good, noisy, bad):
        arms = {name: arm["objective"] for name, arm in found["arms"].items()}
        assert arms["heuristic"] == 0.2
        verdict = judge(RULE, arms)
        assert found["verdict"] == {
            "accepted": verdict.accepted,
            "why": verdict.why,
            "credit": verdict.credit,
        }
        low, high = found["arms"]["quantum"]["low"], found["arms"]["quantum"]["high"]
        assert low <= arms["quantum"] <= high
    assert [found["verdict"]["accepted"] for found in (good, noisy, bad)] == [True, True, False]
    assert good["verdict"]["credit"] == "quantum samples"
    assert bad["verdict"]["credit"] == "nobody"


def test_a_flat_circuit_credits_nobody_but_chance():
    chain = CircuitsChain(fourier()).prepared()
    counts = {f"{state:04b}": 40 + 40 * (state < 2) for state in range(16)}
    found = chain.take("score", samples=(measured(counts, sum(counts.values())),))
    assert found["verdict"] == {**found["verdict"], "accepted": True, "credit": "post-processing"}
    assert "too flat" in found["credit_why"]


def test_what_is_stored_for_pages_and_downloads():
    chain = CircuitsChain(ghz()).prepared()
    counts = {"00000": 400, "11111": 300, "00001": 200, "0000": 50, "zzzzz": 50}
    found = chain.take("score", samples=(measured(counts, 1024),))
    assert found["samples"] == {
        "shots_asked": 1024, "shots_done": 1000, "distinct": 3, "unreadable": 100, "partial": True, "backends": ["ideal"],
    }  # fmt: skip
    picture = json.loads(chain.stored("score", "picture"))
    assert {row["bits"]: row["measured"] for row in picture["outcomes"]} == pytest.approx(
        {"00000": 0.4, "00001": 0.2, "11111": 0.3}
    )
    assert [row["ideal"] for row in picture["outcomes"]] == pytest.approx([0.5, 0, 0.5])
    assert picture["others"] == {"measured": pytest.approx(0.1), "ideal": 0}
    solution = json.loads(chain.stored("score", "solution"))
    assert solution["counts"] == {"00000": 400, "00001": 200, "11111": 300}
    assert solution["bits"] == [f"c[{bit}]" for bit in range(5)]


def test_the_picture_holds_sixteen_and_the_rest_together():
    chain = CircuitsChain(b'OPENQASM 2.0; include "qelib1.inc"; qreg q[6]; h q;').prepared()
    chain.take("score", samples=(chain.ideal_samples(),))
    picture = json.loads(chain.stored("score", "picture"))
    assert len(picture["outcomes"]) == 16
    assert picture["others"]["ideal"] == pytest.approx(48 / 64)
    total = picture["others"]["measured"] + sum(row["measured"] for row in picture["outcomes"])
    assert total == pytest.approx(1)


def test_no_samples_and_no_answer():
    chain = CircuitsChain(ghz()).prepared()
    found = chain.take("score", samples=(measured({}, 1024),))
    assert found["arms"]["quantum"]["objective"] is None
    assert not found["verdict"]["accepted"]


def test_the_classical_answer_is_marked():
    chain = CircuitsChain(ghz()).prepared()
    found = chain.take("answer_classically")
    assert found["degraded"]
    assert "quantum" not in found["arms"]
    assert found["arms"]["baseline"]["objective"] == chain.results["stage of control"]["control"]["baseline"]
    assert json.loads(chain.stored("answer_classically", "picture"))["source"] == "baseline"


def test_the_same_seed_scores_the_same():
    def scored(seed: int) -> dict[str, object]:
        chain = CircuitsChain(public("circuits/dnn_n8.qasm"), seed=seed).prepared()
        found = chain.take("score", samples=(chain.ideal_samples(flipped=0.1),))
        return {name: arm for name, arm in found["arms"].items() if not arm.pop("seconds", None)}

    assert scored(1) == scored(1) != scored(2)


@pytest.mark.slow
def test_a_noisy_device_runs_it_and_an_independent_simulator_agrees():
    """Compiled for a device's calibration; Aer's own noise model gives the fidelity that is then scored."""
    from hybridops.providers.aer import sample_aer
    from hybridops.providers.devices import device

    chain = CircuitsChain(ghz()).prepared()
    program = for_device(qasm.parse(chain.stored("encode", "circuit").decode()), "local", "heron-torino")
    counts, _ = sample_aer(qasm.parse(program.text), device("heron-torino"), shots=256, seed=1)
    found = chain.take("score", samples=(measured(counts, 256),))
    assert found["verdict"]["accepted"]
    assert 0.005 < found["arms"]["quantum"]["objective"] < 0.2
    assert found["arms"]["quantum"]["objective"] > found["arms"]["baseline"]["objective"]
