"""A template: its inputs are read, kept by the transpiler, bound, and each set of values gets its own counts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput, ProviderRefused
from hybridops.providers import qasm
from hybridops.providers.angles import Linear, Unread, linear, read_angle, written
from hybridops.providers.compiling import for_device
from hybridops.providers.local import BINDINGS_MAX, IDEAL, LocalSimulator
from hybridops.providers.service import run_pending
from hybridops.solvers import statevector

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\ninput float[64] a;\ninput float b;\n'
TAIL = "c[0] = measure q[0];\nc[1] = measure q[1];\nc[2] = measure q[2];\n"
TEMPLATE = (
    HEAD
    + "h q[0]; rx(a) q[1]; ry(2*a + pi/2) q[2]; cx q[0], q[1]; rz(-b*3) q[1]; rz(a) q[1]; cx q[0], q[1];\n"
    + "cx q[1], q[2]; ry(a/2 - b) q[0]; rx(0.3) q[1];\n"
    + TAIL
)
NUMBERS = st.floats(-1e5, 1e5, allow_subnormal=False)
SUMS = st.builds(linear, NUMBERS, st.dictionaries(st.sampled_from(["a", "b", "theta_0"]), NUMBERS))


@given(SUMS)
def test_an_angle_reads_back_as_it_was_written(angle: float | Linear) -> None:
    assert read_angle(written(angle), {"a", "b", "theta_0"}) == angle


@given(NUMBERS, st.dictionaries(st.sampled_from(["a", "b"]), NUMBERS, min_size=1), NUMBERS, NUMBERS)
def test_an_angle_is_the_sum_it_says(constant: float, factors: dict[str, float], a: float, b: float) -> None:
    values = {"a": a, "b": b}
    angle = linear(constant, factors)
    wanted = constant + sum(factor * values[name] for name, factor in factors.items())
    assert math.isclose(angle.at(values) if isinstance(angle, Linear) else angle, wanted, abs_tol=1e-3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a", Linear(0.0, (("a", 1.0),))),
        ("-a", Linear(0.0, (("a", -1.0),))),
        ("pi/2 - 2*b/4 + a*pi", Linear(math.pi / 2, (("a", math.pi), ("b", -0.5)))),
        ("a - a", 0.0),
        ("1e-3*a + 1e-3", Linear(1e-3, (("a", 1e-3),))),
    ],
)
def test_sums(text: str, found: float | Linear) -> None:
    assert read_angle(text, {"a", "b"}) == found


@pytest.mark.parametrize(
    "text", ["a*b", "1/a", "a/b", "c", "2 a", "a +", "--a", "a^2", "(a)", "1e9*a", "sin*a", ""]
)
def test_what_is_not_linear_is_refused(text: str) -> None:
    with pytest.raises(Unread):
        read_angle(text, {"a", "b"})


@pytest.mark.parametrize(
    "body",
    ["input float a; input float a;", "input float q;", "input float pi;", "input float h;", "x q[0]; input float z;",
     "input int z;", "input float[32] z;", "".join(f"input float i{n};" for n in range(qasm.INPUTS_MAX + 1))],
)  # fmt: skip
def test_inputs_that_are_refused(body: str) -> None:
    text = HEAD.replace("input float[64] a;\ninput float b;\n", "") + body + TAIL
    with pytest.raises(BadInput):
        qasm.parse(text)


def chances(circuit: qasm.Circuit) -> np.ndarray:
    wire = {qubit: place for place, qubit in enumerate(circuit.qubits)}
    gates = [(gate.name, tuple(wire[q] for q in gate.on), gate.angle) for gate in circuit.gates]
    return statevector.distribution(len(wire), gates, [wire[q] for q in circuit.measured], np)


@pytest.mark.slow  # two transpilations
@pytest.mark.parametrize("device", ["heron-torino", "nighthawk-miami"])
def test_the_compiled_template_is_the_template_at_every_value(device: str) -> None:
    given_, compiled = qasm.parse(TEMPLATE), for_device(qasm.parse(TEMPLATE), "local", device)
    sent = qasm.parse(compiled.text)
    assert sent.inputs == ("a", "b")
    for a, b in np.random.default_rng(5).uniform(-7, 7, (20, 2)):
        values = {"a": float(a), "b": float(b)}
        assert np.allclose(chances(qasm.bind(sent, values)), chances(qasm.bind(given_, values)), atol=1e-9)


def test_one_structure_is_one_template_whatever_its_coefficients() -> None:
    other = TEMPLATE.replace("2*a + pi/2", "3*a - b")
    assert qasm.template(qasm.write(qasm.parse(TEMPLATE), hardware=False)) == qasm.template(
        qasm.write(qasm.parse(other), hardware=False)
    )


@pytest.mark.parametrize(
    "values", [{}, {"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "b": math.inf}]
)
def test_binding_wants_a_finite_value_for_each_input(values: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="a, b"):
        qasm.bind(qasm.parse(TEMPLATE), values)


@pytest.fixture
def local(tmp_path: Path) -> LocalSimulator:
    return LocalSimulator(folder=tmp_path, backends=(IDEAL,))


def test_each_set_of_values_has_its_own_counts(local: LocalSimulator, tmp_path: Path) -> None:
    sets = ({"a": 0.3, "b": 0.0}, {"a": -2.0, "b": 1.0}, {"a": 0.3, "b": 0.0})
    template = local.compile(TEMPLATE, local.backends()[0], seed=1)
    job = local.submit(replace(template, bindings=sets), shots=400, seed=7, key="k")
    assert local.submit(replace(template, bindings=sets), shots=400, seed=7, key="k") == job
    run_pending(tmp_path)
    found = local.result(job)
    assert [sum(part.values()) for part in found.parts] == [400, 400, 400]
    assert (found.shots_asked, found.shots_done, sum(found.counts.values())) == (1200, 1200, 1200)
    assert found.parts[0] != found.parts[2], "two circuits drew with one seed"
    usage = local.usage(job)
    assert usage is not None
    assert (usage.tasks, usage.shots) == (3, 1200)
    for part, values in zip(found.parts, sets, strict=True):
        wanted = chances(qasm.bind(qasm.parse(TEMPLATE), values))
        drawn = np.array([part.get(f"{state:03b}", 0) / 400 for state in range(8)])
        assert np.abs(drawn - wanted).max() < 0.1


def test_a_key_stands_for_its_values_too(local: LocalSimulator) -> None:
    template = local.compile(TEMPLATE, local.backends()[0], seed=1)
    local.submit(replace(template, bindings=({"a": 0.3, "b": 0.0},)), shots=9, seed=7, key="k")
    with pytest.raises(ProviderRefused):
        local.submit(replace(template, bindings=({"a": 0.4, "b": 0.0},)), shots=9, seed=7, key="k")


def test_too_many_sets_are_refused(local: LocalSimulator) -> None:
    template = local.compile(TEMPLATE, local.backends()[0], seed=1)
    many = replace(template, bindings=({"a": 0.0, "b": 0.0},) * (BINDINGS_MAX + 1))
    with pytest.raises(ProviderRefused, match="sets of values"):
        local.submit(many, shots=1, seed=7, key="k")


def test_a_template_without_its_values_does_not_run(local: LocalSimulator, tmp_path: Path) -> None:
    job = local.submit(local.compile(TEMPLATE, local.backends()[0], seed=1), shots=9, seed=7, key="k")
    run_pending(tmp_path)
    (found,) = local.poll([job])
    assert found.error_kind == "invalid_program"
