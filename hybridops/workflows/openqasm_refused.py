"""What OpenQASM has and a sampled circuit must not: the word, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hybridops.domain.errors import BadInput
from hybridops.workflows.text import Token

_CONDITION = "gates cannot depend on measurements or repeat here; write out what is always done"
_OTHER = "only registers, gates, barriers and measurements are read here; leave this statement out"

REFUSED: Mapping[str, str] = {
    "opaque": "an opaque gate has no meaning here; define it with gate and a body",
    "reset": "circuits start with every qubit in 0 and are measured at the end; leave reset out",
    **dict.fromkeys(("if", "else", "for", "while", "switch", "break", "continue", "end"), _CONDITION),
    **dict.fromkeys(
        ("ctrl", "negctrl", "inv", "pow"),
        "gate modifiers are not read here; write the controlled or inverse gate by its name",
    ),
    "gphase": "a global phase is never measured; leave gphase out",
    **dict.fromkeys(
        ("input", "output"), "a circuit is sent with its values; write the numbers in place of inputs"
    ),
    **dict.fromkeys(("delay", "box", "stretch", "duration"), "timing is the compiler's; leave it out"),
    **dict.fromkeys(
        ("const", "let", "int", "uint", "float", "angle", "complex", "bool", "array", "return"), _OTHER
    ),
    **dict.fromkeys(("def", "extern", "cal", "defcal", "defcalgrammar", "pragma"), _OTHER),
}


def check_read_here(word: Token) -> None:
    """Raises BadInput at a statement of OpenQASM that is not read here."""
    if word.text in REFUSED:
        raise BadInput(REFUSED[word.text], line=word.line, column=word.column)


def unknown_gate(name: Token, known: Collection[str]) -> BadInput:
    """The error for a gate that nothing defines; says which there are."""
    if len(known) <= 2:
        return name.refuse('a gate defined above; include "qelib1.inc" or "stdgates.inc" for the usual ones')
    return name.refuse("a gate defined above, or a usual one of qelib1.inc, as listed in the documentation")
