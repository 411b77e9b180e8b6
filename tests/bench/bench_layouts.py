"""What a kept layout saves: CPU a compilation with and without it, beside one transpilation as usual, and what it gains.

The same circuits, one thread; a first look-up transpiles twenty times, later ones bind.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np

from hybridops.bootstrap import ROOT
from hybridops.providers.qasm import Circuit, Gate

ROUNDS = 9
SHAPES = {"dense, 12 qubits": (12, 1, True), "ring with chords, 14 qubits": (14, 1, False), "dense, 8 qubits, p = 3": (8, 3, True)}  # fmt: skip


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child with one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", "from tests.bench import bench_layouts as b; b.main()"],
        cwd=ROOT, env=os.environ | one, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        name, value, unit, against, ratio = line.split("\t")
        yield {
            "name": name, "value": float(value), "unit": unit, "n": ROUNDS,
            "against": against or None, "ratio": float(ratio) if ratio else None,
        }  # fmt: skip


def main() -> None:
    for device in ("heron-torino", "nighthawk-miami"):
        for label, shape in SHAPES.items():
            with TemporaryDirectory() as folder:
                _measure(f"{device}, {label}", device, shape, Path(folder))


def _measure(label: str, device: str, shape: tuple[int, int, bool], kept: Path) -> None:
    from hybridops.providers.compiling import for_device

    usual = [_usual(qaoa(shape, seed), device, seed) for seed in range(ROUNDS)]
    began = process_time()
    for_device(qaoa(shape, 0), "local", device, kept=kept)
    first = process_time() - began
    later, success = [], []
    for seed in range(1, ROUNDS + 1):
        began = process_time()
        success.append(for_device(qaoa(shape, seed), "local", device, kept=kept).fidelity or 0.0)
        later.append(process_time() - began)
    once, chance = median(each[0] for each in usual), median(each[1] for each in usual)
    _told(f"{label}: first", first * 1000, "ms", "one transpilation", first / once)
    _told(f"{label}: kept", median(later) * 1000, "ms", "one transpilation", median(later) / once)
    _told(f"{label}: expected success", median(success), "", "one transpilation", median(success) / chance)


def _usual(circuit: Circuit, device: str, seed: int) -> tuple[float, float]:
    """CPU seconds and expected success of one transpilation at level 3 with the coefficients in it."""
    from qiskit.transpiler import generate_preset_pass_manager

    from hybridops.providers.bridge import from_qiskit, target_of, to_qiskit
    from hybridops.providers.devices import device as machine_of
    from hybridops.providers.noise import expected_success, schedule

    machine, (physical, target) = machine_of(device), target_of(machine_of(device))
    began = process_time()
    manager = generate_preset_pass_manager(3, target=target, seed_transpiler=seed)
    found = from_qiskit(manager.run(to_qiskit(circuit, circuit.qubits)), physical, ())
    took = process_time() - began
    return took, expected_success(found, schedule(found, machine), machine)


def qaoa(shape: tuple[int, int, bool], seed: int) -> Circuit:
    """Coefficients of its own on one structure."""
    (qubits, layers, dense), rng = shape, np.random.default_rng(seed)
    chords = [(i, (i + 1) % qubits) for i in range(qubits)] + [
        (i, i + qubits // 2) for i in range(qubits // 2)
    ]
    pairs = [(i, j) for i in range(qubits) for j in range(i + 1, qubits)] if dense else chords
    gates = [Gate("h", (qubit,)) for qubit in range(qubits)]
    for _ in range(layers):
        for pair in pairs:
            gates += [Gate("cx", pair), Gate("rz", pair[1:], float(rng.normal())), Gate("cx", pair)]
        gates += [Gate("rx", (qubit,), float(rng.normal())) for qubit in range(qubits)]
    return Circuit(tuple(range(qubits)), tuple(gates), tuple(range(qubits)))


def _told(name: str, value: float, unit: str, against: str, ratio: float) -> None:
    print(f"{name}\t{value:.4g}\t{unit}\t{against}\t{ratio:.4g}", flush=True)
