"""Samples of one register to answers: repair, local search, and every arm measured alike, whatever the family."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.register_shots import Shots

BINS = 20
CANDIDATES = 10
_ROUNDING = 1e-9  # of the largest objective: two ways of adding up the same terms differ by less


class Table(Protocol):
    """Everything about all 2^n states of a register, made once and looked up by every arm.

    `energy` (2^n,) is what the circuit minimises; `objective` (2^n,) what counts, of the complete answer, whole
    numbers where it is whole; `excess` (2^n,) how far the rules are broken, 0 where they are kept. `symmetric`:
    a state and its complement are the same answer. `repair` and `one_opt` map states (b,) to states (b,).
    """

    @property
    def energy(self) -> Floats: ...
    @property
    def objective(self) -> Ints | Floats: ...
    @property
    def excess(self) -> Ints: ...
    @property
    def qubits(self) -> int: ...
    @property
    def symmetric(self) -> bool: ...

    def repair(self, states: Ints) -> Ints: ...
    def one_opt(self, states: Ints) -> Ints: ...

    def checked(self, state: int) -> float:
        """The objective of a state by a checker that shares no code with `objective`; raises where they differ."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One source of bit strings, before (`shots`) and after (`polished`, same order) post-processing."""

    name: str
    shots: Shots
    polished: Ints
    seconds: float


def polish(table: Table, name: str, shots: Shots, seconds: float = 0.0) -> Arm:
    """Post-processing, the same for every arm; `seconds` it took to get the shots are added.

    Repair, then 1-opt on the circuit's energy. That energy may only approximate the objective, so each shot
    keeps the repaired state where 1-opt made the objective worse.
    """
    begun = time.perf_counter()
    repaired = table.repair(shots.states)
    descended = table.one_opt(repaired)
    better = (table.excess[descended] < table.excess[repaired]) | (
        (table.excess[descended] == table.excess[repaired])
        & (table.objective[descended] < table.objective[repaired])
    )
    polished = np.where(better, descended, repaired)
    return Arm(name, shots, polished, seconds + time.perf_counter() - begun)


def arm_summary(table: Table, arm: Arm, target: float, *, raw: bool) -> dict[str, Any]:
    """JSON of one arm; `raw` looks at the shots as measured. Objectives come from the checker.

    `hit_rate` is the share of all shots at or below `target`, `best_rate` that of the best state there is.
    """
    states, total = arm.shots.states if raw else arm.polished, arm.shots.total
    feasible = table.excess[states] == 0
    seen, reached = arm.shots.seen[feasible], table.objective[states][feasible]
    best = int(states[feasible][reached.argmin()]) if len(reached) else None
    lowest = _lowest(table)
    slack = rounding(table)

    def share(count: Any) -> float:
        return float(count) / total if total else 0.0

    return {
        "objective": None if best is None else table.checked(best),
        "bits": None if best is None else bits_of(table, best),
        "shots": total,
        "feasible_share": share(seen.sum()),
        "hit_rate": share(seen[reached <= target + slack].sum()),
        "best_rate": share(seen[reached <= lowest + slack].sum()),
        "mean_objective": float(np.average(reached, weights=seen)) if len(reached) else None,
        "seconds": arm.seconds,
    }


def _lowest(table: Table) -> float:
    feasible = table.objective[table.excess == 0]
    return float(feasible.min()) if len(feasible) else np.inf


def rounding(table: Table) -> float:
    """How far two equal objectives may lie apart: nothing for whole numbers."""
    if np.issubdtype(table.objective.dtype, np.integer):
        return 0.0
    return _ROUNDING * float(np.abs(table.objective[table.excess == 0]).max(initial=0.0))


def exact_summary(table: Table) -> dict[str, Any] | None:
    """The best state there is, by enumeration: what no sample can beat. Feasible share is of all states."""
    feasible = np.flatnonzero(table.excess == 0)
    if not len(feasible):
        return None
    best = int(feasible[table.objective[feasible].argmin()])
    return {
        "objective": table.checked(best),
        "bits": bits_of(table, best),
        "feasible_share": len(feasible) / len(table.objective),
    }


def bits_of(table: Table, state: int) -> str:
    """A state's number as it is measured: qubit 0 leftmost."""
    return f"{state:0{table.qubits}b}"


def histogram(table: Table, arms: Sequence[Arm], marks: Mapping[str, float]) -> dict[str, Any]:
    """Shots by objective in common bins, as measured (`<arm>_raw`) and after post-processing (`<arm>`).

    Shots that break a rule have no place on the axis and are counted in `rules` instead. `marks` are the
    objectives to draw beside the bars; the bins reach from the best state seen to the worst one.
    """
    found = {
        arm.name + stage: (states[table.excess[states] == 0], arm.shots.seen[table.excess[states] == 0])
        for arm in arms
        for stage, states in (("_raw", arm.shots.states), ("", arm.polished))
    }
    reached = [table.objective[states] for states, _ in found.values() if len(states)]
    low, high = (
        (float(min(map(np.min, reached))), float(max(map(np.max, reached)))) if reached else (0.0, 1.0)
    )
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    return {
        "edges": edges.tolist(),
        "counts": {
            name: np.histogram(table.objective[states], edges, weights=seen)[0].astype(int).tolist()
            for name, (states, seen) in found.items()
        },
        "marks": dict(marks),
    }


def rules_kept(table: Table, arm: Arm, rule: str) -> dict[str, Any]:
    """How many shots kept every rule, and why the others did not; `rule` names what `excess` counts, "" nothing."""
    broken = table.excess[arm.shots.states] > 0
    stuck = table.excess[arm.polished] > 0
    count = int(arm.shots.seen[broken].sum())
    total = arm.shots.total
    return {
        "valid_share": (total - count - arm.shots.unreadable) / total if total else 0.0,
        "broken": {**({rule: count} if rule else {}), "not a bit string": arm.shots.unreadable},
        "repaired": count - int(arm.shots.seen[broken & stuck].sum()),
    }


def candidates(table: Table, arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """The best distinct answers found by any arm, best first, with how often each arm ended there."""
    seen: dict[int, dict[str, int]] = {}
    full = len(table.objective) - 1
    for arm in arms:
        for state, count in zip(arm.polished.tolist(), arm.shots.seen.tolist(), strict=True):
            if table.excess[state] == 0:
                one = min(state, full ^ state) if table.symmetric else state
                by_arm = seen.setdefault(one, {})
                by_arm[arm.name] = by_arm.get(arm.name, 0) + count
    ranked = sorted(seen, key=lambda state: (table.objective[state].item(), state))[:CANDIDATES]
    return [
        {
            "rank": rank,
            "objective": table.objective[state].item(),
            "bits": bits_of(table, state),
            "seen": seen[state].get("quantum", 0),
            "found_by": {name: seen[state][name] for name in sorted(seen[state])},
        }
        for rank, state in enumerate(ranked, start=1)
    ]
