"""Circuits that come installed: three textbook ones, written by this code when they are asked for."""

from __future__ import annotations

_HIDDEN = "10110"


def ghz() -> bytes:
    """The GHZ state of five qubits: all 0 or all 1, half of the time each."""
    links = [f"cx q[{qubit}], q[{qubit + 1}];" for qubit in range(4)]
    return _three(5, ["h q[0];", *links])


def bernstein_vazirani() -> bytes:
    """Finds the secret 10110 in one call of its oracle (Bernstein, Vazirani 1997): one outcome, always.

    OpenQASM 2; the sixth qubit carries the phase and is not measured.
    """
    size = len(_HIDDEN)
    oracle = [f"cx q[{qubit}], phase[0];" for qubit, bit in enumerate(_HIDDEN) if bit == "1"]
    lines = [
        "OPENQASM 2.0;",
        'include "qelib1.inc";',
        f"qreg q[{size}];",
        "qreg phase[1];",
        f"creg secret[{size}];",
        "x phase[0];",
        "h phase[0];",
        "h q;",
        "barrier q, phase[0];",
        *oracle,
        "barrier q, phase[0];",
        "h q;",
        "measure q -> secret;",
    ]
    return ("\n".join(lines) + "\n").encode()


def fourier() -> bytes:
    """The Fourier transform of the basis state 0101 on four qubits: every outcome equally likely.

    Uniform bits look the same, and the control says so.
    """
    gates = ["x q[1];", "x q[3];"]
    for target in range(4):
        gates.append(f"h q[{target}];")
        gates += [
            f"cp(pi / {2 ** (other - target)}) q[{other}], q[{target}];" for other in range(target + 1, 4)
        ]
    return _three(4, [*gates, "swap q[0], q[3];", "swap q[1], q[2];"])


def _three(qubits: int, gates: list[str]) -> bytes:
    head = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{qubits}] q;", f"bit[{qubits}] c;"]
    return ("\n".join([*head, *gates, "c = measure q;"]) + "\n").encode()
