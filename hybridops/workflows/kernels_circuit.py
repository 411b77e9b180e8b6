"""The one template of a kernel: U(x), then U(y) undone; how often all bits are 0 is k(x, y).

All angles are inputs, products of coordinates too, since an angle may depend on inputs only linearly. The last turn of
U(x) and the first of U(y)^-1 are diagonal, so they are one turn by the difference: 6 two-qubit gates for each pair
of neighbours instead of 8.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from hybridops.solvers.feature_map import REPETITIONS, angles
from hybridops.trust.canonical import digest, digest_of
from hybridops.workflows.kernels_prepare import REACH
from hybridops.workflows.qaoa_circuit import depth

FAMILY = "zz-kernel/1"

type Gate = tuple[str, tuple[int, ...], str]  # with its angle as text, or nothing


def names(qubits: int, side: str) -> list[str]:
    """The inputs of one point, x or y: its coordinates, then the products of neighbours."""
    return [f"{side}_{at}" for at in range(qubits)] + [f"{side * 2}_{at}" for at in range(qubits - 1)]


def values(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """The inputs of the circuit for two points, in radians."""
    found: dict[str, float] = {}
    for side, point in (("x", first), ("y", second)):
        turns = angles(np.array([point], dtype=float))[0].tolist()
        found |= dict(zip(names(len(point), side), turns, strict=True))
    return found


def ranges(qubits: int, bandwidth: float) -> dict[str, list[float]]:
    """Every input with the lowest and highest value it may get."""
    reach = bandwidth * REACH
    wide = [reach] * qubits + [reach * reach] * (qubits - 1)
    return {
        name: [-most, most]
        for side in ("x", "y")
        for name, most in zip(names(qubits, side), wide, strict=True)
    }


def gates(qubits: int) -> list[Gate]:
    """H, turn by x, H, turn by x - y, H, turn by -y, H."""
    x, y = names(qubits, "x"), names(qubits, "y")
    turns = [x] * (REPETITIONS - 1)
    turns += [[f"{a} - {b}" for a, b in zip(x, y, strict=True)]]
    turns += [[f"-{b}" for b in y]] * (REPETITIONS - 1)
    all_h: list[Gate] = [("h", (qubit,), "") for qubit in range(qubits)]
    found = list(all_h)
    for turn in turns:
        found += [*_diagonal(qubits, turn), *all_h]
    return found


def _diagonal(qubits: int, turn: Sequence[str]) -> list[Gate]:
    """D of the feature map: every second pair of neighbours at once, then the others."""
    found: list[Gate] = [("rz", (qubit,), turn[qubit]) for qubit in range(qubits)]
    for start in (0, 1):
        pairs = [(at, at + 1) for at in range(start, qubits - 1, 2)]
        found += [("cx", pair, "") for pair in pairs]
        found += [("rz", (pair[1],), turn[qubits + pair[0]]) for pair in pairs]
        found += [("cx", pair, "") for pair in pairs]
    return found


def text_of(qubits: int) -> str:
    """The template as OpenQASM 3 with inputs."""
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{qubits}] q;", f"bit[{qubits}] c;"]
    lines += [f"input float[64] {name};" for side in ("x", "y") for name in names(qubits, side)]
    for name, on, angle in gates(qubits):
        call = f"{name}({angle})" if angle else name
        lines.append(f"{call} {', '.join(f'q[{qubit}]' for qubit in on)};")
    lines += [f"c[{qubit}] = measure q[{qubit}];" for qubit in range(qubits)]
    return "\n".join(lines) + "\n"


def counted(qubits: int) -> dict[str, int]:
    """Gates and depth of the template as written."""
    found = gates(qubits)
    two = sum(len(on) == 2 for _, on, _ in found)
    deep = depth(qubits, [(name, on, None) for name, on, _ in found]) + 1
    return {"qubits": qubits, "one_qubit_gates": len(found) - two, "two_qubit_gates": two, "depth": deep}


def circuit_facts(qubits: int, bandwidth: float, bindings_max: int, submissions: int) -> dict[str, Any]:
    """JSON of the circuit: what a page and a reviewer see, and its digests."""
    found = gates(qubits)
    return {
        **counted(qubits),
        "gates": {**Counter(name for name, _, _ in found), "measure": qubits},
        "template_digest": digest_of(
            {"family": FAMILY, "qubits": qubits, "gates": [list(map(str, one)) for one in found]}
        ),
        "digest": digest(text_of(qubits).encode()),
        "inputs": ranges(qubits, bandwidth),
        "bindings_max": bindings_max,
        "submissions": submissions,
    }
