"""Energies from counts: of every submission as measured and post-selected, and of as many random parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.solvers import pauli
from hybridops.solvers.paired import prepared, whole_pairs
from hybridops.solvers.problem import Floats
from hybridops.solvers.readout import (
    Reading,
    Setting,
    chances,
    damping,
    reading,
    rescaled,
    shared_out,
    together,
)
from hybridops.workflows.molecules_circuit import Plan, Point, references
from hybridops.workflows.molecules_loop import Loop, Round, kept, readings
from hybridops.workflows.register_shots import Shots

_DAMPING_MIN = 0.3  # below, noise would be multiplied more than it is removed


@dataclass(frozen=True, slots=True)
class Estimate:
    """One submission's energy at its point: `raw` as measured; `selected` with the shots read as Z post-selected on
    whole pairs of the right number; `answer` with what is read as X divided by `damping` as well, where the
    submission has references. `right` of `z_shots` have the right electrons of each spin, `whole` of them
    in whole pairs; `unreadable` fit no register.
    """

    centre: Point
    final: bool
    raw: Reading | None
    selected: Reading | None
    answer: Reading | None
    damping: Reading | None
    z_shots: int
    right: int
    whole: int
    unreadable: int

    @property
    def right_share(self) -> float:
        return self.right / self.z_shots if self.z_shots else 0.0

    def rules(self) -> dict[str, Any]:
        """The shots read as Z, and why the others do not count, as every family tells it."""
        broken = {
            "other electrons": self.z_shots - self.right - self.unreadable,
            "a broken pair": self.right - self.whole,
            "not a bit string": self.unreadable,
        }
        share = self.whole / self.z_shots if self.z_shots else 0.0
        return {"valid_share": share, "broken": broken, "repaired": 0}


def estimates(plan: Plan, loop: Loop, pairs: int) -> list[Estimate]:
    """One for each submission, in order."""
    return [_estimate(plan, one, pairs) for one in loop.rounds]


def _estimate(plan: Plan, found: Round, pairs: int) -> Estimate:
    qubits = plan.template.qubits
    parts = readings(plan, found, found.centre)
    selected = list(parts)
    z_shots = right = whole = unreadable = 0
    for at, setting in enumerate(plan.settings):
        shots = found.shots_at(found.centre, at)
        if shots is None or set(setting.bases) != {"Z"}:
            continue
        paired = kept(shots, whole_pairs(qubits, pairs))
        selected[at] = reading(setting, paired.states, paired.seen)
        z_shots, unreadable = z_shots + shots.total, unreadable + shots.unreadable
        right += kept(shots, pauli.sector(qubits, pairs, pairs)).total
        whole += paired.total
    damped = _damping(plan, found)
    answer = [
        rescaled(part, damped) if part is not None and damped is not None and "X" in setting.bases else part
        for part, setting in zip(selected, plan.settings, strict=True)
    ]
    return Estimate(
        found.centre,
        found.final,
        together(parts),
        together(selected),
        together(answer),
        damped,
        z_shots,
        right,
        whole,
        unreadable,
    )


def _damping(plan: Plan, found: Round) -> Reading | None:
    """The mean over all references; None where there are none, or where too little is left to divide by."""
    if not found.final:
        return None
    read = []
    for point, at, word in dict.fromkeys(references(plan)):
        shots = found.shots_at(point, at)
        one = damping(word, shots.states, shots.seen) if shots is not None else None
        if one is not None:
            read.append(one)
    if not read:
        return None
    mean = sum(one.energy for one in read) / len(read)
    variance = sum(one.variance for one in read) / len(read) ** 2
    return Reading(mean, variance, 0.0, sum(one.shots for one in read)) if mean > _DAMPING_MIN else None


def best_of_random(plan: Plan, points: int, shots: int, seed: Sequence[int]) -> Reading:
    """The lowest of so many uniformly random parameter points, each read with a circuit's `shots`, then read again
    like the loop's last submission. Without noise, so that only the choice of parameters differs.
    """
    rng = np.random.default_rng(list(seed))
    reach = np.array([2.0 if half else 1.0 for half in plan.template.halves]) * np.pi
    states = prepared(plan.template, rng.uniform(-reach, reach, (points, len(reach))))
    tried = [[_drawn(setting, state, shots, rng) for setting in plan.settings] for state in states]
    best = int(np.argmin([sum(part.energy for part in parts) for parts in tried]))
    times = shared_out([part.spread for part in tried[best]], plan.bindings_max)
    again = [
        _drawn(setting, states[best], shots * often, rng)
        for setting, often in zip(plan.settings, times, strict=True)
    ]
    found = together(again)
    assert found is not None  # every setting was read
    return found


def _drawn(setting: Setting, state: Floats, shots: int, rng: np.random.Generator) -> Reading:
    seen = rng.multinomial(shots, chances(state[None, :], setting.bases)[0])
    outcomes = np.flatnonzero(seen)
    found = reading(setting, outcomes, seen[outcomes])
    assert found is not None  # nobody may ask for less than 64 shots
    return found


def all_shots(loop: Loop) -> Shots | None:
    """Every count of the loop, whatever its point and setting; None where nothing came back."""
    found = [shots for one in loop.rounds for shots in one.counts if shots is not None]
    if not found:
        return None
    states, at = np.unique(np.concatenate([shots.states for shots in found]), return_inverse=True)
    seen = np.bincount(at, np.concatenate([shots.seen for shots in found]), len(states)).astype(np.int64)
    return Shots(states, seen, sum(shots.unreadable for shots in found))
