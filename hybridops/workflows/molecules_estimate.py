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
    shifted,
    together,
)
from hybridops.workflows.molecules_circuit import Plan, Point, references
from hybridops.workflows.molecules_loop import Loop, Round, kept, readings
from hybridops.workflows.register_shots import Shots

_DAMPING_MIN = 0.3  # below, noise would be multiplied more than it is removed


@dataclass(frozen=True, slots=True)
class Estimate:
    """One submission's energy at its point: `raw` as measured; `selected` with the shots read as Z post-selected on
    whole pairs of the right number; `answer` less `offset`, and with what is read as X divided by `damping`,
    where the submission has references. `right` of `z_shots` have the right electrons of each spin, `whole` of them
    in whole pairs; `unreadable` fit no register.
    """

    centre: Point
    final: bool
    raw: Reading | None
    selected: Reading | None
    answer: Reading | None
    damping: Reading | None
    offset: Reading | None
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
    raw = readings(plan, found, found.centre)
    selected = [_selected(plan, found, found.centre, at) for at in range(len(plan.settings))]
    damped, offset = (_damping(plan, found), _offset(plan, found)) if found.final else (None, None)
    answer = [
        _mended(setting, part, damped, offset) for setting, part in zip(plan.settings, selected, strict=True)
    ]
    shots = [found.shots_at(found.centre, at) for at, one in enumerate(plan.settings) if one.reads_z]
    read = [one for one in shots if one is not None]
    qubits = plan.template.qubits
    return Estimate(
        centre=found.centre,
        final=found.final,
        raw=together(raw),
        selected=together(selected),
        answer=together(answer),
        damping=damped,
        offset=offset,
        z_shots=sum(one.total for one in read),
        right=sum(kept(one, pauli.sector(qubits, pairs, pairs)).total for one in read),
        whole=sum(kept(one, whole_pairs(qubits, pairs)).total for one in read),
        unreadable=sum(one.unreadable for one in read),
    )


def _selected(plan: Plan, found: Round, point: Point, at: int) -> Reading | None:
    """One setting's energy at a point, post-selected where it is read as Z."""
    shots, setting = found.shots_at(point, at), plan.settings[at]
    if shots is None:
        return None
    if setting.reads_z:
        shots = kept(shots, whole_pairs(plan.template.qubits, plan.template.pairs))
    return reading(setting, shots.states, shots.seen)


def _mended(
    setting: Setting, part: Reading | None, damped: Reading | None, offset: Reading | None
) -> Reading | None:
    """What the references say of the device taken out again."""
    if part is None:
        return None
    if setting.reads_z:
        return shifted(part, offset) if offset else part
    return rescaled(part, damped) if damped else part


def _damping(plan: Plan, found: Round) -> Reading | None:
    """The mean of the words that should be 1; None where none was read, or too little is left to divide by."""
    read = []
    for one in dict.fromkeys(references(plan)):
        shots = found.shots_at(one.point, one.setting)
        if one.word is not None and shots is not None:
            read.append(damping(one.word, shots.states, shots.seen))
    known = [one for one in read if one is not None]
    if not known:
        return None
    mean = sum(one.energy for one in known) / len(known)
    variance = sum(one.variance for one in known) / len(known) ** 2
    return Reading(mean, variance, 0.0, sum(one.shots for one in known)) if mean > _DAMPING_MIN else None


def _offset(plan: Plan, found: Round) -> Reading | None:
    """How far above its known energy the Hartree-Fock determinant was read, post-selected; None where it was not."""
    one = next((one for one in references(plan) if one.word is None), None)
    read = _selected(plan, found, one.point, one.setting) if one else None
    if one is None or read is None:
        return None
    known = float(plan.settings[one.setting].energy[plan.template.filled])
    return Reading(read.energy - known, read.variance, read.spread, read.shots)


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
