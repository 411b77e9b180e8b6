"""QAOA as OpenQASM 3 text, written without a quantum library, and what it takes to run it.

Spec: OpenQASM 3.0 and its stdgates.inc, which has no rzz: exp(-i t ZZ) is cx, rz(2t), cx.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hybridops.solvers.ising import Ising
from hybridops.trust.canonical import digest, digest_of

FAMILY = "qaoa-ising/1"


@dataclass(frozen=True, slots=True)
class Circuit:
    """`template_digest` covers the structure and how angles are made, not their values or coefficients.

    `depth` counts gates and the measurement on the longest chain, two-qubit gates as written.
    """

    text: str
    digest: str
    template_digest: str
    gates: dict[str, int]
    depth: int


type Gate = tuple[str, tuple[int, ...], float | None]


def qaoa_circuit(
    ising: Ising, gammas: Sequence[float], betas: Sequence[float], angles_by: dict[str, Any]
) -> Circuit:
    """The bound circuit of `solvers.qaoa`: exp(-i gamma C) then exp(+i beta sum X), layer by layer.

    `angles_by` says how the angles were made; it enters the template's digest.
    """
    gates: list[Gate] = [("h", (qubit,), None) for qubit in range(ising.qubits)]
    for gamma, beta in zip(gammas, betas, strict=True):
        gates += _cost_layer(ising, gamma)
        gates += [("rx", (qubit,), -2 * beta) for qubit in range(ising.qubits)]
    text = written(ising.qubits, gates, range(ising.qubits))
    return Circuit(
        text=text,
        digest=digest(text.encode()),
        template_digest=digest_of(_template(ising, len(gammas), angles_by)),
        gates={**Counter(name for name, _, _ in gates), "measure": ising.qubits},
        depth=depth(ising.qubits, gates) + 1,
    )


def _template(ising: Ising, layers: int, angles_by: dict[str, Any]) -> dict[str, Any]:
    terms = ising.document()
    return {
        "family": FAMILY,
        "qubits": ising.qubits,
        "layers": layers,
        "pairs": [[i, j] for i, j, _ in terms["couplings"]],
        "fields": [qubit for qubit, value in enumerate(terms["fields"]) if value],
        "angles_by": angles_by,
    }


def _cost_layer(ising: Ising, gamma: float) -> list[Gate]:
    gates: list[Gate] = []
    for i, j in round_robin(ising.qubits):
        if coupling := float(ising.couplings[i, j]):
            gates += [("cx", (i, j), None), ("rz", (j,), 2 * gamma * coupling), ("cx", (i, j), None)]
    for qubit, value in enumerate(ising.fields.tolist()):
        if value:
            gates.append(("rz", (qubit,), 2 * gamma * value))
    return gates


def round_robin(qubits: int) -> list[tuple[int, int]]:
    """All pairs i < j, ordered so that qubits // 2 of them can run side by side: the circle method."""
    seats: list[int | None] = [*range(qubits), *([None] if qubits % 2 else [])]
    pairs: list[tuple[int, int]] = []
    for _ in range(len(seats) - 1):
        for a, b in zip(seats[: len(seats) // 2], reversed(seats), strict=False):
            if a is not None and b is not None:
                pairs.append((min(a, b), max(a, b)))
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return pairs


def written(qubits: int, gates: Sequence[Gate], measured: Sequence[int]) -> str:
    """The text of a circuit; bit i of what is measured is qubit measured[i]."""
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{qubits}] q;", f"bit[{len(measured)}] c;"]
    for name, on, angle in gates:
        call = name if angle is None else f"{name}({angle!r})"
        lines.append(f"{call} {', '.join(f'q[{qubit}]' for qubit in on)};")
    lines += [f"c[{bit}] = measure q[{qubit}];" for bit, qubit in enumerate(measured)]
    return "\n".join(lines) + "\n"


def depth(qubits: int, gates: Sequence[Gate]) -> int:
    """Gates on the longest chain, without the measurement."""
    level = [0] * qubits
    for _, on, _ in gates:
        deepest = max(level[qubit] for qubit in on) + 1
        for qubit in on:
            level[qubit] = deepest
    return max(level)
