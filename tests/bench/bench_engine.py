"""CPU time of a QAOA evaluation beside Aer's estimator, memory, growth, and what training 20 qubits takes.

One thread and process CPU time but for training, which is wall time of two threads. Ours in float32 and in
float64; Aer is float64. Rounds of both are interleaved in one run and the median is told. The cost is the
leading block of the published gka1b where the folder of public data lies beside the checkout, else a random
one. Aer gets the circuit bound-ready (transpiled once), and evaluates the diagonal cost as a sum of Paulis.

HYBRIDOPS_QOKIT names a Python that has QOKit, to measure it as well. HYBRIDOPS_BENCH_QUBITS lowers the largest size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np

from hybridops.bootstrap import ROOT
from hybridops.solvers import closed_form
from hybridops.solvers.ising import Ising, cost_diagonal
from hybridops.solvers.problem import Floats
from hybridops.solvers.qaoa import Qaoa

LARGEST = int(os.environ.get("HYBRIDOPS_BENCH_QUBITS", "20"))
ROUNDS = {12: 9, 16: 5, 20: 3}
AER_SETS = {12: 32, 16: 8, 20: 2}  # circuits in one call, so that what a call costs is shared
PRECISIONS = {"f32": np.float32, "f64": np.float64}
TRAINED, CVAR = 100, 0.1
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child with one thread a library; figures come as they are found."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from tests.bench import bench_engine as b; b.main()"],
        cwd=ROOT, env=os.environ | _ONE_THREAD, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout
    for line in child.stdout:
        yield json.loads(line)
    if child.wait():
        raise subprocess.CalledProcessError(child.returncode, child.args)


def main() -> None:
    sizes = [qubits for qubits in ROUNDS if qubits <= LARGEST]
    for qubits in sizes:
        _beside_aer(qubits)
    _growth()
    _bandwidth(sizes[-1])
    _memory(sizes[-1])
    _training(sizes[-1])
    _qokit(sizes[-1])


def told(
    name: str, value: float, unit: str, n: int, against: str | None = None, ratio: float | None = None
) -> None:
    rounded = None if ratio is None else float(f"{ratio:.3g}")
    figure = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "n": n}
    print(json.dumps({**figure, "against": against, "ratio": rounded}), flush=True)


def dense(qubits: int) -> tuple[Ising, str]:
    """A dense QUBO as spins and where it is from."""
    path = ROOT.parent / "shared" / "data" / "qubo" / "gka1b.sparse"
    rng = np.random.default_rng(1)
    quadratic = np.triu(rng.integers(-63, 101, (20, 20))).astype(float)
    if path.is_file():
        quadratic = np.zeros((20, 20))
        for line in path.read_text().splitlines()[1:]:
            i, j, value = line.split()
            quadratic[int(i) - 1, int(j) - 1] = float(value)
    quadratic = np.triu(quadratic)[:qubits, :qubits]
    both = quadratic + np.triu(quadratic, k=1).T
    ising = Ising(0.0, -both.sum(axis=1) / 2, np.triu(both, k=1) / 2)
    return ising, "gka1b" if path.is_file() else "random"


def simulator(ising: Ising, dtype: Any, workers: int = 1) -> Qaoa:
    return Qaoa((cost_diagonal(ising) / ising.scale).astype(dtype), workers=workers)


def _beside_aer(qubits: int) -> None:
    """p = 1; both over many circuits a call, so that what a call costs is shared; they must agree."""
    ising, name = dense(qubits)
    aer = _aer(ising)
    ours = {precision: simulator(ising, dtype) for precision, dtype in PRECISIONS.items()}
    many, few = max(4, (1 << 18) >> qubits), AER_SETS[qubits]
    rng = np.random.default_rng(qubits)
    gammas, betas = rng.random((2, many, 1))
    times: dict[str, list[float]] = {key: [] for key in (*ours, "closed", "aer")}
    for _ in range(ROUNDS[qubits]):
        for precision, qaoa in ours.items():
            spent, found = _cpu(lambda qaoa=qaoa: qaoa.expectation(gammas, betas))  # type: ignore[misc]
            times[precision].append(spent / many)
        spent, energies = _cpu(lambda: aer(gammas[:few, 0] / ising.scale, betas[:few, 0]))
        times["aer"].append(spent / few)
        assert np.allclose(energies / ising.scale, found[:few], rtol=0, atol=1e-9)
        spent, found = _cpu(lambda: closed_form.expectation(ising, gammas[:, 0] / ising.scale, betas[:, 0]))
        times["closed"].append(spent / many)
        assert np.allclose(energies, found[:few], rtol=0, atol=1e-9 * ising.scale)
    theirs, closed = median(times["aer"]), median(times["closed"])
    told(
        f"closed form f64, {name} n={qubits} p=1",
        closed,
        "ms",
        len(times["closed"]),
        "Aer's time",
        closed / theirs,
    )
    told(f"Aer / closed form f64, n={qubits} p=1", theirs / closed, "times", len(times["closed"]))
    told(f"Aer EstimatorV2, f64, {name} n={qubits} p=1", theirs, "ms", len(times["aer"]))
    for precision in ours:
        mine = median(times[precision])
        told(
            f"expectation {precision}, {name} n={qubits} p=1",
            mine,
            "ms",
            len(times[precision]),
            "Aer's time",
            mine / theirs,
        )
        told(f"Aer / ours {precision}, n={qubits} p=1", theirs / mine, "times", len(times[precision]))


def _aer(ising: Ising) -> Callable[[Floats, Floats], Floats]:
    """<C> of circuits (b,) by Aer's EstimatorV2 for unscaled angles, everything that can be made before made."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit import Parameter
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator
    from qiskit_aer.primitives import EstimatorV2

    gamma, beta = Parameter("gamma"), Parameter("beta")
    circuit = QuantumCircuit(ising.qubits)
    circuit.h(range(ising.qubits))
    terms: list[tuple[str, list[int], float]] = []
    for i, j, value in ising.document()["couplings"]:
        circuit.rzz(2 * value * gamma, i, j)
        terms.append(("ZZ", [i, j], value))
    for i, value in enumerate(ising.fields.tolist()):
        circuit.rz(2 * value * gamma, i)
        terms.append(("Z", [i], value))
    circuit.rx(-2 * beta, range(ising.qubits))
    options = {"backend_options": {"max_parallel_threads": 1, "method": "statevector"}}
    made = transpile(circuit, AerSimulator(), optimization_level=1)
    cost = SparsePauliOp.from_sparse_list(terms, num_qubits=ising.qubits)
    estimator = EstimatorV2(options=options)

    def energy(gammas: Floats, betas: Floats) -> Floats:
        values = {gamma: gammas, beta: betas}
        ordered = np.stack([values[parameter] for parameter in made.parameters], axis=1)
        return np.asarray(estimator.run([(made, cost, ordered)], precision=0.0).result()[0].data.evs)

    return energy


def _cpu(what: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of process CPU time, and the result."""
    began = process_time()
    found = what()
    return (process_time() - began) * 1000, found


def _growth() -> None:
    """From 12 qubits up, p = 1 and 3, in ms of CPU and in ns an amplitude and layer."""
    rng = np.random.default_rng(2)
    for qubits in range(12, LARGEST + 1, 2):
        for precision, dtype in PRECISIONS.items():
            qaoa = simulator(dense(qubits)[0], dtype)
            for layers in (1, 3):
                gammas, betas = rng.random((2, max(2, (1 << 18) >> qubits), layers))
                qaoa.expectation(gammas, betas)
                spent = median(
                    _cpu(lambda q=qaoa, g=gammas, b=betas: q.expectation(g, b))[0] for _ in range(5)
                ) / len(gammas)  # type: ignore[misc]
                told(f"growth {precision} n={qubits} p={layers}", spent, "ms", 5)
                told(
                    f"growth {precision} n={qubits} p={layers}, an amplitude and layer",
                    spent * 1e6 / (1 << qubits) / layers,
                    "ns",
                    5,
                )
        closed = simulator(dense(qubits)[0], np.float32)
        told(
            f"CVaR {CVAR} f32 n={qubits} p=1",
            _cpu(lambda q=closed: q.cvar(np.full((2, 1), 0.4), np.full((2, 1), 0.3), CVAR))[0] / 2,
            "ms",
            2,
        )  # type: ignore[misc]


def _bandwidth(qubits: int) -> None:
    """An evaluation beside what moving its state through memory once takes: a copy of both halves."""
    ising, _ = dense(qubits)
    rng = np.random.default_rng(3)
    gammas, betas = rng.random((2, 4, 1))
    for precision, dtype in PRECISIONS.items():
        qaoa = simulator(ising, dtype)
        state, other = np.ones((2, 2, 1 << qubits), dtype)
        spent: list[tuple[float, float]] = []
        for _ in range(5):
            copied = _cpu(lambda a=state, b=other: [np.copyto(b, a) for _ in range(4)])[0] / 4  # type: ignore[misc]
            spent.append((_cpu(lambda q=qaoa: q.expectation(gammas, betas))[0] / 4, copied))  # type: ignore[misc]
        mine, copy = (median(column) for column in zip(*spent, strict=True))
        told(f"expectation {precision} n={qubits} p=1", mine, "ms", 5, "one copy of the state", mine / copy)


def _memory(qubits: int) -> None:
    """Buffers and cost over the state's own bytes (two numbers an amplitude), with one thread and with two."""
    ising, _ = dense(qubits)
    for precision, dtype in PRECISIONS.items():
        for workers in (1, 2):
            qaoa = simulator(ising, dtype, workers)
            state = 2 * qaoa.cost.nbytes
            told(
                f"working memory {precision} n={qubits}, threads: {workers}",
                qaoa.nbytes / 2**20,
                "MiB",
                1,
                "the state",
                qaoa.nbytes / state,
            )


def _training(qubits: int) -> None:
    """100 angle sets, cost and buffers made inside the time, wall seconds of two threads; the bits are one thread's."""
    ising, name = dense(qubits)
    rng = np.random.default_rng(3)
    for layers in (1, 3):
        gammas, betas = rng.random((2, TRAINED, layers))
        for precision, dtype in PRECISIONS.items():
            began, worked = perf_counter(), process_time()
            found = simulator(ising, dtype, 2).expectation(gammas, betas)
            wall, worked = perf_counter() - began, process_time() - worked
            assert np.array_equal(found[:4], simulator(ising, dtype).expectation(gammas[:4], betas[:4]))
            told(
                f"{TRAINED} angle sets {precision}, {name} n={qubits} p={layers}, two threads, wall",
                wall,
                "s",
                1,
            )
            told(
                f"{TRAINED} angle sets {precision}, {name} n={qubits} p={layers}, two threads, CPU",
                worked,
                "s",
                1,
            )


_PEER = """
import json, sys, time
import numpy as np
from qokit.fur import choose_simulator
costs, gammas, betas = (np.array(x) for x in json.load(sys.stdin))
simulator = choose_simulator(name="auto")(int(np.log2(len(costs))), costs=costs)
times = []
for gamma, beta in zip(gammas, betas):
    began = time.process_time()
    simulator.get_expectation(simulator.simulate_qaoa([2 * gamma], [-beta]))
    times.append((time.process_time() - began) * 1000)
print(json.dumps([type(simulator).__name__, sorted(times)[len(times) // 2]]))
"""


def _qokit(qubits: int) -> None:
    """QOKit in an environment of its own; without one the log says so."""
    python = os.environ.get("HYBRIDOPS_QOKIT")
    if not python:
        print("QOKit was not measured: HYBRIDOPS_QOKIT names no Python that has it.", file=sys.stderr)
        return
    ising, name = dense(qubits)
    gammas, betas = np.random.default_rng(4).random((2, 5))
    asked = json.dumps([(cost_diagonal(ising) / ising.scale).tolist(), gammas.tolist(), betas.tolist()])
    done = subprocess.run([python, "-c", _PEER], input=asked, text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        print(f"QOKit was not measured: {python} could not run it.", file=sys.stderr)
        return
    kind, theirs = json.loads(done.stdout)
    qaoa = simulator(ising, np.float64)
    mine = median(_cpu(lambda: qaoa.expectation(gammas[:, None], betas[:, None]))[0] for _ in range(5)) / 5
    told(f"QOKit {kind}, f64, {name} n={qubits} p=1", theirs, "ms", 5)
    told(f"expectation f64, {name} n={qubits} p=1", mine, "ms", 5, f"QOKit's time ({kind})", mine / theirs)
