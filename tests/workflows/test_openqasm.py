"""The reader against another one: the same distribution for every gate and every public circuit; the rest refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.statevector import distribution
from hybridops.workflows.openqasm import Circuit, parse
from hybridops.workflows.openqasm_gates import LIBRARY
from hybridops.workflows.qaoa_circuit import written
from tests.solvers.public import public

TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\n'
ANGLES = {0: "", 1: "(0.7)", 2: "(0.7, -1.9)", 3: "(0.7, -1.9, 2.6)"}
GATES = {
    found[1]: (len(found[2].split(",")) if found[2] else 0, len(found[3].split(",")))
    for found in re.finditer(r"^gate (\w+)(?:\(([^)]*)\))? ([^{]*)\{", LIBRARY.decode(), re.MULTILINE)
} | {
    "h": (0, 1),
    "x": (0, 1),
    "sx": (0, 1),
    "rx": (1, 1),
    "ry": (1, 1),
    "rz": (1, 1),
    "cx": (0, 2),
    "cz": (0, 2),
}
NAMES = (
    "u1 u2 u3 u p h x y z s sdg t tdg sx rx ry rz id cx cy cz ch cp crz crx cry cu1 cu3 swap ccx rzz rxx U CX"
)


def found(circuit: Circuit) -> np.ndarray:
    return distribution(circuit.qubits, circuit.gates, circuit.measured, np)


def by_qiskit(text: str) -> np.ndarray:
    """The distribution of an OpenQASM 2 text over its measured bits, bit 0 leftmost."""
    qasm2 = pytest.importorskip("qiskit.qasm2")
    from qiskit.quantum_info import Statevector

    read = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return _distribution(read, Statevector)


def _distribution(read: Any, statevector: Any) -> np.ndarray:
    places = {
        read.find_bit(step.clbits[0]).index: read.find_bit(step.qubits[0]).index
        for step in read.data
        if step.operation.name == "measure"
    }
    state = statevector(read.remove_final_measurements(inplace=False))
    return state.probabilities([places[bit] for bit in sorted(places)][::-1])


def test_the_gates_are_those_of_the_documentation():
    assert sorted(GATES) == sorted(NAMES.split())


@pytest.mark.parametrize("name", NAMES.split())
def test_every_gate_means_what_it_means_elsewhere(name: str):
    """Between layers that make its phases visible, on qubits in every order."""
    angles, qubits = GATES[name]
    for turn in range(3):
        on = [f"q[{(turn + place) % 3}]" for place in range(qubits)]
        before = "".join(f"u3({0.4 + q}, {1.1 - q}, {0.3 * q}) q[{q}];\n" for q in range(3))
        after = "cx q[2], q[0];\n" + "".join(f"u3({1.3 - q}, 0.2, {0.9 + q}) q[{q}];\n" for q in range(3))
        text = TWO + before + f"{name}{ANGLES[angles]} {', '.join(on)};\n" + after + "measure q -> c;\n"
        assert np.allclose(found(parse(text.encode())), by_qiskit(text), atol=1e-12)


PUBLIC = "adder_n4 bell_n4 bv_n14 dnn_n8 grover_n2 hs4_n4 multiply_n13 qaoa_n3 qft_n4 simon_n6 toffoli_n3"


@pytest.mark.parametrize("name", PUBLIC.split())
def test_public_circuits_have_the_same_distribution_elsewhere(name: str):
    data = public(f"circuits/{name}.qasm")
    assert np.allclose(found(parse(data)), by_qiskit(data.decode()), atol=1e-11)


def test_what_is_sent_is_what_was_simulated():
    """The text that goes out, read back by ourselves and by another reader of OpenQASM 3."""
    qasm3 = pytest.importorskip("qiskit.qasm3")
    from qiskit.quantum_info import Statevector

    circuit = parse(
        (TWO + "h q; ccx q[0], q[1], q[2]; cu3(1, 2, 3) q[2], q[0]; measure q[2] -> c[0];").encode()
    )
    text = written(circuit.qubits, circuit.gates, circuit.measured)
    assert np.allclose(found(parse(text.encode())), found(circuit))
    assert np.allclose(_distribution(qasm3.loads(text), Statevector), found(circuit))


def test_a_public_circuit_that_is_too_wide():
    with pytest.raises(BadInput, match="this circuit has 26 qubits; at most 20 can be simulated") as caught:
        parse(public("circuits/ising_n26.qasm"))
    assert (caught.value.line, caught.value.column) == (3, 8)


def test_a_public_circuit_that_is_broken():
    """It measures a register that it never declares; others refuse it at the same place."""
    with pytest.raises(BadInput, match="a qubit register declared above, found 'q'") as caught:
        parse(public("circuits/vqe_uccsd_n4.qasm"))
    assert (caught.value.line, caught.value.column) == (225, 9)


def test_own_gates_angles_and_registers():
    text = """OPENQASM 2.0; include "qelib1.inc";
    gate twice(a, b) x, y { rx(a * -(b + pi) / 2) y; barrier x, y; cx x, y; } // a comment
    gate again(a) x, y { twice(a, -a) y, x; twice(a / 2, 1.5e-1) x, y; }
    qreg one[1]; qreg two[2]; creg low[1]; creg high[2];
    h one; ry(.3) two; again(-0.4) one[0], two[1]; cx one[0], two; barrier one, two;
    measure two -> high; measure one[0] -> low[0];"""
    circuit = parse(text.encode())
    assert circuit.bits == ("low[0]", "high[0]", "high[1]")
    assert circuit.measured == (0, 1, 2)
    assert circuit.called == {"h": 1, "ry": 2, "again": 1, "cx": 2}
    assert np.allclose(found(circuit), by_qiskit(text), atol=1e-12)


def test_openqasm_3_says_it_its_way():
    body = "h q[0]; cx q[0], q[1];\n/* a\n comment */ rx(pi / 4) q[2];\n"
    one = parse((THREE + body + "c = measure q;").encode())
    two = parse(('OPENQASM 3;include "stdgates.inc";qubit[3] q;' + body + "bit[3] c = measure q;").encode())
    other = parse((TWO + body + "measure q -> c;").encode())
    assert one == two == replace(other, version=3)
    alone = parse(b"OPENQASM 3.0; qubit q; bit c; U(pi, 0, pi) q; c = measure q;")
    assert found(alone) == pytest.approx([0, 1])


def test_a_file_that_measures_nothing_is_measured_whole():
    circuit = parse((TWO + "x q[1];").encode())
    assert circuit.unmeasured
    assert circuit.bits == ("q[0]", "q[1]", "q[2]")
    assert found(circuit)[0b010] == 1


def test_names_of_the_include_may_be_defined_without_it():
    circuit = parse(b"OPENQASM 2.0; gate h a { U(pi, 0, pi) a; } qreg q[1]; h q[0];")
    assert found(circuit) == pytest.approx([0, 1])


REFUSED = [
    ('include "/etc/passwd";', "no other file is included"),
    ("include stdgates;", "no other file is included"),
    ("opaque magic a;", "define it with gate and a body"),
    ("reset q[0];", "leave reset out"),
    ("if (c == 1) x q[0];", "write out what is always done"),
    ("for int i in [0:9] { x q[0]; }", "write out what is always done"),
    ("while (true) { x q[0]; }", "write out what is always done"),
    ("ctrl @ x q[0], q[1];", "by its name"),
    ("gate g a { inv @ s a; }", "by its name"),
    ("gphase(pi);", "leave gphase out"),
    ("input float theta;", "write the numbers"),
    ("delay[100ns] q[0];", "leave it out"),
    ("def f() { }", "leave this statement out"),
    ("measure q[0] -> c[0]; x q[0];", "was measured in line 5; measure each qubit once, after its last gate"),
    ("measure q[0] -> c[0]; measure q[0] -> c[1];", "was measured in line 5"),
    ("measure q[0] -> c[0]; measure q[1] -> c[0];", "use another bit"),
    ("measure q[0] -> c;", "use one bit each"),
    ("measure q[0];", "the bit to measure into"),
    ("c[0] = q[0];", "'measure'"),
    ("x q[3];", "a qubit of q, a number from 0 to 2"),
    ("x q[-1];", "expected ']'"),
    ("x q[0.5];", "a whole number"),
    ("x r[0];", "declared above"),
    ("x c[0];", "a qubit register"),
    ("x $0;", "a name, a number or a sign"),
    ("cx q[0], q[0];", "different qubits"),
    ("cx q, q;", "different qubits"),
    ("cx q[0];", "2 qubits after this gate, not 1"),
    ("qreg r[2]; cx q, r;", "registers of one size"),
    ("qreg r[1]; cx q, r;", "registers of one size"),
    ("x(0.1) q[0];", "0 angles"),
    ("rx q[0];", "1 angles"),
    ("rx(1/0) q[0];", "divide by no zero"),
    ("gate g(a) b { rx(1 / a) b; } g(0) q[0];", "divide by no zero"),
    ("rx(1e300 * 1e300) q[0];", "from -1e\\+06 to 1e\\+06"),
    ("rx(1e999) q[0];", "from -1e\\+06 to 1e\\+06"),
    ("rx(1e999 - 1e999) q[0];", "from -1e\\+06 to 1e\\+06"),
    ("rx(sin(1)) q[0];", "an angle made of numbers, pi"),
    ("rx(2 ^ 3) q[0];", "a name, a number or a sign"),
    ("rx(__import__) q[0];", "an angle made of numbers, pi"),
    ("rx() q[0];", "1 angles"),
    ("rx(1 q[0];", "'\\)'"),
    ("mystery q[0];", "a usual one of qelib1.inc"),
    ("gate g a { g a; }", "a gate defined above"),
    ("gate g a { x b; }", "a qubit of this gate"),
    ("gate g a, a { x a; }", "not taken yet"),
    ("gate h a { x a; }", "not taken yet"),
    ("gate g a { measure a -> c[0]; }", "a gate defined above"),
    ("qreg q[1];", "not taken yet"),
    ("qreg h[1];", "not taken yet"),
    ("qreg pi[1];", "not taken yet"),
    ("qreg r[18];", "this circuit has 21 qubits"),
    ("creg r[999999];", "1,000,002 bits"),
    ("qreg r[99999999999999999999];", "a register's size"),
    ("qreg r[0];", "a register's size"),
    ("x q[0]", "';', found 'the end of the file'"),
    ("/* never ends", "ends with"),
    ('x "q";', "a qubit"),
    ("x \u00e9;", "a name, a number or a sign"),
    ("x \x00;", "control character"),
    ("h " + "q" * 65 + ";", "at most 64 characters"),
]


@pytest.mark.parametrize(("body", "why"), REFUSED)
@pytest.mark.parametrize("head", [TWO, THREE], ids=["2", "3"])
def test_refusals_say_where_and_what_to_do(head: str, body: str, why: str):
    with pytest.raises(BadInput, match=why) as caught:
        parse((head + body + "\n").encode())
    assert caught.value.line in (5, 6)
    assert caught.value.column is not None


DOUBLED = "".join(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, 3000))
CHAINED = "".join(f"gate g{i} a {{ g{i - 1} a; }}\n" for i in range(1, 3000))
HOSTILE = {
    "nothing": "",
    "no version": "qreg q[2];",
    "another version": "OPENQASM 4.0; qreg q[2];",
    "no qubits": "OPENQASM 2.0; creg c[2];",
    "doubling gates": TWO + "gate g0 a { x a; }\n" + DOUBLED + "g2999 q[0];",
    "deep gates often": TWO + "gate g0 a { x a; }\n" + CHAINED + "g2999 q[0];\n" * 300,
    "many gates": TWO + "x q;" * 7_000,
    "too much to simulate": TWO.replace("q[3]", "q[20]") + "x q[0];" * 4_000,
    "many words": TWO + "barrier q;" * 210_000,
    "many statements": TWO + ";" * 110_000,
    "nested parentheses": TWO + "rx(" + "(" * 100_000,
    "a long sum": TWO + "rx(" + "1+" * 100_000 + "1) q[0];",
    "many signs": TWO + "rx(" + "-" * 700_000,
    "many names": TWO + "gate g " + "a," * 200_000,
    "a long name": TWO + "x" * 1_000_000,
    "a long number": TWO + "rx(" + "1" * 1_000_000,
    "a quote without end": TWO + '"' * 3 + "x" * 4_000_000,
    "half comments": TWO + "/*" + "* /" * 1_000_000,
    "comments": "OPENQASM 2.0;" + "/**/" * 1_000_000,
    "blanks": "OPENQASM 2.0;" + " " * 4_000_000 + "(",
    "too large": " " * 5_000_001,
}


LONG = ("comments", "many words", "many signs", "deep gates often")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in HOSTILE]
)
def test_hostile_files_are_refused(name: str):
    """Within the limits: what grows with the square of a file, or doubles, would not end."""
    with pytest.raises(BadInput):
        parse(HOSTILE[name].encode())


def test_gates_of_nothing_are_not_walked():
    """Doubling a gate that does nothing would take for ever if each call were looked into."""
    assert parse((TWO + "gate g0 a { }\n" + DOUBLED + "g2999 q[0];").encode()).gates == ()


WORDS = st.sampled_from(
    [
        *("OPENQASM 2.0;", 'include "qelib1.inc";', "qreg q[2];", "creg c[2];", "qubit", "bit", "measure"),
        *("barrier", "gate", "g", "a", "h", "cx", "rx", "q", "c", "q[0]", "q[1]", "c[0]", "pi", "1", "0.5"),
        *(
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ",",
            ";",
            "->",
            "=",
            "-",
            "*",
            "/",
            "/*",
            "*/",
            "//",
            "\n",
            '"',
            "if",
        ),
    ]
)


@given(st.lists(WORDS, max_size=40), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_words_make_a_circuit_or_a_refusal(words: list[str], headed: bool):
    text = (TWO if headed else "") + " ".join(words)
    try:
        circuit = parse(text.encode())
    except BadInput:
        return
    assert all(qubit < circuit.qubits for _, on, _ in circuit.gates for qubit in on)
    assert found(circuit).sum() == pytest.approx(1)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_make_a_circuit_or_a_refusal(data: bytes):
    with pytest.raises(BadInput):
        parse(data)


CALLS = st.sampled_from(sorted(NAMES.split())).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.lists(st.floats(-7, 7), min_size=GATES[name][0], max_size=GATES[name][0]),
        st.permutations(range(3)),
    )
)


@given(st.lists(CALLS, min_size=1, max_size=12), st.permutations(range(3)))
@settings(max_examples=40, deadline=None)
def test_any_circuit_has_the_same_distribution_elsewhere(calls: list[Any], order: list[int]):
    lines = [
        f"{name}{f'({", ".join(map(repr, angles))})' if angles else ''} "
        f"{', '.join(f'q[{q}]' for q in on[: GATES[name][1]])};"
        for name, angles, on in calls
    ]
    lines += [f"measure q[{qubit}] -> c[{bit}];" for bit, qubit in enumerate(order)]
    text = TWO + "\n".join(lines)
    assert np.allclose(found(parse(text.encode())), by_qiskit(text), atol=1e-10)
