"""Text with places: every token knows its line and column, so that every refusal can say where."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hybridops.domain.errors import BadInput

BYTES_MAX = 5_000_000
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word and where it stands, counted from 1."""

    text: str
    line: int
    column: int

    def refuse(self, expected: str) -> BadInput:
        """The error that says what was expected here instead."""
        return BadInput(f"expected {expected}, found {self.text[:40]!r}", line=self.line, column=self.column)

    def number(self, what: str, low: float, high: float) -> float:
        """A finite number within low..high; raises BadInput."""
        value = float(self.text) if len(self.text) <= 40 and _NUMBER.fullmatch(self.text) else math.nan
        if not low <= value <= high:
            raise self.refuse(f"{what}, a number from {low:.12g} to {high:.12g}")
        return value

    def whole(self, what: str, low: int, high: int) -> int:
        """A whole number within low..high (`12` or `12.0`); raises BadInput."""
        value = self.number(what, low, high)
        if value != int(value):
            raise self.refuse(f"{what}, a whole number")
        return int(value)


def lines_of(data: bytes) -> list[str]:
    """Decoded lines without their ends; raises BadInput for size, encoding and control characters."""
    if len(data) > BYTES_MAX:
        raise BadInput(f"expected at most {BYTES_MAX:,} bytes, found {len(data):,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = data[: problem.start]
        raise BadInput(
            f"expected UTF-8 text, found byte 0x{data[problem.start]:02x}",
            line=before.count(b"\n") + 1,
            column=problem.start - before.rfind(b"\n"),
        ) from problem
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for number, line in enumerate(lines, start=1):
        if found := _CONTROL.search(line):
            raise BadInput("expected text, found a control character", line=number, column=found.start() + 1)
    return lines


def tokens(line: str, number: int) -> Iterator[Token]:
    """The words of a line between blanks."""
    for found in re.finditer(r"\S+", line):
        yield Token(found.group(), number, found.start() + 1)
