"""Gates as definitions over eight that are sent, and the bounded expansion of a call.

Definitions hold up to a global phase, which no measurement sees: there is no way here to control a whole
gate. Sources: OpenQASM 2.0 (Cross et al. 2017, qelib1.inc) and 3.0 (stdgates.inc) for what each name means.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hybridops.solvers.statevector import Gate
from hybridops.workflows.openqasm_angles import Angle, evaluate
from hybridops.workflows.text import Token

GATES_MAX = 20_000
COST_MAX = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A gate: its body, or None where it is sent as it is.

    `gates`: what one call becomes at most. `cost`: steps to expand it. Both stop counting just above their limit.
    """

    name: str
    parameters: tuple[str, ...]
    qubits: int
    body: tuple[Call, ...] | None = None
    gates: int = 1
    cost: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A gate inside a body; `on` are places among the qubits of the gate around it."""

    definition: Definition
    angles: tuple[Angle, ...]
    on: tuple[int, ...]


def defined(name: str, parameters: Sequence[str], qubits: int, body: Sequence[Call]) -> Definition:
    """A definition with its sizes. What expands to nothing costs nothing: it is never walked."""
    live = [call for call in body if call.definition.gates]
    gates = sum(call.definition.gates for call in live)
    cost = 1 + sum(call.definition.cost + sum(map(len, call.angles)) for call in live)
    sizes = min(gates, GATES_MAX + 1), min(cost, COST_MAX + 1)
    return Definition(name, tuple(parameters), qubits, tuple(live), *sizes)


def expand(definition: Definition, angles: Sequence[float], on: Sequence[int], at: Token) -> Iterator[Gate]:
    """The gates that are sent for one call, in order: angles within a turn, and none that does nothing.

    Raises BadInput at the token `at` for an angle inside that has no value. Its cost is the caller's to check.
    """
    waiting: list[tuple[Definition, Sequence[float], Sequence[int]]] = [(definition, angles, on)]
    while waiting:
        gate, values, where = waiting.pop()
        if gate.body is None:
            turned = math.remainder(values[0], 2 * math.pi) if values else None
            if turned != 0:
                yield gate.name, tuple(where), turned
            continue
        named = dict(zip(gate.parameters, values, strict=True))
        for call in reversed(gate.body):
            inner = [evaluate(angle, named, at) for angle in call.angles]
            waiting.append((call.definition, inner, [where[place] for place in call.on]))


SENT: Mapping[str, Definition] = {
    name: Definition(name, ("angle",) if angled else (), qubits)
    for name, qubits, angled in (
        ("h", 1, False),
        ("x", 1, False),
        ("sx", 1, False),
        ("rx", 1, True),
        ("ry", 1, True),
        ("rz", 1, True),
        ("cx", 2, False),
        ("cz", 2, False),
    )
}
BUILT_IN = ("U", "CX")  # known without an include
LIBRARY = b"""OPENQASM 2.0;
gate U(t, f, l) a { rz(l) a; ry(t) a; rz(f) a; }
gate CX a, b { cx a, b; }
gate u(t, f, l) a { U(t, f, l) a; }
gate u3(t, f, l) a { U(t, f, l) a; }
gate u2(f, l) a { U(pi / 2, f, l) a; }
gate u1(l) a { rz(l) a; }
gate p(l) a { rz(l) a; }
gate id a { }
gate y a { ry(pi) a; }
gate z a { rz(pi) a; }
gate s a { rz(pi / 2) a; }
gate sdg a { rz(-pi / 2) a; }
gate t a { rz(pi / 4) a; }
gate tdg a { rz(-pi / 4) a; }
gate cy a, b { sdg b; cx a, b; s b; }
gate ch a, b { ry(-pi / 4) b; cz a, b; ry(pi / 4) b; }
gate crz(l) a, b { rz(l / 2) b; cx a, b; rz(-l / 2) b; cx a, b; }
gate cry(l) a, b { ry(l / 2) b; cx a, b; ry(-l / 2) b; cx a, b; }
gate crx(l) a, b { h b; crz(l) a, b; h b; }
gate cp(l) a, b { rz(l / 2) a; crz(l) a, b; }
gate cu1(l) a, b { cp(l) a, b; }
gate cu3(t, f, l) a, b {
  rz((l + f) / 2) a; rz((l - f) / 2) b; cx a, b; u3(-t / 2, 0, -(f + l) / 2) b; cx a, b; u3(t / 2, f, 0) b;
}
gate swap a, b { cx a, b; cx b, a; cx a, b; }
gate ccx a, b, c {
  h c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; cx a, c; t b; t c; h c; cx a, b; t a; tdg b; cx a, b;
}
gate rzz(l) a, b { cx a, b; rz(l) b; cx a, b; }
gate rxx(l) a, b { h a; h b; rzz(l) a, b; h a; h b; }
"""
