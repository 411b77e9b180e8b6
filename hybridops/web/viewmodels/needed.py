"""Whether a QPU is needed, as pages show it: what each control reached, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.control import CONTROLS


@dataclass(frozen=True, slots=True)
class Row:
    """One control: what it reached, and whether that keeps the acceptance rule."""

    words: str
    objective: float | None
    reached: bool


@dataclass(frozen=True, slots=True)
class Needed:
    """`why` says who does without a QPU, empty where nobody does; `anyway` why it is used all the same."""

    rows: tuple[Row, ...]
    why: str
    anyway: str


def needed_of(found: Mapping[str, Any] | None, anyway: str) -> Needed | None:
    """From the document of a `domain.control.Control`; None for a workflow without the control."""
    if not found:
        return None
    reached, values = found["reached_by"], found["objectives"]
    rows = tuple(
        Row(words, values[name], name in reached) for name, words in CONTROLS.items() if name in values
    )
    return Needed(rows, found["why"], anyway)
