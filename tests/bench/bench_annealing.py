"""Spin updates a second of our annealer in NumPy, beside D-Wave's sampler, on one core; and which values they reach.

CPU time of the process, one thread each, one after the other in turns. The published files lie in a `shared`
folder beside the checkout; without it there is nothing to measure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import process_time
from typing import Any

from hybridops.bootstrap import ROOT

FILES = [("qubo", "gka1d"), ("qubo", "gka5d"), ("qubo", "bqp250-1"), ("maxcut", "G1"), ("maxcut", "G22")]
REPLICAS = (64, 256, 1024)
ROUNDS, OFFERS, SWEEPS_MIN = 3, 4_000_000, 40  # a round offers so many spins a flip, in no fewer sweeps


def figures() -> Iterator[dict[str, Any]]:
    """Measured in a child, so that no library here has started threads."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", "from tests.bench import bench_annealing as b; b.main()"],
        cwd=ROOT, env=os.environ | one, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        name, value, unit, n, against, ratio = line.split("\t")
        yield {
            "name": name, "value": float(value), "unit": unit, "n": int(n),
            "against": against or None, "ratio": float(ratio) if ratio else None,
        }  # fmt: skip


def main() -> None:
    from tests.solvers.instances import read

    for kind, name in FILES:
        qubo, best = read(kind, name)
        _speed(name, qubo)
        _quality(name, qubo, best)


def _speed(name: str, qubo: Any) -> None:
    """The median of rounds in which all take turns, each with what it does before and after its sweeps."""
    sizes = (0, *REPLICAS)
    rounds = [[_rate(qubo, replicas, seed) for replicas in sizes] for seed in range(ROUNDS)]
    rates = [median(column) for column in zip(*rounds, strict=True)]
    _told(f"{name}: D-Wave's sampler", rates[0], "million offers a second", ROUNDS)
    for replicas, rate in zip(REPLICAS, rates[1:], strict=True):
        told = rate, "million offers a second", ROUNDS, "D-Wave's sampler", rate / rates[0]
        _told(f"{name}: {replicas} replicas", *told)


def _rate(qubo: Any, replicas: int, seed: int) -> float:
    """Millions of offers a second of CPU; no replicas: the peer, 200 sweeps a run."""
    from hybridops.solvers.annealing import anneal
    from hybridops.solvers.heuristics import simulated_annealing

    begun = process_time()
    if replicas:
        sweeps = max(SWEEPS_MIN, OFFERS // (qubo.variables * replicas))
        offers = anneal(qubo, seed=seed, replicas=replicas, sweeps=sweeps).updates
    else:
        runs = max(1, OFFERS // (qubo.variables * 200))
        simulated_annealing(qubo, seed=seed, runs=runs, sweeps=200)
        offers = qubo.variables * runs * 200
    return offers / (process_time() - begun) / 1e6


def _quality(name: str, qubo: Any, best: int) -> None:
    """Gap to the published value with the sizes that `anneal` has by itself."""
    from hybridops.solvers.annealing import anneal

    begun = process_time()
    gaps = [(anneal(qubo, seed=seed).energy - best) / abs(best) * 100 for seed in range(ROUNDS)]
    _told(f"{name}: gap to the published value", median(gaps), "%", ROUNDS)
    _told(f"{name}: that takes", (process_time() - begun) / ROUNDS, "s of one core", ROUNDS)


def _told(name: str, value: float, unit: str, n: int, against: str = "", ratio: float | None = None) -> None:
    print(
        f"{name}\t{value:.4g}\t{unit}\t{n}\t{against}\t{'' if ratio is None else f'{ratio:.3g}'}", flush=True
    )
