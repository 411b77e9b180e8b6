"""Who computes: a machine of the stage is an ideal simulator or a calibration snapshot of a real machine."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from hybridops.providers import qasm
from hybridops.providers.devices import Device, device
from hybridops.providers.fakecloud.faults import PARTIAL
from hybridops.trust.canonical import digest

IDEAL = ""
IDEAL_QUBITS = 20
PARTIAL_SHARE = 0.6


def prepare() -> None:
    """To be called before any thread computes: qiskit 2.6 crashes later if a thread that ends was first to
    import it, and a server's worker threads do end.
    """
    import qiskit.circuit  # noqa: F401


def machine(snapshot: str) -> Device | None:
    """The snapshot under a machine; None for the ideal one. Raises OSError where its files are missing."""
    return None if snapshot == IDEAL else device(snapshot)


def counts(text: str, snapshot: str, *, shots: int, seed: int, placed: bool) -> dict[str, int]:
    """What a circuit in our OpenQASM 3 gives. `placed`: it already is on the machine's own qubits and gates.

    Raises BadInput for a circuit that cannot run there. The counts depend on the arguments only.
    """
    from hybridops.providers import sampling

    if snapshot == IDEAL:
        circuit = qasm.parse(text, qubits_max=IDEAL_QUBITS)
        return sampling.sample_ideal(circuit, shots=shots, seed=seed)[0]
    there = qasm.parse(text if placed else _placed(text, snapshot))
    return sampling.sample_noisy(there, device(snapshot), shots=shots, seed=seed)[0]


@lru_cache(maxsize=64)
def _placed(text: str, snapshot: str) -> str:
    from hybridops.providers.compiling import for_device

    return for_device(qasm.parse(text), "fakecloud", snapshot).text


def shots_done(asked: int, fault: str) -> int:
    """How many shots a job completes."""
    return math.ceil(asked * PARTIAL_SHARE) if fault == PARTIAL else asked


def seed_of(job_id: str) -> int:
    return int(digest(job_id.encode())[:12], 16)


def calibration(snapshot: str) -> dict[str, Any]:
    found = machine(snapshot)
    return {} if found is None else found.calibration()
