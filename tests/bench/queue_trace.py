"""Real queues as a world to replay: pending jobs by machine and mark, success by machine, and a generated load."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MARK = 300.0
SERVICE = 30.0  # seconds for one pending job
QUBITS = (5, 7, 12, 20, 25)
HOURLY, MEDIAN, SIGMA, DEADLINE = 40.0, 10.0, 0.8, 7200.0
FOLDER = Path(__file__).parents[3] / "shared" / "data" / "qpu"


@dataclass(frozen=True, slots=True)
class Machine:
    """`pending` and `active` by mark; e and r are the medians of two-qubit gates and readout."""

    name: str
    qubits: int
    gate_error: float
    readout_error: float
    pending: np.ndarray
    active: np.ndarray

    def success(self, qubits: int) -> float:
        return float((1 - self.gate_error) ** (2 * qubits) * (1 - self.readout_error) ** qubits)

    def served_at(self, moment: float, end: float) -> float:
        """When all that is pending at the last mark is served; infinity where that is after `end`."""
        mark = int(moment // MARK)
        left, now = float(self.pending[mark]) * SERVICE, moment
        while now < end:
            until = min((int(now // MARK) + 1) * MARK, end)
            if self.active[int(now // MARK)]:
                if left <= until - now:
                    return now + left
                left -= until - now
            now = until
        return float("inf")


@dataclass(frozen=True, slots=True)
class Job:
    came: float
    qubits: int
    seconds: float


def machines(folder: Path = FOLDER) -> list[Machine]:
    """Those of the trace with a calibration, by name."""
    known = dict(_calibration(folder / "ibm_fake_backends_calibration.txt"))
    rows: dict[str, list[tuple[int, float, bool]]] = {}
    with gzip.open(folder / "ibm_queue_5min.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            seen = (int(row["ts"]), float(row["pending_median"]), row["status_msg"] == "active")
            rows.setdefault(row["backend"].partition("_")[2], []).append(seen)
    first = min(row[0][0] for row in rows.values())
    last = max(row[-1][0] for row in rows.values())
    return [_machine(name, *known[name], rows[name], first, last) for name in sorted(rows) if name in known]


def _machine(
    name: str,
    qubits: int,
    gate: float,
    readout: float,
    seen: list[tuple[int, float, bool]],
    first: int,
    last: int,
) -> Machine:
    """A mark that is missing stands as the one before."""
    marks = int((last - first) // MARK) + 1
    pending, active, at = np.zeros(marks), np.zeros(marks, dtype=bool), 0
    for mark in range(marks):
        while at + 1 < len(seen) and seen[at + 1][0] <= first + mark * MARK:
            at += 1
        pending[mark], active[mark] = seen[at][1], seen[at][2]
    return Machine(name, qubits, gate, readout, pending, active)


def _calibration(file: Path) -> list[tuple[str, tuple[int, float, float]]]:
    found = []
    for line in file.read_text().splitlines():
        name, qubits, _, _, _, gates, readout, *_ = *(part.strip() for part in line.split("|")), *[""] * 7
        if "(" in gates:
            found.append((name.removeprefix("fake_"), (int(qubits), _commonest(gates), float(readout))))
    return found


def _commonest(gates: str) -> float:
    """The median error of the two-qubit gate of which there are most: `{'ecr': (14, 0.01), 'cx': (12, 0.007)}`."""
    pairs = [part.split(",") for part in gates.replace("{", "").replace("}", "").split("(")[1:]]
    counted = [(int(count), float(error.split(")")[0])) for count, error, *_ in pairs]
    return max(counted)[1]


def load(start: float, end: float, seed: int = 1117) -> list[Job]:
    """A Poisson stream over the whole trace, of which the jobs between two moments are answered."""
    rng = np.random.default_rng(seed)
    jobs, now = [], 0.0
    while now < end:
        now += rng.exponential(3600.0 / HOURLY)
        qubits, seconds = int(rng.choice(QUBITS)), float(rng.lognormal(np.log(MEDIAN), SIGMA))
        if start <= now < end:
            jobs.append(Job(now, qubits, seconds))
    return jobs


def best(fleet: Sequence[Machine], qubits: int) -> float:
    """The highest success among machines that fit."""
    return max(machine.success(qubits) for machine in fleet if machine.qubits >= qubits)
