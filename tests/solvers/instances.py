"""Readers of the published QUBO, MaxCut and independent-set files, and energies in Python's whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from hybridops.solvers.qubo import Qubo
from tests.solvers.public import public

# name: best known value as its publisher gives it (shared/data/SOURCES.md), optimal but where it says otherwise there
QUBO = {
    "bqp50-1": -2098, "bqp50-3": -4626, "bqp50-5": -4012, "bqp50-7": -4520, "bqp100-1": -7970,
    "bqp100-3": -12723, "bqp100-5": -9083, "bqp250-1": -45607, "bqp250-3": -49037, "bqp500-1": -116586,
    "bqp500-2": -128339, "gka1b": -133, "gka2b": -121, "gka6a": -3980, "gka7a": -4541, "gka3b": -118,
    "gka1c": -5058, "gka1a": -3414, "gka4b": -129, "gka3a": -6037, "gka1d": -6333, "gka5d": -11626,
    "gka1e": -16464,
}  # fmt: skip
MAXCUT = {
    "g05_60.0": 536, "g05_60.2": 529, "g05_80.0": 929, "g05_100.0": 1430, "pm1s_80.0": 79, "w01_100.0": 651,
    "pw05_100.0": 8190, "t2g10_5555": 6049461, "t3g5_5555": 10933215, "t3g5_6666": 11582216,
    "ising3.0-100_5555": 2448189, "G1": 11624, "G2": 11620, "G11": 564, "G12": 556, "G22": 13359, "G48": 6000,
}  # fmt: skip
MIS = {
    "farm": 10, "karate": 20, "football": 16, "es60fst03": 55, "es60fst04": 78,
    "mammalia-kangaroo-interactions": 4, "johnson8-2-4": 7, "aves-sparrow-social": 13, "hamming6-4": 12,
}  # fmt: skip
KINDS = {"qubo": QUBO, "maxcut": MAXCUT, "mis": MIS}


def read(kind: str, name: str) -> tuple[Qubo, int]:
    """A cost to minimise, and its published best: -(cut) and -(size of the set) where the file maximises."""
    best = KINDS[kind][name]
    reader = {"qubo": _read_qubo, "maxcut": _read_maxcut, "mis": _read_mis}[kind]
    return reader(name), best if kind == "qubo" else -best


def _numbers(name: str) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    lines = public(name).decode().split("\n")
    rows = np.array([line.split() for line in lines[1:] if line.strip()], dtype=float)
    return int(lines[0].split()[0]), rows[:, 0].astype(int) - 1, rows[:, 1].astype(int) - 1, rows[:, 2]


def _read_qubo(name: str) -> Qubo:
    """x'Qx with the upper triangle listed: entries off the diagonal count twice."""
    n, i, j, value = _numbers(f"qubo/{name}.sparse")
    whole = np.zeros((n, n))
    np.add.at(whole, (np.minimum(i, j), np.maximum(i, j)), value)
    return Qubo(0.0, np.diag(whole).copy(), 2 * np.triu(whole, 1))


def _read_maxcut(name: str) -> Qubo:
    n, i, j, weight = _numbers(f"maxcut/{name}.mc")
    linear, quadratic = np.zeros(n), np.zeros((n, n))
    np.add.at(linear, i, -weight)
    np.add.at(linear, j, -weight)
    np.add.at(quadratic, (np.minimum(i, j), np.maximum(i, j)), 2 * weight)
    return Qubo(0.0, linear, quadratic)


def _read_mis(name: str) -> Qubo:
    """-1 a vertex, +2 an edge inside the set: no optimum pays for an edge."""
    lines = [line.split() for line in public(f"mis/{name}.gph").decode().split("\n") if line.strip()]
    n = next(int(parts[2]) for parts in lines if parts[0] == "p")
    quadratic = np.zeros((n, n))
    for parts in lines:
        if parts[0] == "e":
            i, j = sorted((int(parts[1]) - 1, int(parts[2]) - 1))
            quadratic[i, j] = 2.0
    return Qubo(0.0, -np.ones(n), quadratic)


def read_portfolio(name: str, ones: int) -> Qubo:
    """Equal weights on `ones` assets of an OR-Library file: half the variance less half the mean return."""
    numbers = np.array(public(f"portfolio/{name}.txt").decode().split(), dtype=float)
    n = int(numbers[0])
    mean, spread = numbers[1 : 1 + 2 * n].reshape(n, 2).T
    covariance = np.zeros((n, n))
    for i, j, correlation in numbers[1 + 2 * n :].reshape(-1, 3):
        a, b = int(i) - 1, int(j) - 1
        covariance[a, b] = covariance[b, a] = correlation * spread[a] * spread[b]
    whole = 0.5 * covariance / ones**2
    return Qubo(0.0, np.diag(whole) - 0.5 * mean / ones, 2 * np.triu(whole, 1))


def random_qubo(seed: int, n: int, density: float = 1.0, size: int = 9) -> Qubo:
    """Whole numbers from -size to size; each pair is there with probability `density`."""
    rng = np.random.default_rng(seed)
    there = rng.random((n, n)) < density
    quadratic = np.triu(rng.integers(-size, size + 1, (n, n)) * there, 1).astype(float)
    return Qubo(float(rng.integers(-5, 6)), rng.integers(-size, size + 1, n).astype(float), quadratic)


def all_bits(n: int) -> np.ndarray:
    return np.array(list(product((0, 1), repeat=n)), dtype=np.uint8)


def whole_energy(qubo: Qubo, bits: Sequence[int]) -> int:
    """The energy in Python's own integers, term by term; fails where a coefficient is not whole."""

    def whole(value: float) -> int:
        assert value == int(value)
        return int(value)

    ones = [i for i, bit in enumerate(bits) if bit]
    linear = sum(whole(qubo.linear[i]) for i in ones)
    pairs = sum(whole(qubo.quadratic[i, j]) for a, i in enumerate(ones) for j in ones[a + 1 :])
    return whole(qubo.offset) + linear + pairs
