"""Devices to imitate: dated calibration snapshots of real machines, as qiskit-ibm-runtime ships them.

Read from that package's own JSON files (milliseconds, nothing imported). Times in seconds, errors as
probabilities. A snapshot keeps its own date: it is old data replayed, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

BROKEN = 0.5  # an error rate from which on a qubit or coupler is left out
SCALE = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
# Ours → the package's. Two machines that differ in what a choice is about: repetition delay and layout.
SNAPSHOTS: Mapping[str, str] = {"heron-torino": "torino", "nighthawk-miami": "miami"}


@dataclass(frozen=True, slots=True)
class Qubit:
    """Calibrated values of one qubit; `flip01` is the chance to read 1 where 0 was prepared."""

    t1: float
    t2: float
    gate_error: float
    gate_seconds: float
    flip01: float
    flip10: float
    readout_seconds: float

    @property
    def readout_error(self) -> float:
        return (self.flip01 + self.flip10) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A machine with CZ, SX, X and virtual RZ. `couplers` maps i < j to (CZ error, CZ seconds).

    Broken couplers and qubits are not in it. Two of them are the same only if they are one object.
    """

    name: str
    origin: str
    qubits: Mapping[int, Qubit]
    couplers: Mapping[tuple[int, int], tuple[float, float]]
    size: int
    rep_delay_seconds: float
    calibrated_at: datetime

    def table(self) -> dict[str, Any]:
        """Everything that a compilation looks at, as JSON; `from_table` reads it."""
        return {
            "device": self.origin,
            "size": self.size,
            "rep_delay_seconds": self.rep_delay_seconds,
            "calibrated_at": self.calibrated_at.isoformat(),
            "columns": list(Qubit.__slots__),
            "qubits": [
                [index, *(getattr(qubit, name) for name in Qubit.__slots__)]
                for index, qubit in sorted(self.qubits.items())
            ],
            "couplers": [[i, j, *values] for (i, j), values in sorted(self.couplers.items())],
        }

    def calibration(self) -> dict[str, Any]:
        """Medians and tables for people and guards; numbers to four significant digits."""
        qubits, couplers = list(self.qubits.values()), self.couplers
        return {
            "note": f"a snapshot of {self.calibrated_at:%Y-%m-%d} replayed by a simulator",
            "device": self.origin,
            "two_qubit_error": _short(median(error for error, _ in couplers.values())),
            "one_qubit_error": _short(median(qubit.gate_error for qubit in qubits)),
            "readout_error": _short(median(qubit.readout_error for qubit in qubits)),
            "t1_seconds": _short(median(qubit.t1 for qubit in qubits)),
            "t2_seconds": _short(median(qubit.t2 for qubit in qubits)),
            "columns": ["qubit", "t1_seconds", "t2_seconds", "one_qubit_error", "readout_error"],
            "qubits": [
                [index, *map(_short, (qubit.t1, qubit.t2, qubit.gate_error, qubit.readout_error))]
                for index, qubit in sorted(self.qubits.items())
            ],
            "couplers": [[i, j, _short(error)] for (i, j), (error, _) in sorted(couplers.items())],
            "left_out": sorted(set(range(self.size)) - set(self.qubits)),
        }


@cache
def device(name: str) -> Device:
    """The device of that name; KeyError for an unknown one, OSError where its files are not installed."""
    return read(name, *raw(name))


def raw(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and properties of a snapshot, in IBM's own JSON."""
    origin = SNAPSHOTS[name]
    folder = _snapshots() / origin
    texts = [(folder / f"{part}_{origin}.json").read_text() for part in ("conf", "props")]
    return json.loads(texts[0]), json.loads(texts[1])


def read(name: str, configuration: Mapping[str, Any], properties: Mapping[str, Any]) -> Device:
    """The device that IBM's configuration and properties describe; KeyError or ValueError for other JSON."""
    single = {gate["qubits"][0]: _values(gate["parameters"]) for gate in _of(properties, "sx")}
    qubits = {
        index: _qubit(_values(values), single[index]) for index, values in enumerate(properties["qubits"])
    }
    alive = {index: qubit for index, qubit in qubits.items() if _works(qubit)}
    return Device(
        name=name,
        origin=configuration["backend_name"],
        qubits=alive,
        couplers=_couplers(properties, set(alive)),
        size=int(configuration["n_qubits"]),
        rep_delay_seconds=float(configuration["default_rep_delay"]) * SCALE["us"],
        calibrated_at=datetime.fromisoformat(properties["last_update_date"]).astimezone(UTC),
    )


def from_table(name: str, table: Mapping[str, Any]) -> Device:
    """The device of a `Device.table`; KeyError, TypeError or ValueError for other JSON."""
    return Device(
        name=name,
        origin=table["device"],
        qubits={int(row[0]): Qubit(*map(float, row[1:])) for row in table["qubits"]},
        couplers={
            (int(i), int(j)): (float(error), float(seconds)) for i, j, error, seconds in table["couplers"]
        },
        size=int(table["size"]),
        rep_delay_seconds=float(table["rep_delay_seconds"]),
        calibrated_at=datetime.fromisoformat(table["calibrated_at"]),
    )


def _snapshots() -> Path:
    found = find_spec("qiskit_ibm_runtime")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("qiskit-ibm-runtime, which carries the calibration snapshots, is missing")
    return Path(found.submodule_search_locations[0]) / "fake_provider" / "backends"


def _of(properties: Mapping[str, Any], gate: str) -> list[Any]:
    return [found for found in properties["gates"] if found["gate"] == gate]


def _values(parameters: list[Any]) -> dict[str, float]:
    return {found["name"]: float(found["value"]) * SCALE[found["unit"]] for found in parameters}


def _qubit(values: Mapping[str, float], single: Mapping[str, float]) -> Qubit:
    t1 = values.get("T1", 0.0)
    readout = values["readout_error"]
    return Qubit(
        t1=t1,
        t2=min(values.get("T2", 0.0), 2 * t1),
        gate_error=single["gate_error"],
        gate_seconds=single["gate_length"],
        flip01=values.get("prob_meas1_prep0", readout),
        flip10=values.get("prob_meas0_prep1", readout),
        readout_seconds=values["readout_length"],
    )


def _works(qubit: Qubit) -> bool:
    errors = (qubit.gate_error, qubit.flip01, qubit.flip10)
    return qubit.t1 > 0 and qubit.t2 > 0 and max(errors) < BROKEN


def _couplers(properties: Mapping[str, Any], alive: set[int]) -> dict[tuple[int, int], tuple[float, float]]:
    """Of two directions the worse: a CZ has none."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for gate in _of(properties, "cz"):
        i, j = sorted(gate["qubits"])
        values = _values(gate["parameters"])
        both = (values["gate_error"], values["gate_length"])
        found[i, j] = max(found.get((i, j), both), both)
    return {
        pair: values
        for pair, values in sorted(found.items())
        if values[0] < BROKEN and alive.issuperset(pair)
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")
