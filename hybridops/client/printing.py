"""What the terminal shows: the site's words without control characters, JSON for programs, one line that moves."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TextIO

from hybridops.client.run_shapes import Run

BAR = 12
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def clean(text: object) -> str:
    """Nothing in it moves the cursor, changes colours, or turns the direction of reading."""
    return "".join(" " if unicodedata.category(one) in _HIDDEN else one for one in str(text))


def say(text: object, file: TextIO | None = None) -> None:
    print(clean(text), file=file or sys.stdout, flush=True)


def say_json(value: Any) -> None:
    """One JSON object a line; money stays text, so that nothing is lost in a float."""
    print(json.dumps(_plain(value)), flush=True)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(one) for name, one in asdict(value).items()}
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def usd(amount: Decimal | None) -> str:
    """Dollars for people, to a hundredth of a cent; the whole amount is in --json."""
    return "–" if amount is None else f"${amount:,.4f}".removesuffix("00")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need."""
    cells = [[clean(one) for one in row] for row in [heads, *rows]]
    wide = [max(len(row[at]) for row in cells) for at in range(len(heads))]
    for row in cells:
        print("  ".join(one.ljust(size) for one, size in zip(row, wide, strict=True)).rstrip(), flush=True)


def line_of(run: Run) -> str:
    """A run as one line: where it stands, how far it is, what it does."""
    share = run.progress
    bar = "█" * round(share * BAR) + "░" * (BAR - round(share * BAR))
    doing = next((one.label for one in run.stages if one.state == "running"), "")
    what = run.answer if run.ended or not doing else f"{run.answer} {doing}"
    return f"{run}  {bar} {share:4.0%}  {what}"


class Live:
    """A line that is drawn over on a terminal; elsewhere a plain line for each thing that is new."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._moves, self._last = self._out.isatty(), ""

    def show(self, text: str) -> None:
        text = clean(text)
        if self._moves:
            width = max(20, shutil.get_terminal_size().columns - 1)
            self._out.write(f"\r\x1b[2K{text if len(text) <= width else text[: width - 1] + '…'}")
        elif text != self._last:
            self._out.write(f"{text}\n")
        self._last = text
        self._out.flush()

    def end(self) -> None:
        if self._moves and self._last:
            self._out.write("\n")
            self._out.flush()
