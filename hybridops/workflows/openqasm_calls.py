"""What stands in a statement: a gate's name, its angles, and a `gate` definition as a whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hybridops.workflows.openqasm_angles import Angle, read_angle
from hybridops.workflows.openqasm_gates import Call, Definition, defined
from hybridops.workflows.openqasm_refused import check_read_here, unknown_gate
from hybridops.workflows.openqasm_tokens import Tokens
from hybridops.workflows.text import Token

_NAMES_MAX = 50


def read_called(
    tokens: Tokens, known: Mapping[str, Definition], names: Collection[str] = ()
) -> tuple[Token, Definition, tuple[Angle, ...]]:
    """The gate that is called here and its angles, as many as it takes; raises BadInput."""
    check_read_here(tokens.now)
    name = tokens.name("a gate")
    definition = known.get(name.text)
    if definition is None:
        raise unknown_gate(name, known)
    angles = []
    if tokens.took("(") and not tokens.took(")"):
        angles.append(read_angle(tokens, names))
        while tokens.took(","):
            angles.append(read_angle(tokens, names))
        tokens.take(")")
    if len(angles) != len(definition.parameters):
        raise name.refuse(f"{len(definition.parameters)} angles for this gate, not {len(angles)}")
    return name, definition, tuple(angles)


def read_definition(tokens: Tokens, known: Mapping[str, Definition]) -> tuple[Token, Definition]:
    """`gate name(parameters) qubits { calls }`. A body calls what stands above it, so nothing recurs."""
    tokens.take("gate")
    name = tokens.name("the gate's name")
    parameters: list[str] = []
    if tokens.took("(") and not tokens.took(")"):
        parameters = _names(tokens, "a parameter")
        tokens.take(")")
    qubits = _names(tokens, "a qubit's name")
    place = {qubit: at for at, qubit in enumerate(qubits)}
    tokens.take("{")
    calls = []
    while not tokens.took("}"):
        if tokens.took("barrier"):
            _names(tokens, "a qubit's name")
        else:
            calls.append(_call(tokens, known, parameters, place))
        tokens.take(";")
    return name, defined(name.text, parameters, len(qubits), calls)


def _names(tokens: Tokens, what: str) -> list[str]:
    """Different names between commas."""
    found = [tokens.name(what)]
    while tokens.took(","):
        found.append(tokens.name(what))
        if len(found) > _NAMES_MAX:
            raise found[-1].refuse(f"at most {_NAMES_MAX} names")
    words = [token.text for token in found]
    for at, token in enumerate(found):
        if token.text == "pi" or token.text in words[:at]:
            raise token.refuse(f"{what} that is not taken yet")
    return words


def _call(
    tokens: Tokens, known: Mapping[str, Definition], parameters: list[str], place: Mapping[str, int]
) -> Call:
    name, definition, angles = read_called(tokens, known, parameters)
    on: list[int] = []
    while not on or tokens.took(","):
        qubit = tokens.name("a qubit of this gate")
        if qubit.text not in place:
            raise qubit.refuse("a qubit of this gate")
        on.append(place[qubit.text])
        if len(on) > definition.qubits:
            break
    if len(on) != definition.qubits or len(set(on)) < len(on):
        raise name.refuse(f"{definition.qubits} different qubits after this gate")
    return Call(definition, angles, tuple(on))
