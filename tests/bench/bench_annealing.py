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
ROUNDS, OFFERS = 3, 4_000_000  # spins offered a flip in a round


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
    """The median of rounds in which all take turns."""
    from hybridops.solvers.annealing import anneal
    from hybridops.solvers.heuristics import simulated_annealing

    n = qubo.variables
    rates: dict[int, list[float]] = {replicas: [] for replicas in (0, *REPLICAS)}
    for seed in range(ROUNDS):
        for replicas, found in rates.items():
            begun = process_time()
            if replicas:
                anneal(qubo, seed=seed, replicas=replicas, sweeps=max(1, OFFERS // (n * replicas)))
                offers = n * replicas * max(1, OFFERS // (n * replicas))
            else:
                simulated_annealing(qubo, seed=seed, runs=max(1, OFFERS // (n * 200)), sweeps=200)
                offers = n * 200 * max(1, OFFERS // (n * 200))
            found.append(offers / (process_time() - begun) / 1e6)
    peer = median(rates[0])
    _told(f"{name}: D-Wave's sampler", peer, "million offers a second", ROUNDS)
    for replicas in REPLICAS:
        rate = median(rates[replicas])
        _told(
            f"{name}: {replicas} replicas",
            rate,
            "million offers a second",
            ROUNDS,
            "D-Wave's sampler",
            rate / peer,
        )


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
