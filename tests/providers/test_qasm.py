"""The reader takes straight-line circuits and refuses the rest, with the place."""

from __future__ import annotations

import math
import time

import pytest

from hybridops.domain.errors import BadInput
from hybridops.providers.qasm import BYTES_MAX, Circuit, Gate, parse, template, write
from hybridops.solvers.ising import Ising
from hybridops.workflows.qaoa_circuit import qaoa_circuit

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
TAIL = "c = measure q;\n"


def test_it_reads_what_it_writes():
    gates = (Gate("h", (0,)), Gate("rz", (1,), -0.25), Gate("cx", (0, 1)), Gate("rzz", (1, 0), 1e-7))
    circuit = Circuit((0, 1), gates, (1, 0))
    assert parse(write(circuit, hardware=False)) == circuit
    on_hardware = Circuit((4, 7), (Gate("sx", (4,)), Gate("cz", (4, 7))), (7, 4))
    assert parse(write(on_hardware, hardware=True)) == on_hardware


def test_it_reads_what_the_routing_workflow_writes():
    import numpy as np

    ising = Ising(couplings=np.array([[0, 0.5, 0], [0, 0, -1.0], [0, 0, 0]]), fields=np.ones(3), offset=0.0)
    text = qaoa_circuit(ising, [0.3], [0.2], {}).text
    circuit = parse(text)
    assert (len(circuit.qubits), circuit.measured) == (3, (0, 1, 2))
    assert write(circuit, hardware=False) == text


def test_qiskit_reads_what_we_write():
    """An independent reader finds the same circuit, hardware qubits included."""
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    text = write(Circuit((0, 2), (Gate("sx", (0,)), Gate("cz", (0, 2))), (2, 0)), hardware=True)
    found = qasm3.loads(text)
    assert dict(found.count_ops()) == {"sx": 1, "cz": 1, "measure": 2}


def test_angles():
    text = (
        HEAD + "rx(-pi/2) q[0]; rz( 3 * pi / 4 ) q[1]; ry(.5e-3)q[0]; barrier q; barrier q[0], q[1];" + TAIL
    )
    assert [gate.angle for gate in parse(text).gates] == [-math.pi / 2, 3 * math.pi / 4, 0.0005]


def test_the_template_has_no_angles():
    one, two = (HEAD + f"rz({angle}) q[0];" + TAIL for angle in ("0.1", "-2.5e-3"))
    assert template(one) == template(two) != template(HEAD + TAIL)


@pytest.mark.parametrize(
    ("body", "line", "why"),
    [
        ('include "/etc/passwd";', 5, "may be included"),
        ('include "stdgates.inc", "/etc/passwd";', 5, "may be included"),
        ("gate h a { }\ngate h a { }", 5, "'gate' is not one of"),
        ("gate twice a { x a; x a; }", 5, "'gate' is not one of"),
        ("for int i in [0:9] { x q[0]; }", 5, "'for' is not one of"),
        ("def f() { }", 5, "straight-line"),
        ("if (c[0]) x q[0];", 5, "not one of"),
        ("qubit[2] r;", 5, "a second qubit"),
        ("x q[2];", 5, "not declared"),
        ("x r[0];", 5, "not declared"),
        ("x $0;", 5, "beside a register"),
        ("cx q[0], q[0];", 5, "different qubits"),
        ("cx q[0];", 5, "2 different qubits"),
        ("x(0.1) q[0];", 5, "no angle"),
        ("rx q[0];", 5, "one angle"),
        ("rx(1/0) q[0];", 5, "too large"),
        ("rx(1e400) q[0];", 5, "too large"),
        ("rx(nan) q[0];", 5, "not an angle"),
        ("rx(__import__) q[0];", 5, "not an angle"),
        ("u3(1, 2, 3) q[0];", 5, "not one of"),
        ("x q[0]", 5, "not a qubit"),
        ("c[0] = measure q[0]; x q[0];", 5, "after the measurement"),
        ("c[0] = measure q[0];", 6, "twice"),
        ("/* x */ x q[0];", 5, "straight-line"),
        ("extern system(int);", 5, "straight-line"),
        ("#pragma x;", 5, "straight-line"),
    ],
)
def test_refusals_name_the_place(body: str, line: int, why: str):
    with pytest.raises(BadInput, match=why) as caught:
        parse(HEAD + body + "\n" + TAIL)
    assert caught.value.line == line
    assert caught.value.column is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OPENQASM 2.0;",
        'include "stdgates.inc"; OPENQASM 3.0;',
        HEAD,
        HEAD + "c[0] = measure q[0];",
        HEAD.replace("qubit[2]", "qubit[999999]") + TAIL,
        HEAD.replace("qubit[2]", "qubit[99999999999999]") + TAIL,
        HEAD.replace("qubit[2]", "qubit[0]") + TAIL,
    ],
)
def test_whole_circuits_that_are_refused(text: str):
    with pytest.raises(BadInput):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        " " * BYTES_MAX + "(",
        HEAD + "rx(" + "1" * 19_000 + "x) q[0];" + TAIL,
        HEAD + "rx(" + "1*" * 9_000 + ") q[0];" + TAIL,
        HEAD + "h" + " " * 900_000 + "(;",
        HEAD + "//" * 400_000,
        HEAD + ";" * 900_000,
        HEAD + "x q[0];" * 120_000,
        "OPENQASM 3.0;" * 70_000,
    ],
)
def test_hostile_texts_are_refused_in_linear_time(text: str):
    began = time.process_time()
    with pytest.raises(BadInput):
        parse(text)
    assert (
        time.process_time() - began < 10
    )  # of a megabyte; a quadratic one takes minutes, a slow machine three seconds
