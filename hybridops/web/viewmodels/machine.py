"""The device a run used, as it was calibrated when the program was compiled for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from hybridops.web import fmt

_USED = re.compile(r"\$([0-9]+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the panel; `worst` names the qubit or pair that stands out among those used."""

    name: str
    value: str
    worst: str = ""

    @property
    def reported(self) -> bool:
        return not isinstance(self.value, fmt.Missing)


@dataclass(frozen=True, slots=True)
class Calibration:
    note: str
    calibrated_at: datetime | None
    lines: list[Line]
    used: int


def calibration(body: Mapping[str, Any] | None, program: str) -> Calibration | None:
    """Medians over the qubits that the compiled program uses, over all where it does not say which."""
    if body is None:
        return None
    known = body.get("calibration") or {}
    used = {int(number) for number in _USED.findall(program)}
    moment = body.get("calibrated_at")
    lines = [
        _pairs(known, used),
        _column(known, used, "readout_error", "Readout error", fmt.error_rate, max),
        _column(known, used, "one_qubit_error", "One-qubit error", fmt.error_rate, max),
        _column(known, used, "t1_seconds", "T1", _micro, min),
        _column(known, used, "t2_seconds", "T2", _micro, min),
    ]
    return Calibration(
        note=str(known.get("note", "")),
        calibrated_at=datetime.fromisoformat(moment) if moment else None,
        lines=lines if body.get("kind") != "ideal simulator" else [],
        used=len(used),
    )


def _micro(seconds: float | None) -> str:
    return fmt.number(None if seconds is None else seconds * 1e6, "µs", 0)


def _column(
    known: Mapping[str, Any],
    used: set[int],
    key: str,
    name: str,
    shown: Callable[[float | None], str],
    worst: Callable[..., tuple[int, float]],
) -> Line:
    columns: Sequence[str] = known.get("columns") or ()
    if key not in columns:
        return Line(name, shown(known.get(key)))
    at = columns.index(key)
    rows = [(int(row[0]), float(row[at])) for row in known["qubits"] if not used or row[0] in used]
    if not rows:
        return Line(name, shown(known.get(key)))
    qubit, value = worst(rows, key=lambda row: row[1])
    return Line(name, shown(median(value for _, value in rows)), f"q{qubit} {shown(value)}")


def _pairs(known: Mapping[str, Any], used: set[int]) -> Line:
    rows = [row for row in known.get("couplers") or () if not used or {row[0], row[1]} <= used]
    if not rows:
        return Line("Two-qubit error", fmt.error_rate(known.get("two_qubit_error")))
    first, second, value = max(rows, key=lambda row: row[2])
    middle = fmt.error_rate(median(row[2] for row in rows))
    return Line("Two-qubit error", middle, f"q{first}–q{second} {fmt.error_rate(value)}")
