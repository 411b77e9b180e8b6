"""Samples to solutions: decode, repair, local search, exact order, and every arm treated alike."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.ports import SampleSet
from hybridops.solvers.problem import Floats, Ints
from hybridops.solvers.routes import check_solution
from hybridops.solvers.split import SplitTable

BINS = 20
CANDIDATES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """Distinct measured `states` with how often each was seen; `unreadable` shots fit no register."""

    states: Ints
    seen: Ints
    unreadable: int

    @property
    def total(self) -> int:
        return int(self.seen.sum()) + self.unreadable


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One source of bit strings, before (`shots`) and after (`polished`, same order) post-processing."""

    name: str
    shots: Shots
    polished: Ints
    seconds: float


def read_samples(samples: Sequence[SampleSet], qubits: int) -> Shots:
    """All counts together. Strings of another length or alphabet, and odd counts, are not believed."""
    merged: dict[int, int] = {}
    unreadable = 0
    for part in samples:
        for bits, count in part.counts.items():
            whole = isinstance(count, int) and not isinstance(count, bool) and count >= 0
            if not whole:
                continue
            if len(bits) == qubits and set(bits) <= {"0", "1"}:
                merged[int(bits, 2)] = merged.get(int(bits, 2), 0) + count
            else:
                unreadable += count
    kept = sorted((state, count) for state, count in merged.items() if count)
    table = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return Shots(table[:, 0], table[:, 1], unreadable)


def random_shots(qubits: int, count: int, seed: Sequence[int]) -> Shots:
    """The control: `count` uniformly random states, the same for the same seed."""
    drawn = np.random.default_rng(list(seed)).integers(0, 1 << qubits, count)
    return Shots(*np.unique(drawn, return_counts=True), unreadable=0)


def drawn_shots(probabilities: Floats, count: int, seed: Sequence[int]) -> Shots:
    """`count` shots of an ideal device with that distribution (2^m,)."""
    drawn = np.random.default_rng(list(seed)).multinomial(count, probabilities)
    states = np.flatnonzero(drawn)
    return Shots(states, drawn[states], unreadable=0)


def polish(table: SplitTable, name: str, shots: Shots, seconds: float = 0.0) -> Arm:
    """Post-processing, the same for every arm; `seconds` it took to get the shots are added.

    Repair, then 1-opt on the QUBO's energy. That energy only approximates length, so each shot keeps the
    repaired split where 1-opt made the exact length worse.
    """
    begun = time.perf_counter()
    repaired = table.repair(shots.states)
    descended = table.one_opt(repaired)
    better = (table.excess[descended] < table.excess[repaired]) | (
        (table.excess[descended] == table.excess[repaired])
        & (table.length[descended] < table.length[repaired])
    )
    polished = np.where(better, descended, repaired)
    return Arm(name, shots, polished, seconds + time.perf_counter() - begun)


def arm_summary(table: SplitTable, arm: Arm, target: float, *, raw: bool) -> dict[str, Any]:
    """JSON of one arm; `raw` looks at the shots as measured. Objectives come from the checker.

    `hit_rate` is the share of all shots at or below `target`, `best_rate` that of the best split there is.
    """
    states, total = arm.shots.states if raw else arm.polished, arm.shots.total
    feasible = table.excess[states] == 0
    seen, length = arm.shots.seen[feasible], table.length[states][feasible]
    best = int(states[feasible][length.argmin()]) if len(length) else None
    lowest = table.length[table.excess == 0].min()

    def share(count: Any) -> float:
        return float(count) / total if total else 0.0

    return {
        "objective": None if best is None else check_solution(table.split.problem, table.solution(best)),
        "bits": None if best is None else bits_of(table, best),
        "shots": total,
        "feasible_share": share(seen.sum()),
        "hit_rate": share(seen[length <= target].sum()),
        "best_rate": share(seen[length == lowest].sum()),
        "mean_objective": float(np.average(length, weights=seen)) if len(length) else None,
        "seconds": arm.seconds,
    }


def bits_of(table: SplitTable, state: int) -> str:
    """A state's number as it is measured: qubit 0 leftmost."""
    return f"{state:0{table.split.qubits}b}"


def histogram(table: SplitTable, arms: Sequence[Arm], marks: Mapping[str, float]) -> dict[str, Any]:
    """Shots by objective in common bins, as measured (`<arm>_raw`) and after post-processing (`<arm>`).

    Overloaded shots have no place on the axis and are counted in `rules` instead. `marks` are the
    objectives to draw beside the bars; the bins reach from the best split to the worst one seen.
    """
    found = {
        arm.name + stage: (states[table.excess[states] == 0], arm.shots.seen[table.excess[states] == 0])
        for arm in arms
        for stage, states in (("_raw", arm.shots.states), ("", arm.polished))
    }
    lengths = [table.length[states] for states, _ in found.values() if len(states)]
    low, high = (min(map(np.min, lengths)), max(map(np.max, lengths))) if lengths else (0, 1)
    edges = np.linspace(float(low), float(max(high, low + 1)), BINS + 1)
    return {
        "edges": edges.tolist(),
        "counts": {
            name: np.histogram(table.length[states], edges, weights=seen)[0].astype(int).tolist()
            for name, (states, seen) in found.items()
        },
        "marks": dict(marks),
    }


def rules_kept(table: SplitTable, arm: Arm) -> dict[str, Any]:
    """How many shots kept every rule, and why the others did not."""
    overloaded = table.excess[arm.shots.states] > 0
    stuck = table.excess[arm.polished] > 0
    broken = int(arm.shots.seen[overloaded].sum())
    total = arm.shots.total
    return {
        "valid_share": (total - broken - arm.shots.unreadable) / total if total else 0.0,
        "broken": {"a route above capacity": broken, "not a bit string": arm.shots.unreadable},
        "repaired": broken - int(arm.shots.seen[overloaded & stuck].sum()),
    }


def candidates(table: SplitTable, arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """The best distinct splits found by any arm, best first, with how often each arm ended there."""
    seen: dict[int, dict[str, int]] = {}
    full = len(table.energy) - 1
    for arm in arms:
        for state, count in zip(arm.polished.tolist(), arm.shots.seen.tolist(), strict=True):
            if table.excess[state] == 0:
                one = min(state, full ^ state) if table.split.symmetric else state
                by_arm = seen.setdefault(one, {})
                by_arm[arm.name] = by_arm.get(arm.name, 0) + count
    ranked = sorted(seen, key=lambda state: (int(table.length[state]), state))[:CANDIDATES]
    return [
        {
            "rank": rank,
            "objective": int(table.length[state]),
            "bits": bits_of(table, state),
            "seen": seen[state].get("quantum", 0),
            "found_by": {name: seen[state][name] for name in sorted(seen[state])},
            "paths": paths_of(table, state),
        }
        for rank, state in enumerate(ranked, start=1)
    ]


def paths_of(table: SplitTable, state: int) -> list[list[str]]:
    """Both re-split paths as labels, their fixed ends included."""
    split, full = table.split, len(table.energy) - 1
    paths = []
    for path, subset in ((0, full ^ state), (1, state)):
        inner = [split.stops[at] for at in table.paths.order(path, subset)]
        nodes = [split.ends[path][0], *inner, split.ends[path][1]]
        paths.append([split.problem.labels[node] for node in nodes])
    return paths
