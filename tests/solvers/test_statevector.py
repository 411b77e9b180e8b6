"""The exact distribution against matrices written out, and on the strict reference library."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from hybridops.solvers.statevector import Gate, distribution, matrix

X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
ZERO, ONE = np.diag([1, 0]).astype(complex), np.diag([0, 1]).astype(complex)


def one(name: str, angle: float) -> np.ndarray:
    """The matrix of a gate on one qubit, from its definition."""
    if name in ("rx", "ry", "rz"):
        return expm(-0.5j * angle * {"rx": X, "ry": Y, "rz": Z}[name])
    return {"h": (X + Z) / np.sqrt(2), "x": X, "sx": expm(-0.25j * np.pi * X)}[name]


def whole(qubits: int, parts: dict[int, np.ndarray]) -> np.ndarray:
    """The tensor product, qubit 0 first."""
    made = np.eye(1)
    for qubit in range(qubits):
        made = np.kron(made, parts.get(qubit, np.eye(2)))
    return made


def by_matrices(qubits: int, gates: list[Gate], measured: list[int]) -> np.ndarray:
    state = np.eye(1, 1 << qubits, dtype=complex)[0]
    for name, on, angle in gates:
        if len(on) == 2:
            inner = X if name == "cx" else Z
            state = (whole(qubits, {on[0]: ZERO}) + whole(qubits, {on[0]: ONE, on[1]: inner})) @ state
        else:
            state = whole(qubits, {on[0]: one(name, angle or 0.0)}) @ state
    found = np.zeros(1 << len(measured))
    for at, amplitude in enumerate(state):
        bits = f"{at:0{qubits}b}"
        found[int("".join(bits[qubit] for qubit in measured), 2)] += abs(amplitude) ** 2
    return found


QUBITS = 4
SINGLE = st.tuples(
    st.sampled_from(["h", "x", "sx", "rx", "ry", "rz"]), st.integers(0, QUBITS - 1), st.floats(-7, 7)
)
PAIR = st.tuples(st.sampled_from(["cx", "cz"]), st.permutations(range(QUBITS)))
GATES = st.lists(
    st.one_of(
        SINGLE.map(lambda g: (g[0], (g[1],), g[2] if g[0] in ("rx", "ry", "rz") else None)),
        PAIR.map(lambda g: (g[0], tuple(g[1][:2]), None)),
    ),
    max_size=25,
)


@given(GATES, st.permutations(range(QUBITS)), st.integers(1, QUBITS))
@settings(max_examples=60, deadline=None)
def test_any_circuit_is_its_matrices(gates: list[Gate], order: list[int], many: int):
    expected = by_matrices(QUBITS, gates, order[:many])
    for xp in (np, array_api_strict):
        found = distribution(QUBITS, gates, order[:many], xp)
        assert found.dtype == np.float64
        assert np.allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("name", ["h", "x", "sx", "rx", "ry"])
def test_matrices_are_unitary(name: str):
    found = np.array(matrix(name, 0.7))
    assert np.allclose(found @ found.conj().T, np.eye(2))


def test_progress_is_told_and_rounding_is_no_outcome():
    told: list[float] = []
    found = distribution(2, [("h", (0,), None)] * 200 + [("cx", (0, 1), None)], [0, 1], np, told.append)
    assert told == sorted(told)
    assert 10 <= len(told) <= 70
    assert found.tolist() == [1, 0, 0, 0]
